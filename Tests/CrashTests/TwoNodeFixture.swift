import CSQLite
import DurableIO
import Testing

/// A store with damaged texts, its archive, and pairs of nodes that are filled from it.
final class TwoNodeFixture: Sendable {
  let directory: String
  let store: SampleStore
  /// What the import into one node makes of it: everything in the database, and the repairs file.
  let rows: [String]
  let book: [UInt8]
  /// The operations of an undisturbed import into two nodes.
  let operations: [String]
  let duration: Duration
  private let files: [String]
  var archive: String { directory + "/archive" }
  var segment: String { archive + "/0000-base.tar" }

  static let mark = "noteferry_import"

  init(_ directory: String, shrink: Int = 1) throws {
    self.directory = directory
    try Folder.create(directory + "/state")
    store = try SampleStore(in: directory + "/source", hasLargeContent: shrink == 1, shrink: shrink)
    let database = try Database(store.database)
    try database.run("UPDATE memo SET content = 'GrÃ¼ÃŸe aus KÃ¶ln, ' || substr(content, 1, 90000) WHERE id % 3 = 1")
    try database.run("UPDATE attachment SET filename = 'MÃ¼nchen.png' WHERE id % 2 = 0")
    database.close()
    files = try tree(store.directory).filter { $0.hasPrefix("assets/") }
    let exported = try exportStore(store.database, to: directory + "/archive", in: directory)
    try #require(exported.status == 0, "\(exported.summary)")
    let single = directory + "/single/memos_prod.db"
    try Folder.create(directory + "/single")
    let alone = try run(
      importArguments(directory + "/archive", to: single, in: directory, repair: "policy"), in: directory)
    try #require(alone.status == 0, "\(alone.summary)")
    rows = try Database(single).dump()
    book = try contents(single + ".noteferry-repairs")
    let pair = Pair(directory + "/undisturbed")
    try pair.make()
    let log = directory + "/operations"
    let start = ContinuousClock.now
    let ending = try run(
      pair.arguments(directory + "/archive", in: directory), in: directory, fault: .count(below: pair.place, log: log))
    duration = .now - start
    try #require(ending.status == 0, "\(ending.summary)")
    operations = try Operations(log: log).lines
    let wrong = try problem(pair, ending, keeps: true)
    try #require(wrong == nil)
  }

  /// Two nodes below one place.
  struct Pair: Sendable {
    let place: String
    var primary: String { place + "/a/memos_prod.db" }
    var standby: String { place + "/b/memos_prod.db" }

    init(_ place: String) { self.place = place }

    func make() throws { for node in ["/a", "/b"] { try Folder.create(place + node) } }

    func arguments(_ archive: String, in directory: String, policy: String = "both") -> [String] {
      importArguments(archive, to: primary, in: directory, repair: "policy")
        + ["--to", standby, "--node-policy", policy]
    }
  }

  func newPair(_ name: String) throws -> Pair {
    let pair = Pair("\(directory)/\(name)")
    try pair.make()
    return pair
  }

  /// - Parameters:
  ///   - plan: What is done to the operations.
  ///   - node: `/a` or `/b`, where only the operations of one node count.
  func fill(
    _ pair: Pair, plan: String? = nil, node: String = "", policy: String = "both", fromPipe: Bool = false
  ) throws -> ChildProcess.Ending {
    let fault = plan.map { FaultPlan(plan: $0, root: pair.place + node) }
    let arguments = pair.arguments(fromPipe ? "-" : archive, in: directory, policy: policy)
    guard fromPipe else { return try run(arguments, in: directory, fault: fault) }
    let words = try ChildProcess.words(arguments, fault: fault)
    return try run(script: "cat \(quoted([segment])) | \(quoted(words))", in: directory)
  }

  // MARK: - What is wrong

  /// What is wrong with a pair after the command that ended it; removes it when nothing is.
  ///
  /// - Parameter fromPipe: Without the archive's evidence another repairs file was written, the same for both nodes.
  func problem(
    _ pair: Pair, _ ending: ChildProcess.Ending, keeps: Bool = false, fromPipe: Bool = false
  ) throws -> String? {
    guard ending.status == 0 else { return "the command ended with \(ending.summary)" }
    let book = fromPipe ? try contents(pair.primary + ".noteferry-repairs") : book
    for node in [pair.primary, pair.standby] {
      if let wrong = try nodeProblem(node, book: book) { return "\(node): \(wrong)\n\(ending.summary)" }
    }
    if !keeps { try Folder.removeTree(pair.place) }
    return nil
  }

  /// What keeps a node from being complete and the product's own.
  ///
  /// - Parameters:
  ///   - isMarked: The import's mark is still in it.
  ///   - book: The repairs file that it shall have; that of the undisturbed import when nil.
  func nodeProblem(_ node: String, isMarked: Bool = false, book: [UInt8]? = nil) throws -> String? {
    let book = book ?? self.book
    let database = try Database(node)
    let check = try database.rows("PRAGMA integrity_check")
    guard check == ["ok|"] else { return "integrity: \(check.prefix(3))" }
    let dump = try database.dump()
    guard isMarked == dump.contains(where: { $0.contains(Self.mark) }) else { return "marked: \(!isMarked)" }
    let found = dump.filter { !$0.contains(Self.mark) }
    if let (one, other) = zip(rows, found).first(where: { $0 != $1 }) {
      return "rows differ: \(one.prefix(120)) and \(other.prefix(120))"
    }
    guard rows.count == found.count else { return "\(found.count) rows where \(rows.count) should be" }
    let written = try contents(node + ".noteferry-repairs")
    guard written == book else { return "the repairs file has \(written.count) bytes where \(book.count) should be" }
    database.close()
    let left = try tree(Folder.parent(of: node)).filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    let due = (files + ["memos_prod.db", "memos_prod.db.noteferry-repairs"]).sorted()
    guard left == due else { return "files: \(left) where \(due) should be" }
    for file in files
    where try contents(store.directory + "/" + file) != contents(Folder.parent(of: node) + "/" + file) {
      return "the bytes of \(file) differ"
    }
    return nil
  }

  /// What must not be seen after any interruption: a node without a mark that is not complete, or a sealed primary whose
  /// standby is not sealed.
  func sealProblem(_ pair: Pair) throws -> String? {
    let (primary, standby) = (try isSealed(pair.primary), try isSealed(pair.standby))
    if primary, !standby { return "the primary is sealed and its standby is not" }
    for (node, sealed) in [(pair.primary, primary), (pair.standby, standby)] where sealed {
      if let wrong = try nodeProblem(node) { return "\(node) is sealed, and \(wrong)" }
    }
    return nil
  }

  /// Whether a node has notes and no mark.
  private func isSealed(_ node: String) throws -> Bool {
    guard FileStatus.of(node)?.byteCount ?? 0 > 0 else { return false }
    let database = try Database(node)
    let tables = try database.rows("SELECT name FROM sqlite_schema WHERE name IN ('memo', '\(Self.mark)')")
    return tables == ["memo|"] ? try !database.rows("SELECT 1 FROM memo LIMIT 1").isEmpty : false
  }
}
