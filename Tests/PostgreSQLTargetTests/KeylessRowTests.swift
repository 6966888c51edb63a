import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

/// Rows of a table that has no key, which only their numbers in the archive tell apart.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct KeylessRowTests {
  private static let entity = Entity(
    name: "loose", role: .other, table: "loose",
    columns: [
      Column(name: "@row", kind: .rowNumber), Column(name: "name"), Column(name: "bytes", kind: .content),
    ], key: [0])

  private func page(_ rows: [(number: Int64, name: String)]) -> RecordPage {
    let page = RecordPage(entity: Self.entity, algorithm: .sha256)
    for (number, name) in rows {
      page.beginRow()
      page.append(integer: number)
      Array(name.utf8).withUnsafeBytes { page.append(text: $0) }
      page.appendContent(byteCount: 3, isText: false, column: 2, place: .sameAs(path: ""))
    }
    return page
  }

  private func filled(_ place: Place, _ body: (PostgreSQLTarget, RecordPage) throws -> Void) throws -> [String] {
    _ = try place.sql("CREATE TABLE loose (name text, bytes bytea NOT NULL)")
    var schema = schema
    schema.entities.append(Self.entity)
    let target = place.target()
    defer { target.close() }
    _ = try target.prepare(for: schema, profile: profile, origin: "archive1", options: TargetOptions())
    try body(target, page([(1, "first"), (2, "first"), (3, "third")]))
    try target.commit(watermark(1))
    let rows = try place.sql("SELECT name, encode(bytes, 'escape') FROM loose ORDER BY 1, 2")
    try target.finish(schema)
    try target.approve()
    #expect(try place.sql("SELECT relname FROM pg_class WHERE relname LIKE 'noteferry%' AND relkind = 'r'") == [])
    return rows
  }

  private func apply(_ row: Int, _ page: RecordPage, _ bytes: String?, to target: PostgreSQLTarget) throws {
    guard let bytes else {
      return try target.apply(row: row, of: page, supplies: [.sameAs(Key([.integer(1)]))])
    }
    try Array(bytes.utf8).withUnsafeBytes { try target.apply(row: row, of: page, supplies: [.bytes($0)]) }
  }

  @Test func `a content that two rows share is in both`() throws {
    let rows = try filled(Place(.shared())) { target, page in
      try apply(0, page, "one", to: target)
      try apply(1, page, nil, to: target)
      try apply(2, page, "two", to: target)
    }
    #expect(rows == ["first|one", "first|one", "third|two"])
  }

  @Test func `a row that is applied again is not doubled and keeps its content`() throws {
    let rows = try filled(Place(.shared())) { target, page in
      try apply(0, page, "old", to: target)
      try apply(2, page, "two", to: target)
      try target.commit(watermark(0))
      try apply(0, page, "new", to: target)
      try apply(0, page, nil, to: target)
    }
    #expect(rows == ["first|new", "third|two"])
  }
}
