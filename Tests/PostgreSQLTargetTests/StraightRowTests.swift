import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

/// Rows that go straight into their table, and those that may be there already.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct StraightRowTests {
  @Test func `rows in any order, and rows that come again, end as the last of each key`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(10...20, body: "straight"), to: target)
    try apply(notes(5...12, body: "again"), to: target)
    try apply(notes(21...25, body: "behind"), to: target)
    try apply(notes(25...26, body: "last"), to: target)
    try target.commit(watermark(1))
    let words = try place.sql("SELECT id, split_part(body, ' ', 1) FROM note ORDER BY id")
    let expected = (5...26).map { number in
      "\(number)|" + (number <= 12 ? "again" : number <= 20 ? "straight" : number <= 24 ? "behind" : "last")
    }
    #expect(words == expected)
  }

  @Test func `rows that the product made are not doubled`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    _ = try place.sql("INSERT INTO note VALUES (3, 'the product''s', true, 1), (1000, 'far behind', true, 1)")
    try apply(notes(1...5), to: target)
    try apply(notes(900...1_001), to: target)
    try target.commit(watermark(1))
    #expect(try place.sql("SELECT count(*), count(*) FILTER (WHERE body LIKE 'text %') FROM note") == ["107|107"])
  }

  @Test func `a row that a rule of its table forbids is named among a thousand`() throws {
    let place = try Place(.shared())
    _ = try place.sql("ALTER TABLE note ADD CONSTRAINT odd CHECK (body <> 'text 777')")
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    let error = refusal {
      try apply(notes(1...1_000), to: target)
      try target.commit(watermark(1))
    }
    #expect(
      error?.code == .targetRefusedRow && error?.message.contains("[777]") == true, "\(String(describing: error))")
    #expect(error?.cause.contains("text 777") == false, "no text of a note stands in a message")
    target.rollback()
    #expect(try place.sql("SELECT count(*) FROM note") == ["0"])
  }

  @Test func `a refused repair of a row that is there already leaves the session's own table usable`() throws {
    let place = try Place(.shared())
    _ = try place.sql("ALTER TABLE note ADD CONSTRAINT odd CHECK (body NOT LIKE 'odd%')")
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...10), to: target)
    let odd = notes(5...5, body: "odd")
    #expect(refusal { try target.applyRepaired(row: 0, of: odd, supplies: []) }?.code == .targetRefusedRow)
    try apply(notes(5...5, body: "mended"), to: target)
    try target.commit(watermark(1))
    #expect(try place.sql("SELECT count(*), max(body) FILTER (WHERE id = 5) FROM note") == ["10|mended 5"])
  }

  @Test func `a content that no server takes is refused by key before the target is marked`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    var options = TargetOptions()
    let limit = FieldForm.bytea.lengthLimit
    options.longContents = [.init(entity: "picture", key: "[17]", column: 1, byteCount: limit + 1)]
    func open() throws {
      _ = try target.prepare(for: schema, profile: profile, origin: "archive1", options: options)
    }
    let error = refusal(open)
    #expect(error?.code == .targetRefusedRow && error?.message.contains("picture, key [17]") == true)
    #expect(try place.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'noteferry%'") == ["0"])
    options.longContents[0].byteCount = limit
    try open()
  }

  @Test func `what comes behind a refused row is refused with the error of that row`() throws {
    let place = try Place(.shared())
    _ = try place.sql("ALTER TABLE note ADD CONSTRAINT odd CHECK (body NOT LIKE 'odd%')")
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...1, body: "odd"), to: target)
    let page = notes(2...3)
    let errors = [
      refusal { try target.applyRepaired(row: 0, of: page, supplies: []) },
      refusal { try target.apply(row: 0, of: page, supplies: []) },
      refusal { try target.applyRepaired(row: 1, of: page, supplies: []) },
      refusal { try target.commit(watermark(1)) },
    ]
    for error in errors {
      #expect(
        error?.code == .targetRefusedRow && error?.message.contains("[1]") == true, "\(String(describing: error))")
    }
    target.rollback()
    try apply(page, to: target)
    try target.commit(watermark(1))
    #expect(try place.sql("SELECT count(*) FROM note") == ["2"])
  }
}
