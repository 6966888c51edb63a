import DurableIO
import NoteArchive
import NoteModel

/// Opens an archive for reading.
enum ArchiveInput {
  /// The first segment, or the only one.
  ///
  /// - Throws: `.archiveMissing`, `.archiveNotSealed` for an export that has not ended.
  static func open(_ place: ArchivePlace) throws -> File {
    switch place {
    case .standardStream: return .standardInput
    case .stream(let descriptor): return File(descriptor: descriptor, path: "the stream", closes: false)
    case .segment(let path): return try open(path)
    case .directory(let directory):
      let segment = directory + "/" + SegmentLayout.base + ".tar"
      let outline = directory + "/" + SegmentLayout.outline(0)
      if FileStatus.of(segment) != nil { return try open(segment) }
      if FileStatus.of(outline) != nil { return try open(outline) }
      if FileStatus.of(SegmentFiles(directory: directory).journal) != nil {
        throw MigrationError(
          .archiveNotSealed, "the archive in \(directory) is not finished",
          cause: "its export was interrupted; \(SegmentFiles(directory: directory).journal) says how far it came",
          safeNow: "nothing was changed", next: ["repeat the export: noteferry export STORE -o \(directory)"])
      }
      throw MigrationError(
        .archiveMissing, "there is no archive at \(directory)",
        cause: FileStatus.of(directory) == nil ? "the directory does not exist" : "\(segment) does not exist",
        safeNow: "nothing was changed", next: ["noteferry export STORE -o \(directory) makes one"])
    }
  }

  /// The files of a directory's segments, the base first; of segments that went through a pipe their outlines.
  ///
  /// - Throws: `.archiveMissing`, `.archiveNotSealed` where there is no base; `.archiveDamaged` where one is missing between
  ///   others.
  static func segments(of directory: String) throws -> [String] {
    let names = (try? Folder.names(in: directory)) ?? []
    var files: [Int: String] = [:]
    for name in names { if let number = SegmentLayout.number(ofOutline: name) { files[number] = name } }
    for name in names { if let number = SegmentLayout.number(ofFile: name) { files[number] = name } }
    if files[0] == nil { _ = try open(.directory(directory)) }
    let numbers = files.keys.sorted()
    for (expected, number) in numbers.enumerated() where number != expected {
      throw MigrationError.archiveDamaged(
        "a segment of the archive is missing",
        cause: "\(directory)/\(SegmentLayout.segment(expected)).tar does not exist, "
          + "and \(files[number] ?? "") needs it")
    }
    return numbers.map { "\(directory)/\(files[$0] ?? "")" }
  }

  /// Whether a file is the outline of a segment, without rows and contents.
  static func isOutline(_ path: String) -> Bool {
    SegmentLayout.number(ofOutline: Folder.lastComponent(of: path)) != nil
  }

  /// Refuses a file whose rows went through a pipe.
  static func requireRows(_ path: String) throws {
    guard isOutline(path) else { return }
    throw MigrationError(
      .archiveNotKept, "the rows of this segment went through a pipe, and none of them is here", cause: path,
      safeNow: "nothing was changed",
      next: [
        "export the store again: noteferry export STORE -o DIRECTORY, or into a pipe with a new --outline",
        "and import that into an empty target",
      ])
  }

  /// The files that a place has, in order; nil for the pipe.
  static func files(of place: ArchivePlace) throws -> [String]? {
    switch place {
    case .standardStream, .stream: nil
    case .segment(let path): [path]
    case .directory(let directory): try segments(of: directory)
    }
  }

  static func open(_ path: String) throws -> File {
    do {
      return try File.read(path)
    } catch let error as MigrationError where error.code == .sourceMissing {
      throw MigrationError(
        .archiveMissing, "there is no archive at \(path)", cause: error.cause, safeNow: "nothing was changed",
        next: ["noteferry export STORE -o DIRECTORY makes one"])
    }
  }
}

extension ArchivePlace {
  /// The bytes of the archive's segment, to be sent elsewhere as they are.
  ///
  /// - Throws: `.archiveMissing`, `.archiveNotSealed`.
  public func openSegment() throws -> File { try ArchiveInput.open(self) }

  /// How many segments there are; 1 for a pipe.
  public func segmentCount() throws -> Int { try ArchiveInput.files(of: self)?.count ?? 1 }
}
