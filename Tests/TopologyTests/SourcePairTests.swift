import Corpus
import Foundation
import NoteModel
import Testing

/// Exports of two nodes.
struct SourcePairTests {
  @Test func `nodes that hold the same are read from the standby, with the rows of each node`() throws {
    let bench = try Bench()
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.json["read"]?.string == "B")
    #expect(run.json["nodes_differ"]?.integer == 0)
    #expect(run.json["nodes"]?.array?.compactMap { $0["own_rows"]?.integer } == [2, 3])
    #expect(rows("node_setting", in: run) == 7)
    let verified = try bench.ferry("verify", bench.archive)
    #expect(verified.status == .ok, "\(verified.summary)")
  }

  @Test func `rows that one node alone has and rows in two versions are told, counted and carried`() throws {
    let bench = try Bench()
    try bench.sql("UPDATE note SET body = 'newer' WHERE id = 7; DELETE FROM note_tag WHERE note_id = 9", in: bench.b)
    try bench.sql("DELETE FROM image_chunk WHERE image_id = 12; DELETE FROM image WHERE id = 12", in: bench.a)
    try bench.sql("UPDATE image_chunk SET bytes = zeroblob(length(bytes)) WHERE image_id = 3", in: bench.b)
    let ledger = bench.path("ledger.ndjson")
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--ledger", ledger, "--json")
    #expect(run.status == .partial, "\(run.summary)")
    #expect(run.json["read"]?.string == "A")
    #expect(run.json["nodes"]?.array?.compactMap { $0["only_here"]?.integer } == [1, 2])
    #expect(run.json["two_versions"]?.integer == 2)
    #expect(run.json["nodes_differ"]?.integer == 5)
    let lines = try bench.ledger(ledger)
    #expect(
      lines.map { "\($0["entity"]?.string ?? "") \($0["key"]?.string ?? "")" }.sorted() == [
        "image [12]", "image_chunk [12,0]", "image_chunk [3,0]", "note [7]", "note_tag [9,5]",
      ])
    #expect(try bench.ferry("verify", bench.archive).status == .ok)

    // Both nodes' images are in the archive, byte for byte, and the primary's version of the note.
    let target = try bench.place("target")
    let imported = try bench.ferry("import", bench.archive, "--to", target, "--create-schema")
    #expect(imported.status == .partial, "\(imported.summary)")
    #expect(try bench.number("SELECT count(*) FROM image", in: target) == 12)
    #expect(
      try bench.number("SELECT length(bytes) FROM image_chunk WHERE image_id = 12", in: target)
        == bench.number("SELECT length(bytes) FROM image_chunk WHERE image_id = 12", in: bench.b))
    #expect(try bench.number("SELECT count(*) FROM note WHERE body = 'newer'", in: target) == 0)
  }

  @Test func `images that only one node has are carried whole, also those that are streamed`() throws {
    let bench = try Bench()
    // Several on a page, between others, longer than what is held in memory.
    for (node, ids) in [(bench.b, [3, 4, 90, 91]), (bench.a, [5, 92])] {
      for id in ids {
        try bench.sql(
          """
          INSERT INTO image_chunk VALUES(\(id), 7, zeroblob(1500000) || CAST('image \(id)' AS BLOB));
          INSERT INTO image_chunk VALUES(\(id), 8, CAST('end of \(id)' AS BLOB));
          """, in: node)
      }
    }
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
    #expect(run.status == .partial, "\(run.summary)")
    #expect(run.json["nodes"]?.array?.compactMap { $0["only_here"]?.integer } == [4, 8])
    #expect(rows("image_chunk", in: run) == 24)
    let target = try bench.place("target")
    let imported = try bench.ferry("import", bench.archive, "--to", target, "--create-schema", "--json")
    #expect(imported.status == .partial && imported.isBalanced, "\(imported.summary)")
    for (node, ids) in [(bench.b, [3, 4, 90, 91]), (bench.a, [5, 92])] {
      for id in ids {
        let query =
          "SELECT count(*) FROM image_chunk c JOIN source.image_chunk s USING (image_id, seq, bytes) WHERE seq > 6"
        let database = try SampleDatabase(target)
        try database.run("ATTACH '\(node)' AS source")
        #expect(try database.number(query + " AND image_id = \(id)") == 2)
      }
    }
  }

  @Test func `rows that the standby alone has stay behind where that is asked`() throws {
    let bench = try Bench()
    try bench.sql("DELETE FROM note_tag WHERE note_id = 9; DELETE FROM note_link WHERE to_note_id = 20", in: bench.a)
    let ledger = bench.path("ledger.ndjson")
    let run = try bench.ferry(
      "export", bench.a, "--node", bench.b, "-o", bench.archive, "--standby-rows", "leave", "--ledger", ledger, "--json"
    )
    #expect(run.status == .partial, "\(run.summary)")
    #expect(rows("note_tag", in: run) == 59)
    #expect(try bench.ledger(ledger).map { $0["outcome"]?.string } == ["skipped_by_rule", "skipped_by_rule"])
    #expect(try bench.ferry("verify", bench.archive, "--against", bench.a).status == .mismatch)
  }

  @Test func `a copy that one node has of the other's row gives way to the other's own`() throws {
    let bench = try Bench()
    try bench.sql("INSERT INTO node_setting VALUES('b', 'cache', 'old'), ('b', 'gone', '1')", in: bench.a)
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(rows("node_setting", in: run) == 8)
    let target = try bench.place("target")
    let second = try bench.place("second")
    let imported = try bench.ferry("import", bench.archive, "--to", target, "--to", second, "--create-schema")
    #expect(imported.status == .ok, "\(imported.summary)")
    #expect(try bench.settings(second).contains("b cache 32"))
    #expect(try bench.settings(second).contains("b gone 1"))
  }

  @Test func `a node that is not there is named, and nothing is written`() throws {
    let bench = try Bench()
    let run = try bench.ferry("export", bench.a, "--node", bench.path("c/notes.db"), "-o", bench.archive, "--json")
    #expect(run.status == .source, "\(run.summary)")
    #expect(run.json["error"]?["text"]?.string?.hasPrefix("node B of the source: ") == true)
    #expect(!FileManager.default.fileExists(atPath: bench.archive + "/0000-base.tar"))
  }

  @Test func `stores of two products, versions or shapes are no pair`() throws {
    for change in [
      "UPDATE product_info SET value = '1.1' WHERE name = 'schema_version'",
      "ALTER TABLE note ADD COLUMN stars INTEGER",
      "CREATE TABLE extra (id INTEGER PRIMARY KEY)",
    ] {
      let bench = try Bench()
      try bench.sql(change, in: bench.b)
      let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
      #expect(run.errorCode == ErrorCode.sourceNotAPair.rawValue, "\(run.summary)")
    }
    let bench = try Bench()
    let other = try bench.place("memos")
    let statements = SampleSchema.statements(of: "memos", version: "0.31")
    try bench.sql(statements.joined(separator: ";"), in: other)
    let mixed = try bench.ferry("export", bench.a, "--node", other, "-o", bench.archive, "--json")
    #expect(mixed.errorCode == ErrorCode.sourceNotAPair.rawValue, "\(mixed.summary)")
    let run = try bench.ferry("export", bench.a, "--node", bench.a, "-o", bench.archive, "--json")
    #expect(run.status == .usage, "\(run.summary)")
  }

  private func rows(_ entity: String, in run: Bench.Run) -> Int64? {
    run.json["summary"]?["entities"]?.array?.first { $0["entity"]?.string == entity }?["rows"]?.integer
  }
}
