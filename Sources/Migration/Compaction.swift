import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Makes one base of an archive's segments, in another directory, and compares it with them.
///
/// The old archive stays as it is. Deltas may be added to the new one: it counts as made when the newest segment was.
///
/// - Throws: `.archiveDamaged` where a segment is damaged or the new base does not hold the same rows; `.archiveExists`,
///   `.noSpace`, `.freeSpaceFloor`, `.diskFull`.
public func compactArchive(
  _ directory: String, to newDirectory: String, options: ExportOptions,
  readProfile: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver,
  stop: StopRequest
) throws -> ExportResult {
  let checkpoint: () throws -> Void = { try stop.check(safeNow: "the archive was not changed") }
  guard try FileStatus.ifPresent(newDirectory + "/" + SegmentLayout.base + ".tar") == nil else {
    throw MigrationError(
      .archiveExists, "\(newDirectory) already holds an archive", safeNow: "nothing was changed",
      next: ["name another directory: -o DIRECTORY"])
  }
  let chain = try ArchiveChain(directory, stateDirectory: options.stateDirectory, checkpoint: checkpoint)
  let options = options.folding(chain)
  let source = ArchivedStore(
    directory, stateDirectory: options.stateDirectory, readProfile: readProfile, stop: stop)
  let result = try export(source, to: .directory(newDirectory), options: options, observer: observer, stop: stop)
  let new = try ArchiveChain(newDirectory, stateDirectory: options.stateDirectory, checkpoint: checkpoint)
  try requireSame(chain, new, newDirectory)
  return result
}

/// Sends an archive in a directory as one base, in which each row is in its newest state.
///
/// The same archive always becomes the same base, so that an import of it which was interrupted can go on.
///
/// - Throws: `.archiveDamaged` where a segment is damaged, before the base is sealed.
public func sendFolded(
  _ directory: String, to place: ArchivePlace, options: ExportOptions,
  readProfile: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver,
  stop: StopRequest
) throws {
  let chain = try ArchiveChain(directory, stateDirectory: options.stateDirectory) {
    try stop.check(safeNow: "the archive was not changed")
  }
  let source = ArchivedStore(directory, stateDirectory: options.stateDirectory, readProfile: readProfile, stop: stop)
  _ = try export(source, to: place, options: options.folding(chain), observer: observer, stop: stop)
}

extension ExportOptions {
  /// For one base out of the segments of an archive.
  fileprivate func folding(_ chain: ArchiveChain) -> ExportOptions {
    var options = self
    options.algorithm = chain.base.description.algorithm
    options.secrets = chain.base.description.secretsIncluded ? .include : .withhold
    options.created = Timestamp(rfc3339: chain.last.description.created)
    return options
  }
}

/// Both must list the same rows with the same digests.
private func requireSame(_ old: ArchiveChain, _ new: ArchiveChain, _ path: String) throws {
  var (left, right) = (try InventoryChain(old.spools), try InventoryChain(new.spools))
  while !left.isAtEnd, !right.isAtEnd, left.entityIndex == right.entityIndex, left.key == right.key,
    left.digest == right.digest
  {
    try left.advance()
    try right.advance()
  }
  guard left.isAtEnd, right.isAtEnd else {
    throw MigrationError.archiveDamaged(
      "the new archive does not hold what the old one does",
      cause: "they part at the key \(String(decoding: left.isAtEnd ? right.key : left.key, as: UTF8.self)); "
        + "\(path) must not be used")
  }
}
