import Foundation
import NoteModel
import Testing

/// Archives of one or two nodes into one or two nodes.
struct MappingTests {
  @Test func `two nodes become one, and each adapted row is listed`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    let ledger = bench.path("ledger.ndjson")
    let target = try bench.place("target")
    let run = try bench.ferry(
      "import", bench.archive, "--to", target, "--create-schema", "--topology", "single", "--ledger", ledger, "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(
      try bench.settings(target) == [
        "* language en", "* theme dark", "a address 10.0.0.1", "a backup 03:00", "a cache 64",
      ])
    #expect(
      run.changes == [
        #"dropped ["b","address"]"#, #"renamed ["b","backup"] ["a","backup"]"#, #"dropped ["b","cache"]"#,
      ])
    #expect(run.account("node_setting", "source") == 7)
    #expect(run.account("node_setting", "identical") == 4)
    #expect(run.account("node_setting", "adapted") == 1)
    #expect(run.account("node_setting", "skipped_by_rule") == 2)
    #expect(run.isBalanced)
    #expect(
      try bench.ledger(ledger).map { "\($0["outcome"]?.string ?? "") \($0["key"]?.string ?? "")" } == [
        #"skipped_by_rule ["b","address"]"#, #"adapted ["b","backup"]"#, #"skipped_by_rule ["b","cache"]"#,
      ])
    let again = try bench.ferry("import", bench.archive, "--to", target, "--json")
    #expect(again.status == .ok && again.changes == run.changes, "\(again.summary)")
  }

  @Test func `one node becomes two, and the second one's rows are made`() throws {
    let bench = try Bench()
    #expect(try bench.ferry("export", bench.a, "-o", bench.archive).status == .ok)
    let (first, second) = (try bench.place("first"), try bench.place("second"))
    let run = try bench.ferry(
      "import", bench.archive, "--to", first, "--to", second, "--create-schema", "--topology", "dual", "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(try bench.settings(first) == ["* language en", "* theme dark", "a address 10.0.0.1", "a cache 64"])
    #expect(try bench.settings(second) == ["* language en", "* theme dark", "b address 10.0.0.1", "b cache 64"])
    #expect(
      run.changes == [
        #"placed A ["a","address"]"#, #"made B ["a","address"] ["b","address"]"#, #"placed A ["a","cache"]"#,
        #"made B ["a","cache"] ["b","cache"]"#,
      ])
    #expect(run.isBalanced)
    let sums = run.json["nodes"]?.array?.compactMap { $0["inventory_sum"]?.string } ?? []
    #expect(sums.count == 2 && sums[0] == sums[1])
  }

  @Test func `two nodes become two, and each has its own rows`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    let (first, second) = (try bench.place("first"), try bench.place("second"))
    let run = try bench.ferry("import", bench.archive, "--to", first, "--to", second, "--create-schema", "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(try bench.settings(first) == bench.settings(bench.a))
    #expect(try bench.settings(second) == bench.settings(bench.b))
    #expect(run.isBalanced)
    let difference = try bench.ferry("diff", first, bench.a)
    #expect(difference.status == .ok, "\(difference.summary)")
    #expect(try bench.ferry("diff", second, bench.b).status == .ok)
  }

  @Test func `one node becomes one, and nothing is adapted`() throws {
    let bench = try Bench()
    #expect(try bench.ferry("export", bench.b, "-o", bench.archive).status == .ok)
    let target = try bench.place("target")
    let run = try bench.ferry("import", bench.archive, "--to", target, "--create-schema", "--json")
    #expect(run.status == .ok && run.changes.isEmpty, "\(run.summary)")
    #expect(try bench.settings(target) == bench.settings(bench.b))
  }

  @Test func `a topology that contradicts the targets is refused before anything is read`() throws {
    let bench = try Bench()
    for (topology, targets) in [("dual", ["--to", "x"]), ("single", ["--to", "x", "--to", "y"])] {
      let run = try bench.ferry(["import", bench.path("none"), "--topology", topology, "--json"] + targets)
      #expect(run.status == .usage, "\(run.summary)")
    }
  }

  @Test func `an archive without its source's nodes is one of one node`() throws {
    let bench = try Bench()
    #expect(try bench.ferry("export", bench.a, "-o", bench.archive).status == .ok)
    let old = try bench.archiveWithoutTopology()
    let (first, second) = (try bench.place("first"), try bench.place("second"))
    let run = try bench.ferry("import", old, "--to", first, "--to", second, "--create-schema", "--json")
    #expect(run.status == .ok, "\(run.summary)")
    #expect(run.json["topology"]?["source"]?.string == "single")
    #expect(try bench.settings(second).contains("b cache 64"))
  }

  @Test func `a row of one node that was changed behind the import is found by the reading back`() throws {
    let bench = try Bench()
    try bench.exportBoth()
    let (first, second) = (try bench.place("first"), try bench.place("second"))
    #expect(
      try bench.ferry("import", bench.archive, "--to", first, "--to", second, "--create-schema").status == .ok)
    try bench.sql("UPDATE node_setting SET value = 'x' WHERE node = 'b' AND name = 'cache'", in: second)
    let ledger = bench.path("ledger.ndjson")
    let run = try bench.ferry("import", bench.archive, "--to", first, "--to", second, "--ledger", ledger, "--json")
    #expect(run.status == .target, "\(run.summary)")
    let lines = try bench.ledger(ledger).filter { $0["reason"]?.string == "read-back-changed" }
    #expect(lines.map { "\($0["node"]?.string ?? "") \($0["key"]?.string ?? "")" } == [#"B ["b","cache"]"#])
  }
}
