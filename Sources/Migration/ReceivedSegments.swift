import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What came through a pipe to a target that waits for deltas.
///
/// A delta is kept in a file, and proven whole, before anything of it is brought in, so that its import goes on after an
/// interruption as any other does. When it is in the target its outline stays, as of the base. Lies in the state directory
/// beside what is held of the target: about 50 bytes a row, compressed, and one delta.
struct ReceivedSegments {
  let directory: String
  private let heldPath: String
  private let options: ImportOptions

  init(_ nodes: ImportNodes, archive: String, options: ImportOptions) {
    heldPath = HeldTarget.path(nodes, origin: options.origin(of: archive), stateDirectory: options.stateDirectory)
    directory = Self.directory(heldPath)
    self.options = options
  }

  static func directory(_ heldPath: String) -> String { heldPath + ".received" }

  /// Takes a delta out of a pipe.
  ///
  /// - Parameter pipeline: Its head has been read.
  /// - Returns: The segments up to this one.
  /// - Throws: `.deltaGap` where it does not follow on what the target has; `.archiveDamaged` where it did not come whole;
  ///   `.freeSpaceFloor`, `.diskFull`. The target was not touched then.
  func receive(_ pipeline: SegmentPipeline, stop: StopRequest) throws -> ArchivePlace {
    let description = pipeline.description!
    let number = description.number
    let hasBase = FileStatus.of(directory + "/" + SegmentLayout.outline(0)) != nil
    let segments = hasBase ? try ArchiveInput.segments(of: directory) : []
    guard !segments.isEmpty else {
      throw MigrationError(
        .deltaGap, "a delta came through the pipe, and no import here waits for it",
        cause:
          "it is segment \(number) of an archive whose base was not brought in with --keep-open, or with other options",
        safeNow: "the target was not touched",
        next: [
          "repeat it with --to, --repair and --attachments as the base was imported",
          "or begin again: noteferry export STORE -o - --outline NEW-DIRECTORY "
            + "| noteferry import - --to EMPTY-TARGET --keep-open",
        ])
    }
    let lock = try FileLock(directory + "/.lock", holder: "noteferry import, process \(processID())")
    defer { withExtendedLifetime(lock) {} }
    try requireFollows(description, segments)
    let path = "\(directory)/\(SegmentLayout.segment(number)).tar"
    let partial = path + ".partial"
    do {
      try write(pipeline, to: partial, stop)
      try requireWhole(partial, behind: number - 1, stop)
    } catch {
      try? Folder.remove(partial)
      throw error
    }
    // What was sent before and of which nothing was brought in is given up, the last one first.
    for given in segments.dropFirst(number).reversed() { try Folder.remove(given) }
    try Folder.rename(partial, to: path)
    try Folder.synchronize(directory)
    return .directory(directory)
  }

  private func requireFollows(_ description: SegmentDescription, _ segments: [String]) throws {
    let number = description.number
    let last = segments.count - 1
    func gap(_ cause: String, _ next: [String]) -> MigrationError {
      MigrationError(
        .deltaGap, "the delta that came through the pipe does not follow on what the target has", cause: cause,
        safeNow: "the target was not touched", next: next)
    }
    let again = "send the next one behind it: noteferry export STORE -o - --outline DIRECTORY --behind \(last)"
    guard number <= last + 1 else {
      throw gap("it is segment \(number), and segment \(last) is the last one here", [again])
    }
    if number <= last {
      let held = HeldTarget.read(heldPath)
      guard let held, held.number < number, !held.isApplying else {
        let isIn = held.map { $0.number >= last && !$0.isApplying } ?? false
        throw gap(
          "it is segment \(number), and segments up to \(last) came already",
          (isIn ? [] : ["bring in what is here: noteferry import \(directory) --to TARGET --keep-open"]) + [again])
      }
    }
    let before = try SegmentInventory.read(
      segments[number - 1], withRows: false, stateDirectory: options.stateDirectory, checkpoint: {})
    guard description.parent?.seal == before.seal.description else {
      throw gap(
        "it follows on a segment \(number - 1) with the seal \(description.parent?.seal ?? ""); the one here has \(before.seal)",
        [
          "send it behind the last one that both have: --behind N",
          "or begin again with a base, a new --outline and an empty target",
        ])
    }
  }

  private func write(_ pipeline: SegmentPipeline, to partial: String, _ stop: StopRequest) throws {
    var watch = FreeFloor.Watch(options.freeFloor, paths: [directory])
    let file = try File.write(partial, truncate: true)
    try pipeline.copy(to: file) {
      try requireNoStop(stop)
      do { try watch.check() } catch var error as MigrationError {
        error.safeNow = "the target was not touched"
        error.next = ["free space there, then send the delta again"]
        throw error
      }
    }
    try file.synchronize()
  }

  /// A delta that is not what its writer sealed would stand in the way of every later one.
  private func requireWhole(_ path: String, behind number: Int, _ stop: StopRequest) throws {
    let result = try verify(
      .segment(path), level: .checksums, stateDirectory: options.stateDirectory, readProfile: { _ in throw Unused() },
      observer: SilentObserver(), stop: stop)
    guard !result.isWhole else { return }
    throw MigrationError(
      .archiveDamaged, "the delta did not come through the pipe whole",
      cause: result.damage.first?.explanation ?? "it has no seal", safeNow: "the target was not touched",
      next: ["send it again: noteferry export STORE -o - --outline DIRECTORY --behind \(number)"])
  }

  private struct Unused: Error {}

  /// Keeps nothing but outlines of segments that a target has.
  ///
  /// - Parameter number: Of the last one of them.
  static func outline(_ directory: String, upTo number: Int) throws {
    for number in 0...number {
      let path = "\(directory)/\(SegmentLayout.segment(number)).tar"
      guard FileStatus.of(path) != nil else { continue }
      let scanner = try TarScanner(file: File.read(path))
      let outline = try OutlineWriter(directory, number: number)
      scanner.outline = outline
      let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
      defer { room.deallocate() }
      while let member = try scanner.next() {
        guard outline.isCopying(member) else { continue }
        while try scanner.read(into: room) > 0 {}
      }
      try outline.finish()
      try Folder.remove(path)
    }
  }
}
