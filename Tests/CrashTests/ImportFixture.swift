import DurableIO
import Testing

/// A store, its archive, and targets that are filled from it.
final class ImportFixture: Sendable {
  let directory: String
  let store: SampleStore
  /// Operations on the target of an undisturbed import.
  let steps: Int
  let duration: Duration
  private let dump: [String]
  var archive: String { directory + "/archive" }
  var segment: String { archive + "/0000-base.tar" }

  /// - Parameter understatesFiles: The store's size column says less than its files have.
  init(_ directory: String, journal: SampleStore.Journal = .delete, understatesFiles: Bool = false) throws {
    self.directory = directory
    try Folder.create(directory + "/state")
    store = try SampleStore(in: directory + "/source", journal: journal)
    if understatesFiles {
      try Database(store.database).run("UPDATE attachment SET size = 1 WHERE storage_type = 'LOCAL'")
    }
    dump = try store.dump()
    let exported = try exportStore(store.database, to: directory + "/archive", in: directory)
    try #require(exported.status == 0, "\(exported.summary)")
    let start = ContinuousClock.now
    try Folder.create(directory + "/undisturbed")
    let log = directory + "/operations"
    let ending = try run(
      importArguments(directory + "/archive", to: directory + "/undisturbed/memos_prod.db", in: directory),
      in: directory, fault: .count(below: directory + "/undisturbed", log: log))
    duration = .now - start
    try #require(ending.status == 0, "\(ending.summary)")
    let wrong = try difference(store, directory + "/undisturbed/memos_prod.db")
    try #require(wrong == nil)
    steps = try Operations(log: log).lines.count
  }

  /// A directory for a target that does not exist yet.
  func newTarget(_ name: String) throws -> String {
    try Folder.create("\(directory)/\(name)")
    return "\(directory)/\(name)/memos_prod.db"
  }

  /// - Parameter plan: What is done to the operations on the target.
  func fill(_ target: String, plan: String? = nil, fromPipe: Bool = false) throws -> ChildProcess.Ending {
    let arguments = importArguments(fromPipe ? "-" : archive, to: target, in: directory)
    let fault = plan.map { FaultPlan(plan: $0, root: Folder.parent(of: target)) }
    guard fromPipe else { return try run(arguments, in: directory, fault: fault) }
    let words = try ChildProcess.words(arguments, fault: fault)
    return try run(script: "cat \(quoted([segment])) | \(quoted(words))", in: directory)
  }

  /// What is wrong with a target after the repeated command; removes it when nothing is.
  func problem(_ target: String, _ ending: ChildProcess.Ending, asksDiff: Bool = false) throws -> String? {
    guard ending.status == 0 else { return "the same command ended with \(ending.summary)" }
    if let wrong = try difference(store, target, dump: dump) { return "\(wrong)\n\(ending.summary)" }
    if asksDiff {
      let diff = try run(
        ["diff", store.database, target, "--state-dir", directory + "/state", "--progress", "none"], in: directory)
      guard diff.status == 0, diff.output.isEmpty else { return "diff says \(diff.summary)" }
    }
    try Folder.removeTree(Folder.parent(of: target))
    return nil
  }
}

func importArguments(
  _ archive: String, to target: String, in directory: String, repair: String = "none"
) -> [String] {
  [
    "import", archive, "--to", target, "--create-schema", "--checkpoint", "1B", "--free-floor", "0B", "--state-dir",
    directory + "/state", "--progress", "none", "--repair", repair,
  ]
}
