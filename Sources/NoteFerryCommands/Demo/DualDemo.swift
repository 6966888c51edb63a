import Corpus
import DurableIO
import Migration
import NoteModel
import NoteStore

/// A product of two nodes moves onto one machine: both nodes are compared and exported, then imported into one store.
struct DualDemo {
  let session: Session
  let directory: String
  let seed: UInt64
  let keeps: Bool

  init(session: Session, directory: String, seed: UInt64, keeps: Bool) throws {
    self.session = session
    self.directory = directory
    self.seed = seed
    self.keeps = keeps
    try DemoJourney.requireFree(directory)
  }

  private var pair: ReferencePair { ReferencePair(directory: directory) }
  private var archive: String { directory + "/archive" }
  private var target: String { directory + "/moved/notes.db" }
  private var access: StoreAccess { StoreAccess(session: session) }

  func run() throws -> Outcome {
    defer { if !keeps { try? Folder.removeTree(directory) } }
    try access.freeFloor.require(
      100 << 20, at: directory, wayOut: ["noteferry demo --dual --dir DIRECTORY-ON-ANOTHER-DISK", "--free-floor 0B"])
    try Folder.create(directory)
    say("1  two nodes of the reference product: the same notes and images, and settings of each node")
    try pair.make(seed: seed)
    say("2  compare the nodes and export them")
    let (exported, report) = try export()
    say("3  import into one store and read it back")
    let imported = try importIntoOne()
    return outcome(exported, report, imported)
  }

  private func say(_ line: String) { if !session.settings.quiet { session.screen.line(line) } }

  private func export() throws -> (ExportResult, PairReport?) {
    let nodes = try pair.paths.map { try access.source($0) }
    let source = SourcePair(
      nodes[0], nodes[1], options: .init(stateDirectory: directory + "/state"), observer: session.observer,
      stop: session.stop)
    var options = ExportOptions(stateDirectory: directory + "/state", toolVersion: ToolVersion.current)
    options.freeFloor = access.freeFloor
    let result = try Migration.export(
      source, to: .directory(archive), options: options, observer: session.observer, stop: session.stop)
    return (result, source.report)
  }

  private func importIntoOne() throws -> ImportResult {
    try Folder.create(Folder.parent(of: target))
    var options = ImportOptions(stateDirectory: directory + "/state")
    options.createSchema = true
    options.freeFloor = access.freeFloor
    options.ledgerPath = directory + "/ledger.ndjson"
    return try importArchive(
      .directory(archive), into: access.target(target), options: options, readProfile: StoreAccess.readProfile,
      reopen: { try access.source(target, profile: $0) }, observer: session.observer, stop: session.stop)
  }

  private func outcome(_ exported: ExportResult, _ report: PairReport?, _ imported: ImportResult) -> Outcome {
    let isProven = imported.isApproved && imported.conservation.isBalanced && report?.differences == 0
    var lines = ResultText.conservation(imported.conservation) + [""]
    lines += report.map(ResultText.lines) ?? []
    lines += ResultText.mapping(imported)
    lines += ["", "What you just saw, to try on nodes of yours:"]
    lines += [
      "  noteferry export A --node B -o ARCHIVE", "  noteferry import ARCHIVE --to NEW.db --create-schema",
      "  noteferry import ARCHIVE --to C.db --to D.db --create-schema", "",
      keeps
        ? "Kept in \(directory); rm -r \(directory) removes it." : "The demo's files were removed; --keep keeps them.",
      isProven ? "Proven." : "NOT PROVEN.",
    ]
    return Outcome(
      isProven ? .ok : .mismatch, text: lines.joined(separator: "\n"),
      members: [
        .init("proven", .bool(isProven)), .init("seal", .text(exported.seal.description)),
        .init("conservation", ResultText.json(imported.conservation)),
        .init("topology", ResultText.json(mapping: imported)),
      ], reasons: isProven ? [] : [.mismatch])
  }
}
