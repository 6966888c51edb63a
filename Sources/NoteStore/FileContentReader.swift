import DurableIO
import NoteModel

/// Streams a file of the data directory, and tells whether it stayed the same while it was read.
///
/// At most `byteCount` bytes are delivered; fewer when the file was cut. After `.changed` the same handle can be opened
/// again and then promises the new length.
public final class FileContentReader: ContentReader {
  public let byteCount: Int64
  private let file: File?
  private let expected: FileStatus
  private let examine: () -> FileStatus?
  private let settle: (FileStatus) -> Void
  private var offset: Int64 = 0

  /// - Parameters:
  ///   - file: `nil` when the file has gone since its row was read.
  ///   - examine: Asks what the reference leads to now; `nil` when there is nothing.
  ///   - settle: Gets the file's present status when it is another one than `expected`.
  public init(
    _ file: File?, expected: FileStatus, examine: @escaping () -> FileStatus?, settle: @escaping (FileStatus) -> Void
  ) {
    self.file = file
    self.expected = expected
    self.examine = examine
    self.settle = settle
    byteCount = expected.byteCount
  }

  public func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = Int(min(Int64(room.count), byteCount - offset))
    guard count > 0, let file else { return 0 }
    let length = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: offset)
    offset += Int64(length)
    return length
  }

  public func finish() throws -> ContentOutcome {
    guard let file, let present = examine() else { return .vanished }
    if offset == byteCount, present == expected, try file.status() == expected { return .settled }
    settle(present)
    return .changed(byteCount: present.byteCount)
  }
}
