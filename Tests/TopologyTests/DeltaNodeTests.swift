import Foundation
import NoteModel
import Testing

/// Deltas of a store with two nodes, and deltas on their way into two nodes.
@Suite struct DeltaNodeTests {
  /// What is written to a store between two exports; both nodes get it, except for the settings of each.
  private func change(_ bench: Bench) throws {
    for (node, path) in [("a", bench.a), ("b", bench.b)] {
      try bench.sql(
        """
        UPDATE note SET body = 'newer' WHERE id = 7; DELETE FROM note_tag WHERE note_id = 9;
        INSERT INTO note_tag SELECT 11, tag_id FROM note_tag WHERE note_id = 12
          AND NOT EXISTS (SELECT 1 FROM note_tag t WHERE t.note_id = 11 AND t.tag_id = note_tag.tag_id);
        UPDATE node_setting SET value = 'changed' WHERE node = '\(node)' AND name = 'cache';
        INSERT OR REPLACE INTO node_setting VALUES('\(node)', 'late', '1');
        """, in: path)
    }
  }

  private func exportTwice(_ bench: Bench) throws {
    try bench.exportBoth()
    try change(bench)
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
    try #require(run.status == .ok, "\(run.summary)")
    #expect(run.json["delta"]?["changed"]?.integer == 3)
    #expect(FileManager.default.fileExists(atPath: bench.archive + "/0001-delta.tar"))
    #expect(try bench.ferry("verify", bench.archive, "--level", "full").status == .ok)
  }

  @Test func `a delta of two nodes has the rows of each`() throws {
    let bench = try Bench()
    try exportTwice(bench)
    let (first, second) = (try bench.place("c"), try bench.place("d"))
    let pair = try bench.ferry(
      "import", bench.archive, "--to", first, "--to", second, "--create-schema", "--json")
    #expect(pair.status == .ok && pair.isBalanced, "\(pair.summary)")
    #expect(try bench.settings(first) == bench.settings(bench.a))
    #expect(try bench.settings(second) == bench.settings(bench.b))
    for store in [first, second] {
      #expect(try bench.number("SELECT count(*) FROM note WHERE body = 'newer'", in: store) == 1)
      #expect(try bench.number("SELECT count(*) FROM note_tag WHERE note_id = 9", in: store) == 0)
    }
    let single = try bench.place("single")
    let run = try bench.ferry("import", bench.archive, "--to", single, "--create-schema", "--json")
    #expect(run.status == .ok && run.isBalanced, "\(run.summary)")
    #expect(try bench.settings(single).contains("a cache changed"))
    #expect(!(try bench.settings(single).contains { $0.hasSuffix("b cache 32") }))
    let folded = bench.path("folded")
    #expect(try bench.ferry("archive", "compact", bench.archive, "-o", folded).status == .ok)
    let again = try bench.place("again")
    let other = try bench.ferry("import", folded, "--to", again, "--create-schema", "--json")
    #expect(other.changes == run.changes, "\(other.summary)")
    #expect(try bench.settings(again) == bench.settings(single))
  }

  @Test func `rows that the standby alone has are in a delta, and its nodes are those of the base`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    try bench.sql("DELETE FROM note_tag WHERE note_id = 9; UPDATE note SET title = 't' WHERE id = 3", in: bench.a)
    let run = try bench.ferry("export", bench.a, "--node", bench.b, "-o", bench.archive, "--json")
    #expect(run.status == .partial, "\(run.summary)")
    #expect(run.json["delta"]?["deleted"]?.integer == 0 && run.json["delta"]?["changed"]?.integer == 1)
    let alone = try bench.ferry("export", bench.a, "-o", bench.archive, "--json")
    #expect(alone.errorCode == ErrorCode.sourceChanged.rawValue, "\(alone.summary)")
    #expect(alone.output.contains("--node STORE"))
  }

  @Test func `a store of one node with deltas becomes a pair`() throws {
    let bench = try Bench()
    for _ in 0..<2 {
      #expect(try bench.ferry("export", bench.a, "-o", bench.archive).status == .ok)
      try change(bench)
    }
    #expect(try bench.ferry("export", bench.a, "-o", bench.archive).status == .ok)
    let (first, second) = (try bench.place("c"), try bench.place("d"))
    let run = try bench.ferry(
      "import", bench.archive, "--to", first, "--to", second, "--create-schema", "--json")
    #expect(run.status == .ok && run.isBalanced, "\(run.summary)")
    #expect(try bench.settings(first) == bench.settings(bench.a))
    #expect(try bench.number("SELECT count(*) FROM note_tag WHERE note_id = 9", in: second) == 0)
  }
}
