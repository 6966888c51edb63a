import Corpus
import Foundation
import NoteModel
import Testing

/// A directory of one test with two nodes of the reference product in it, and the program to run.
final class Bench: @unchecked Sendable {
  let directory: String
  private var runs = 0

  /// Made once: building a pair takes longer than copying it.
  private static let original: ReferencePair = {
    let pair = ReferencePair(directory: makeDirectory())
    do { try pair.make(notes: 60, attachments: 12) } catch { fatalError("\(error)") }
    return pair
  }()

  init() throws {
    directory = Self.makeDirectory()
    for node in ["a", "b"] {
      try FileManager.default.copyItem(
        atPath: "\(Self.original.directory)/\(node)", toPath: "\(directory)/\(node)")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private static func makeDirectory() -> String {
    var template = Array((NSTemporaryDirectory() + "noteferry-topology-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no temporary directory") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func path(_ name: String) -> String { directory + "/" + name }
  var a: String { path("a/notes.db") }
  var b: String { path("b/notes.db") }
  var archive: String { path("archive") }

  /// The path of a store that does not exist yet, in a directory that does.
  func place(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    return path(name) + "/notes.db"
  }

  // MARK: - Running

  struct Run {
    var code: Int32
    var output: String
    var errors: String
    var status: NoteModel.ExitStatus? { NoteModel.ExitStatus(rawValue: code) }
    var json: JSONValue { (try? JSONReader.parse(Array(output.utf8))) ?? .null }
    /// What an import adapted: `renamed ["b","backup"] ["a","backup"]`.
    var changes: [String] {
      (json["topology"]?["adapted"]?.array ?? []).map { row in
        ["change", "node", "key", "new_key"].compactMap { row[$0]?.string }.joined(separator: " ")
      }
    }
    /// A bucket of an entity's sum.
    func account(_ entity: String, _ bucket: String) -> Int64? {
      json["conservation"]?.array?.first { $0["entity"]?.string == entity }?[bucket]?.integer
    }
    /// Whether all sums of all nodes add up.
    var isBalanced: Bool {
      let sums = [json["conservation"]] + (json["nodes"]?.array ?? []).map { $0["conservation"] }
      return sums.allSatisfy { $0?.array?.allSatisfy { $0["balanced"]?.bool == true } == true }
    }
    var errorCode: String? { json["error"]?["code"]?.string }
    /// For a test that failed.
    var summary: String { "ended with \(code)\n\(output)\(errors)" }
  }

  /// The program that `NOTEFERRY` names, else the one that was built with these tests.
  static let program: String = {
    if let named = getenv("NOTEFERRY") { return String(cString: named) }
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let beside = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("noteferry").path
    return [beside, "/\(root)/.build/debug/noteferry"].compactMap(\.self)
      .first(where: FileManager.default.isExecutableFile) ?? "noteferry"
  }()

  /// Runs the program to its end. Its result is JSON where `--json` is among the words.
  @discardableResult
  func ferry(_ words: String..., environment: [String: String] = [:]) throws -> Run {
    try ferry(words, environment: environment)
  }

  func ferry(_ words: [String], environment: [String: String] = [:]) throws -> Run {
    let process = try start(words, environment: environment)
    process.process.waitUntilExit()
    return Run(
      code: process.process.terminationReason == .exit ? process.process.terminationStatus : 128 + 9,
      output: try String(contentsOfFile: process.output, encoding: .utf8),
      errors: try String(contentsOfFile: process.errors, encoding: .utf8))
  }

  /// Starts the program and goes on.
  func start(_ words: [String], environment: [String: String] = [:]) throws -> (
    process: Process, output: String, errors: String
  ) {
    runs += 1
    let (output, errors) = (path("output-\(runs)"), path("errors-\(runs)"))
    for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = words
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.environment = [
      "PATH": "/usr/bin:/bin", "HOME": directory, "LC_ALL": "C.UTF-8", "NOTEFERRY_STATE_DIR": path("state"),
      "NOTEFERRY_NO_INPUT": "1", "NOTEFERRY_PROGRESS": "none", "NOTEFERRY_FREE_FLOOR": "1MiB",
    ].merging(environment) { $1 }
    try process.run()
    return (process, output, errors)
  }

  /// Exports both nodes as one store.
  func exportBoth() throws {
    let run = try ferry("export", a, "--node", b, "-o", archive)
    try #require(run.status == .ok, "\(run.summary)")
  }

  /// A copy of the archive as one that does not name its source's nodes, with a seal of its own.
  func archiveWithoutTopology() throws -> String {
    let script = """
      set -e
      mkdir old rows && tar xf archive/0000-base.tar -C rows && cd rows/0000-base
      sed -i 's/,"topology":.*}$/}/' noteferry.json
      grep -q topology noteferry.json && exit 9
      name=$(ls tagmanifest-*); sum=${name#tagmanifest-}; sum=${sum%.txt}
      new=$(${sum}sum noteferry.json | cut -d ' ' -f 1)
      sed -i "s/^[0-9a-f]*  noteferry.json/$new  noteferry.json/" $name
      cd .. && tar tf ../archive/0000-base.tar > ../names
      tar cf ../old/0000-base.tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=0600 -b 2 -T ../names
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return path("old")
  }

  // MARK: - Looking

  func sql(_ statements: String, in database: String) throws { try SampleDatabase(database).run(statements) }

  func number(_ query: String, in database: String) throws -> Int64 {
    try SampleDatabase(database, .reading).number(query)
  }

  /// The node settings of a SQLite store: `a cache 64`.
  func settings(_ database: String) throws -> [String] {
    let statement = try SampleStatement(
      try SampleDatabase(database, .reading), "SELECT node || ' ' || name || ' ' || value FROM node_setting ORDER BY 1")
    var rows: [String] = []
    while try statement.step() { rows.append(statement.text(0)) }
    return rows
  }

  /// The lines of a ledger that are about one entity.
  func ledger(_ path: String) throws -> [JSONValue] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      .map { try JSONReader.parse(Array($0.utf8)) }
  }
}
