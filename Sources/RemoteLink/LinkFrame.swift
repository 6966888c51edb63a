import DurableIO
import NoteModel

/// What goes over a link: one byte for the kind, four for the length (big-endian), then so many bytes.
///
/// The end that is called begins with `LinkFrame.magic` and `.hello`, so that a text which a login shell prints is told
/// from it. The text of a request never becomes a word of a shell, on either side.
public enum LinkFrame: UInt8, Sendable {
  // From the end that is called.
  case hello = 0x48
  /// A line of the event log.
  case event = 0x45
  /// A step of the import that the caller may have to allow: JSON with `step`.
  case gate = 0x50
  /// A part of the ledger.
  case ledger = 0x4C
  /// How the command ended; the last frame.
  case result = 0x52

  // From the caller.
  /// The command to run.
  case request = 0x51
  /// No more data.
  case end = 0x46
  /// The answer to a gate: JSON with `go`.
  case answer = 0x47

  // From both.
  /// A part of a segment.
  case data = 0x44

  public static let magic = Array("noteferry-link/1".utf8)
  /// The longest frame. A result may have a hundred differences in it.
  public static let limit = 4 << 20
  /// Bytes of a segment that are sent at once.
  public static let dataLimit = 256 << 10
}

/// Writes frames; several threads may.
public final class LinkWriter: @unchecked Sendable {
  private let file: File
  private let monitor = Monitor()

  public init(_ file: File) { self.file = file }

  public func begin() throws {
    try monitor.locked { try LinkFrame.magic.withUnsafeBytes { try file.write($0) } }
  }

  /// - Throws: `.linkLost` when the other end is gone.
  public func send(_ kind: LinkFrame, _ bytes: UnsafeRawBufferPointer) throws {
    let length = UInt32(bytes.count)
    let head: [UInt8] = [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    try monitor.locked {
      try head.withUnsafeBytes { try file.write($0) }
      try file.write(bytes)
    }
  }

  public func send(_ kind: LinkFrame, _ text: String = "") throws {
    var text = text
    try text.withUTF8 { try send(kind, UnsafeRawBufferPointer($0)) }
  }
}

/// Reads frames. One thread.
public final class LinkReader: @unchecked Sendable {
  /// What came is no frame.
  struct Noise: Error { var bytes: [UInt8] }

  private let file: File
  private var room = [UInt8](repeating: 0, count: LinkFrame.dataLimit)

  public init(_ file: File) { self.file = file }

  /// Reads the magic bytes.
  ///
  /// - Returns: Whether they came; false when there was nothing at all.
  /// - Throws: `Noise` for other bytes.
  func begin() throws -> Bool {
    var head = [UInt8](repeating: 0, count: LinkFrame.magic.count)
    let count = try head.withUnsafeMutableBytes { try file.read(into: $0) }
    if count == 0 { return false }
    guard head == LinkFrame.magic else { throw Noise(bytes: Array(head[..<count])) }
    return true
  }

  /// The next frame, whose bytes are valid during `body`.
  ///
  /// - Returns: False at the end, also in the middle of a frame.
  /// - Throws: what `body` throws; `.linkLost` for what is no frame.
  public func next(_ body: (LinkFrame, UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
    var head = [UInt8](repeating: 0, count: 5)
    guard try head.withUnsafeMutableBytes({ try file.read(into: $0) }) == 5 else { return false }
    let length = head[1...].reduce(0) { $0 << 8 | Int($1) }
    guard let kind = LinkFrame(rawValue: head[0]), length <= LinkFrame.limit else {
      throw MigrationError(.linkLost, "the other end of the link sent what is no frame", cause: "\(head)")
    }
    if room.count < length { room = [UInt8](repeating: 0, count: length) }
    let count = try room.withUnsafeMutableBytes {
      try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<length]))
    }
    guard count == length else { return false }
    try room.withUnsafeBytes { try body(kind, UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    return true
  }
}
