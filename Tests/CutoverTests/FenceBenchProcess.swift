import CSQLite
import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// A store of the bench's product, made and read without the engines under test.
enum BenchPlace: Sendable {
  case file(String)
  case server(PostgreSQLServer, String)

  var url: String {
    switch self {
    case .file(let path): path
    case .server(let server, let database): server.url(database)
    }
  }

  func make() throws {
    try run("CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL)")
    if case .file = self { try run("PRAGMA journal_mode = wal") }
  }

  func numbers() throws -> Set<Int64> { Set(try run("SELECT id FROM note").compactMap { Int64($0) }) }

  @discardableResult func run(_ sql: String) throws -> [String] {
    switch self {
    case .server(let server, let database): return try server.sql(sql, database: database)
    case .file(let path):
      var handle: OpaquePointer?
      defer { sqlite3_close_v2(handle) }
      try #require(sqlite3_open(path, &handle) == SQLITE_OK)
      sqlite3_busy_timeout(handle, 60_000)
      var statement: OpaquePointer?
      defer { sqlite3_finalize(statement) }
      try #require(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, "\(sql)")
      var rows: [String] = []
      while sqlite3_step(statement) == SQLITE_ROW { rows.append(String(cString: sqlite3_column_text(statement, 0))) }
      return rows
    }
  }
}

/// A reader of a SQLite database in the middle of its reading.
final class BenchReader {
  private var handle: OpaquePointer?
  private var statement: OpaquePointer?

  init(_ path: String) throws {
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    try #require(sqlite3_prepare_v2(handle, "SELECT id FROM note", -1, &statement, nil) == SQLITE_OK)
    try #require(sqlite3_step(statement) == SQLITE_ROW)
  }

  deinit {
    sqlite3_finalize(statement)
    sqlite3_close_v2(handle)
  }
}

/// The program `fence-bench` under way; killed when the last reference goes.
final class FenceBenchProcess {
  private let process = Process()
  private let output: String

  init(_ arguments: [String], _ scratch: Scratch, environment: [String: String] = [:]) throws {
    output = scratch.file("said-" + UUID().uuidString)
    process.executableURL = URL(fileURLWithPath: try #require(Self.built("fence-bench")))
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    process.standardOutput = FileHandle(forWritingAtPath: output)
    try process.run()
  }

  deinit { end() }

  /// Kills it with signal 9.
  func end() {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  var hasSaid: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

  /// A file that was built with these tests: it lies beside the test bundle, or above it.
  static func built(_ name: String) -> String? {
    for argument in CommandLine.arguments.prefix(1) + CommandLine.arguments.filter({ $0.contains(".xctest") }) {
      var place = Folder.resolve(argument) ?? argument
      for _ in 0..<6 {
        place = Folder.parent(of: place)
        if FileStatus.of(place + "/" + name)?.isRegularFile == true { return place + "/" + name }
      }
    }
    return nil
  }
}

/// The account of a writer.
struct WriterLog {
  let path: String

  /// What was acknowledged, and the words of what was refused.
  func read() -> (acknowledged: Set<Int64>, refusals: [String]) {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    var acknowledged: Set<Int64> = []
    var refusals: [String] = []
    for line in text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1) {
      let words = line.split(separator: " ", maxSplits: 2)
      if words[0] == "ack" { acknowledged.insert(Int64(words[1]) ?? 0) }
      if words[0] == "no" { refusals.append(words.count > 2 ? String(words[2]) : "") }
    }
    return (acknowledged, refusals)
  }
}
