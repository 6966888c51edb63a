import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import PostgreSQLStore
import StoreConformance
import Synchronization

/// Databases of the tests' server, read and written by `psql` and libpq's text form.
final class PostgreSQLBench: ConformanceBench {
  private let cluster: PostgreSQLCluster
  private static let template = Mutex<String?>(nil)

  init() throws { cluster = try PostgreSQLCluster.shared() }

  private static let tables = """
    CREATE TABLE setting (name text NOT NULL PRIMARY KEY, value text NOT NULL);
    CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL, body text NOT NULL DEFAULT '',
      stars double precision, changed bigint NOT NULL DEFAULT 0 CHECK (changed >= 0));
    CREATE TABLE link (note_id integer NOT NULL, other_id integer NOT NULL, kind text NOT NULL,
      UNIQUE (note_id, other_id, kind));
    CREATE TABLE attachment (id serial PRIMARY KEY, note_id integer NOT NULL, name text NOT NULL UNIQUE,
      bytes bytea, size bigint NOT NULL);
    INSERT INTO setting VALUES ('version', '1.5');
    """

  func makeStore() throws -> String {
    let name = try Self.template.withLock { template in
      if let template { return template }
      let made = try cluster.makeDatabase()
      try cluster.primary.sql(Self.tables, database: made)
      template = made
      return made
    }
    return try cluster.makeDatabase(template: name)
  }

  func makePlace(isReachable: Bool) throws -> String { isReachable ? try cluster.makeDatabase() : "no_such_database" }

  func location(_ store: String) -> StoreLocation {
    StoreLocation(
      scheme: "postgresql", path: String(cluster.primary.url(store).dropFirst("postgresql:".count)))
  }

  func insert(_ rows: [[Value]], into table: String, of store: String) throws {
    var sql = "BEGIN;\nCOPY \(table) FROM STDIN;\n"
    for row in rows { sql += row.map(Self.copyText).joined(separator: "\t") + "\n" }
    try cluster.primary.sql(sql + "\\.\nCOMMIT;\n", database: store)
  }

  /// A value as COPY's text form has it.
  private static func copyText(_ value: Value) -> String {
    switch value {
    case .integer(let number): return String(number)
    case .real(let number): return "\(number)"
    case .bytes(let bytes):
      return "\\\\x" + bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    case .text(let bytes):
      return String(decoding: bytes, as: UTF8.self).unicodeScalars.reduce(into: "") { text, scalar in
        switch scalar {
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        default: text.unicodeScalars.append(scalar)
        }
      }
    default: return "\\N"
    }
  }

  func insertNumberedNote(into store: String) throws -> Int64 {
    let rows = try cluster.primary.sql("INSERT INTO note (title) VALUES ('new') RETURNING id", database: store)
    return try rows.first.flatMap { Int64($0) } ?? { throw POSIXError(.EINVAL) }()
  }

  func rows(of table: String, in store: String) throws -> [[Value]] {
    let columns = try cluster.primary.sql(
      "SELECT attname || ' ' || atttypid::regtype FROM pg_attribute WHERE attrelid = '\(table)'::regclass AND attnum > 0 "
        + "AND NOT attisdropped ORDER BY attnum", database: store)
    let parts = columns.map { column -> String in
      let words = column.split(separator: " ", maxSplits: 1)
      let value =
        switch words[1] {
        case "text": "encode(convert_to(\(words[0]), 'UTF8'), 'hex')"
        case "bytea": "encode(\(words[0]), 'hex')"
        default: "\(words[0])::text"
        }
      return "coalesce(\(value), 'NULL')"
    }
    let kinds = columns.map { $0.split(separator: " ", maxSplits: 1)[1] }
    return try cluster.primary.sql("SELECT \(parts.joined(separator: ", ")) FROM \(table)", database: store).map {
      line in
      zip(kinds, line.split(separator: "|", omittingEmptySubsequences: false)).map { kind, word -> Value in
        if word == "NULL" { return .null }
        switch kind {
        case "text": return .text(Self.bytes(word))
        case "bytea": return .bytes(Self.bytes(word))
        case "double precision": return .real(Double(word) ?? .nan)
        default: return .integer(Int64(word) ?? 0)
        }
      }
    }
  }

  private static func bytes(_ digits: Substring) -> [UInt8] {
    let digits = Array(digits.utf8)
    func digit(_ byte: UInt8) -> UInt8 { byte < 0x3A ? byte - 0x30 : byte - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digit(digits[$0]) << 4 | digit(digits[$0 + 1]) }
  }

  func holds(text: [UInt8]) -> Bool { !text.contains(0) && String(validating: text, as: UTF8.self) != nil }

  func source(_ store: String) throws -> any SourceStore {
    try PostgreSQLEngine.source(location(store), profiles: [SampleProduct.profile])
  }

  func target(_ store: String) throws -> any TargetStore {
    try PostgreSQLEngine.target(location(store), profiles: [SampleProduct.profile])
  }

  func fence(_ store: String) throws -> any WriteFence {
    try PostgreSQLEngine.fence(location(store), profiles: [SampleProduct.profile], limits: FenceLimits())
  }

  func lease(_ store: String) throws -> any StoreLease {
    try PostgreSQLEngine.lease(location(store), profiles: [SampleProduct.profile])
  }
}
