import Corpus
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The whole journey over the demo's store, while somebody keeps writing into it.
struct DemoJourney {
  let session: Session
  let directory: String
  let seed: UInt64
  let keeps: Bool
  private let access: StoreAccess

  init(session: Session, directory: String, seed: UInt64, keeps: Bool) throws {
    self.session = session
    self.seed = seed
    self.keeps = keeps
    access = StoreAccess(session: session)
    self.directory = directory
    try Self.requireFree(directory)
  }

  /// - Throws: `.targetNotEmpty`.
  static func requireFree(_ directory: String) throws {
    guard FileStatus.of(directory) != nil else { return }
    throw MigrationError(
      .targetNotEmpty, "the demo wants a directory of its own", cause: "\(directory) exists",
      safeNow: "nothing was changed", next: ["noteferry demo --dir ANOTHER-DIRECTORY"])
  }

  private var store: DemoStore { DemoStore(directory: directory + "/live") }
  private var archive: String { directory + "/archive" }
  private var target: String { directory + "/moved/memos_prod.db" }
  private var state: String { directory + "/state" }

  func run() throws -> Outcome {
    let start = ContinuousClock.now
    do {
      let outcome = try walk(start)
      if !keeps { try Folder.removeTree(directory) }
      return outcome
    } catch {
      if !keeps { try? Folder.removeTree(directory) }
      throw error
    }
  }

  private func say(_ line: String) { if !session.settings.quiet { session.screen.line(line) } }

  private func walk(_ start: ContinuousClock.Instant) throws -> Outcome {
    try access.freeFloor.require(
      200 << 20, at: directory, wayOut: ["noteferry demo --dir DIRECTORY-ON-ANOTHER-DISK", "--free-floor 0B"])
    try Folder.create(directory)
    say(
      "1  a live store: \(Format.count(Int64(DemoStore.notes), "note")), \(DemoStore.images) images, damaged text, and a writer that goes on"
    )
    let database = try store.make(seed: seed)
    let writer = DemoWriter(path: store.path)
    let thread = writer.start()
    let walked: (survey: Survey, export: ExportResult, verify: VerifyResult, import: ImportResult, during: Int64)
    do {
      walked = try journey(writer)
    } catch {
      try? writer.stop(thread)
      throw error
    }
    try writer.stop(thread)
    say("6  the old store is still in use: it was never locked, and nothing in it was changed by the move")
    let naive = try naiveCopy()
    withExtendedLifetime(database) {}
    return try outcome(walked, naive: naive, transactions: writer.transactions, wall: .now - start)
  }

  private func journey(_ writer: DemoWriter) throws -> (
    survey: Survey, export: ExportResult, verify: VerifyResult, import: ImportResult, during: Int64
  ) {
    // Let some transactions stand in the write-ahead log only.
    while writer.transactions < 20 { pauseBriefly() }
    say("2  inspect")
    let survey = try survey(
      access.source(store.path), deep: true, observer: session.observer, stop: session.stop)
    say("3  export, while the writer writes")
    var options = ExportOptions(stateDirectory: state, toolVersion: ToolVersion.current)
    options.secrets = .include
    options.freeFloor = access.freeFloor
    options.rate = session.settings.rate
    let before = writer.transactions
    let exported = try Migration.export(
      access.source(store.path), to: .directory(archive), options: options, observer: session.observer,
      stop: session.stop)
    let during = writer.transactions - before
    say("4  verify every byte and every row")
    let verified = try Migration.verify(
      .directory(archive), level: .full, stateDirectory: state, readProfile: StoreAccess.readProfile,
      observer: session.observer, stop: session.stop)
    say("5  import into a new store and read it back")
    try Folder.create(Folder.parent(of: target))
    var importOptions = ImportOptions(stateDirectory: state)
    importOptions.createSchema = true
    importOptions.freeFloor = access.freeFloor
    importOptions.ledgerPath = directory + "/ledger.ndjson"
    let imported = try importArchive(
      .directory(archive), into: access.target(target), options: importOptions, readProfile: StoreAccess.readProfile,
      reopen: { try access.source(target, profile: $0) }, observer: session.observer, stop: session.stop)
    return (survey, exported, verified, imported, during)
  }

  /// What a copy of the database file alone would hold.
  private func naiveCopy() throws -> (present: Int64, copied: Int64) {
    let present = try SampleDatabase(store.path).number("SELECT count(*) FROM memo")
    let copied = try? SampleDatabase(store.path, .fileAlone).number("SELECT count(*) FROM memo")
    return (present, copied ?? 0)
  }

  private func outcome(
    _ walked: (survey: Survey, export: ExportResult, verify: VerifyResult, import: ImportResult, during: Int64),
    naive: (present: Int64, copied: Int64), transactions: Int64, wall: Duration
  ) throws -> Outcome {
    let moved = try SampleDatabase(target)
    let notes = try moved.number("SELECT count(*) FROM memo")
    let marked = try moved.number("SELECT value FROM system_setting WHERE name = 'DEMO_NOTES'")
    let conservation = walked.import.conservation
    let isProven =
      walked.verify.isWhole && walked.import.isApproved && conservation.isBalanced && conservation.isLossless
      && notes == marked && !walked.export.summary.isFuzzy
    let repairs = walked.import.repairs
    var lines = ResultText.conservation(conservation)
    lines += [
      "",
      "  The writer committed \(Format.count(walked.during, "transaction")) during the export; the archive is one moment: "
        + "\(marked.grouped) = \(notes.grouped) notes.",
      "  \(Format.count(repairs.valueCount, "text")) with damaged encodings were repaired on the way, and the stored bytes "
        + "are kept; \(repairs.keptCount.grouped) more are as they were found.",
      "  A copy of the database file alone would have had \(naive.copied.grouped) of "
        + "\(naive.present.grouped) notes now.",
      "  Seal \(walked.export.seal.algorithm.rawValue) \(walked.export.seal)",
      "",
      "What you just saw, to try on a store of yours:",
      "  noteferry inspect STORE --deep",
      "  noteferry export STORE -o ARCHIVE",
      "  noteferry verify ARCHIVE --against STORE",
      "  noteferry import ARCHIVE --to NEW.db --create-schema",
      "  noteferry diff STORE NEW.db",
      "  noteferry explain degraded",
      "",
      keeps
        ? "Kept in \(directory); rm -r \(directory) removes it." : "The demo's files were removed; --keep keeps them.",
      "\(isProven ? "Proven equal" : "NOT PROVEN") in \(Format.duration(wall)).",
    ]
    return Outcome(
      isProven ? .ok : .mismatch, text: lines.joined(separator: "\n"),
      members: [
        .init("conservation", ResultText.json(conservation)), .init("proven", .bool(isProven)),
        .init("seal", .text(walked.export.seal.description)),
        .init("transactions_during_export", .integer(walked.during)), .init("transactions", .integer(transactions)),
        .init("naive_copy_notes", .integer(naive.copied)), .init("notes", .integer(naive.present)),
        .init("wall_ms", .integer(Int64(wall.seconds * 1000))),
      ], reasons: isProven ? [] : [.mismatch])
  }
}
