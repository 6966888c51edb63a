import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Makes an archive in a directory out of a segment that another machine sends.
///
/// What comes is written to a file with another name. The file is read again from the first to the last byte, and gets the
/// name of an archive only when every checksum and the seal are those that were sent.
public final class SegmentReceiver {
  private let directory: String
  private let path: String
  private let lock: FileLock
  private let file: SequentialFile
  private var watch: FreeFloor.Watch
  public private(set) var byteCount: Int64 = 0

  /// - Throws: `.archiveExists` where the directory has an archive, or an export of a store here that is not finished;
  ///   `.locked`.
  public init(_ directory: String, freeFloor: FreeFloor) throws {
    self.directory = directory
    path = directory + "/" + SegmentLayout.base + ".tar.received"
    try Folder.create(directory)
    lock = try FileLock(directory + "/.lock", holder: "noteferry export, process \(processID())")
    for name in [directory + "/" + SegmentLayout.base + ".tar", SegmentFiles(directory: directory).journal]
    where try FileStatus.ifPresent(name) != nil {
      throw MigrationError(
        .archiveExists, "\(directory) already holds an archive, or one that is not finished",
        cause: "\(name) exists", safeNow: "it was not changed, and no connection was made",
        next: [
          "export into another directory: -o DIRECTORY",
          "or write the delta on the store's machine: a store on another machine gets whole archives alone",
        ])
    }
    file = try SequentialFile(File.write(path, truncate: true))
    watch = FreeFloor.Watch(freeFloor, paths: [directory])
  }

  /// - Throws: `.diskFull`, `.freeSpaceFloor`.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try watch.check()
    try file.write(bytes)
    byteCount += Int64(bytes.count)
  }

  /// Proves what is on the disk and gives it its name.
  ///
  /// - Parameter seal: What the sender sealed.
  /// - Throws: `.archiveDamaged` where it is another one.
  public func finish(
    seal: String, stateDirectory: String, readProfile: (UnsafeRawBufferPointer) throws -> Profile,
    observer: any RunObserver, stop: StopRequest
  ) throws {
    try file.synchronize()
    let result = try verify(
      .segment(path), level: .checksums, stateDirectory: stateDirectory, readProfile: readProfile, observer: observer,
      stop: stop)
    guard result.isWhole, let found = result.seal, found.description == seal else {
      throw MigrationError(
        .archiveDamaged, "what arrived is not the archive that was sent",
        cause: "seal \(result.seal?.description ?? "none"), sent was \(seal)",
        safeNow: "the source was not changed; \(path) is no archive", next: ["repeat the same command"])
    }
    try Folder.rename(path, to: directory + "/" + SegmentLayout.base + ".tar")
  }

  /// Removes what cannot be gone on with.
  public func abandon() { try? Folder.remove(path) }
}
