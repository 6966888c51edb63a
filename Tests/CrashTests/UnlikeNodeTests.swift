import DurableIO
import NoteModel
import Testing

/// Two nodes that are not quite alike, and what is said about each of them.
@Suite(.serialized)
struct UnlikeNodeTests {
  /// An empty store with the tables of the source, as the product would make it.
  private func initialise(_ path: String, like source: String, check: String = "") throws {
    let database = try Database(path)
    for sql in try Database(source).rows(
      "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    {
      let column = "content TEXT DEFAULT ''"
      try database.run(String(sql.dropLast()).replacing(column, with: column + check))
    }
    database.close()
  }

  @Test(arguments: ["a", "b"])
  func `a repair that one node forbids is made on neither`(stricter: String) throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = try fixture.newPair("stricter")
      for node in ["a", "b"] {
        try initialise(
          "\(pair.place)/\(node)/memos_prod.db", like: fixture.store.database,
          check: node == stricter ? " CHECK (content NOT LIKE '%Grüße%')" : "")
      }
      let ending = try fixture.fill(pair)
      #expect(ending.status == 0, "\(ending.summary)")
      #expect(ending.output.contains("(8 constraint)"), "\(ending.summary)")
      let contents = "SELECT id, hex(content) FROM memo WHERE id % 3 = 1 AND id < 25 ORDER BY id"
      let found = try Database(fixture.store.database).rows(contents)
      for node in [pair.primary, pair.standby] {
        #expect(try Database(node).rows(contents) == found)
        #expect(try Database(node).rows("SELECT count(*) FROM attachment WHERE filename = 'München.png'") != ["0|"])
      }
      #expect(
        try CrashTests.contents(pair.primary + ".noteferry-repairs")
          == CrashTests.contents(pair.standby + ".noteferry-repairs"))
    }
  }

  @Test func `each node is named in the result, in the events and in the ledger`() throws {
    try withWorkshop { directory in
      let fixture = try TwoNodeFixture(directory, shrink: 100)
      let pair = TwoNodeFixture.Pair(directory + "/undisturbed")
      // As many rows as the archive, so only the reading back can tell that they are others.
      try Database(pair.standby).run("UPDATE memo SET content = 'mine' WHERE id = 4")
      let (events, ledger) = (directory + "/events", directory + "/ledger")
      let refused = try run(
        pair.arguments(fixture.archive, in: directory) + ["--events", events, "--ledger", ledger], in: directory)
      #expect(refused.status == 21 && refused.words.contains("node B (standby)"), "\(refused.summary)")
      let lines = String(decoding: try contents(ledger), as: UTF8.self).split(separator: "\n")
      #expect(lines.contains { $0.contains(#""node":"B""#) && $0.contains(#""key":"[4]""#) }, "\(lines)")
      #expect(!lines.contains { $0.contains(#""node":"A""#) })
      let log = String(decoding: try contents(events), as: UTF8.self).split(separator: "\n")
      for node in ["A", "B"] {
        #expect(log.contains { $0.contains("phase.started") && $0.contains(#""node":"\#(node)""#) })
      }
      try Folder.removeTree(Folder.parent(of: pair.standby))
      let document = try run(pair.arguments(fixture.archive, in: directory) + ["--json"], in: directory)
      #expect(document.status == 0, "\(document.summary)")
      #expect(document.output.contains(#""node":"A","role":"primary","target":"\#(pair.primary)","state":"present""#))
      #expect(document.output.contains(#""node":"B","role":"standby","target":"\#(pair.standby)","state":"sealed""#))
    }
  }

  @Test func `two nodes are compared by diff, which names the row that differs`() throws {
    try withWorkshop { directory in
      _ = try TwoNodeFixture(directory, shrink: 100)
      let pair = TwoNodeFixture.Pair(directory + "/undisturbed")
      let words = ["diff", pair.primary, pair.standby, "--state-dir", directory + "/state", "--progress", "none"]
      let equal = try run(words, in: directory)
      #expect(equal.status == 0 && equal.output.isEmpty, "\(equal.summary)")
      try Database(pair.standby).run("UPDATE memo SET pinned = 7 WHERE id = 4")
      let unequal = try run(words, in: directory)
      #expect(unequal.status == 13 && unequal.output.contains("memo [4]"), "\(unequal.summary)")
    }
  }
}
