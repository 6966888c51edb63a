import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// What a plan of repairs came to.
public struct RepairProposals: Sendable {
  public var path: String
  /// Values with a proposal, by tier.
  public var counts: RepairSurvey.Counts
  /// Whether there is a file; where nothing can be repaired none is written.
  public var isWritten: Bool
  public var unreadableRows: Int64
  public var longValues: Int64
  public var wall: Duration
}

/// Writes the repairs that are possible in a store or an archive into a repairs file, and applies none.
///
/// Equal inputs give equal files, byte for byte. The file holds **text of notes** and is made for its owner alone.
///
/// - Throws: `.repairsExist` where the file exists already; what opening the store or the archive throws;
///   `.archiveDamaged`, `.interrupted`, `.diskFull`. No file is left then.
public func planRepairs(
  _ side: DiffSide, to path: String, rate: ByteCount? = nil, stateDirectory: String,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver, stop: StopRequest
) throws -> RepairProposals {
  let start = ContinuousClock.now
  guard try FileStatus.ifPresent(path) == nil else {
    throw MigrationError(
      .repairsExist, "\(path) exists already", cause: "a plan is never written over another file",
      safeNow: "nothing was changed", next: ["name a new file with -o", "or remove \(path)"])
  }
  let temporary = path + ".new"
  do {
    let reading = RowReading(
      rate: rate, stateDirectory: stateDirectory, readProfile: readProfile, observer: observer, stop: stop)
    var judge: TextJudge?
    var book: RepairBook?
    var counts = RepairSurvey.Counts()
    let unreadable = try reading.run(side) { head in
      let plan = RepairBook(temporary, header: .init(archive: head.origin, policy: .inferred))
      let made = TextJudge(head, directory: stateDirectory) { finding, page, number in
        counts.add(finding.value)
        guard finding.value.isApplied else { return }
        switch finding {
        case .short(let value): try plan.append(RepairRecord(value, page: number, of: page))
        case .long(let text): try text.eachRecord(page: number, of: page) { try plan.append($0) }
        }
      }
      (judge, book) = (made, plan)
      return made
    }
    let isWritten = (book?.count ?? 0) > 0
    if isWritten {
      try book?.synchronize()
      try Folder.rename(temporary, to: path)
    }
    return RepairProposals(
      path: path, counts: counts, isWritten: isWritten, unreadableRows: unreadable,
      longValues: judge?.longValueCount ?? 0,
      wall: .now - start)
  } catch {
    try? Folder.remove(temporary)
    throw error
  }
}
