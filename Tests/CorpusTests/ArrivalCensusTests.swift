import DurableIO
import NoteModel
import Testing

@testable import Corpus

/// The comparison of source, target and sound twin, on stores made for it.
struct ArrivalCensusTests {
  private let scratch = CorpusScratch()

  private static let found = [1: "sound", 2: "dÃ¤maged", 3: "lÃ¶st"]
  private static let meant = [1: "sound", 2: "dämaged", 3: "löst"]

  private func store(_ name: String, _ notes: [Int: String], uid: (Int) -> String = { "n\($0)" }) throws -> String {
    let path = try emptyPlace(name)
    let database = try SampleDatabase(path)
    try database.run("CREATE TABLE note(uid TEXT UNIQUE, body TEXT)")
    for (id, text) in notes.sorted(by: { $0.key < $1.key }) {
      try database.run("INSERT INTO note(rowid, uid, body) VALUES(\(id), '\(uid(id))', '\(text)')")
    }
    return path
  }

  private func emptyPlace(_ name: String) throws -> String {
    try Folder.create(scratch.directory)
    let path = scratch.directory + "/" + name
    if FileStatus.of(path) != nil { try Folder.remove(path) }
    return path
  }

  private func census(_ arrived: [Int: String], uid: (Int) -> String = { "n\($0)" }) throws -> ArrivalCensus {
    try ArrivalCensus(
      source: try store("source", Self.found), target: try store("target", arrived, uid: uid),
      twin: try store("twin", Self.meant))
  }

  @Test func `values arrive as they were meant or as they were found`() throws {
    let census = try census([1: "sound", 2: "dämaged", 3: "lÃ¶st"])
    #expect(census.columns["note.body"] == ArrivalCensus.Tally(values: 3, damaged: 2, repaired: 1))
    #expect(census.changedRows == ["note": 1])
    #expect(census.changedValues == 1)
    #expect(census.strayRows == [:])
  }

  @Test func `a repair of sound text is noticed, and one with another result`() throws {
    let census = try census([1: "söund", 2: "damaged", 3: "löst"])
    #expect(census.columns["note.body"] == ArrivalCensus.Tally(values: 3, damaged: 2, repaired: 1, otherwise: 2))
    #expect(census.changedRows == ["note": 3])
  }

  @Test func `a row that is lost is noticed, and one that is only in the target`() throws {
    #expect(try census([1: "sound", 2: "dämaged"]).strayRows == ["note": 1])
    #expect(try census([1: "sound", 2: "dämaged", 3: "löst", 4: "more"]).strayRows == ["note": 1])
  }

  @Test func `a row with another key is lost`() throws {
    #expect(try census(Self.meant) { $0 == 3 ? "n03" : "n\($0)" }.strayRows == ["note": 1])
  }

  @Test func `a target without the table has lost its rows`() throws {
    let target = try emptyPlace("target")
    try SampleDatabase(target).run("CREATE TABLE other(x)")
    let census = try ArrivalCensus(
      source: try store("source", Self.found), target: target, twin: try store("twin", Self.meant))
    #expect(census.strayRows == ["note": 3])
  }

  @Test func `the twin has the rows of the store and the texts that were meant`() throws {
    let recipe = StoreRecipe(
      product: "memos", version: "0.31", notes: 4,
      sql:
        "UPDATE memo SET content = damaged('double-utf8', id) || '!', payload = meant('{}', char(0) || '{}') WHERE id < 3"
    )
    let built = try StoreBuilder(seed: 1, scale: 1).build(
      recipe, in: scratch.directory + "/made", twin: scratch.directory + "/meant")
    let twin = try #require(built.twin)
    let census = try ArrivalCensus(source: built.path, target: twin, twin: twin)
    #expect(census.columns["memo.content"] == ArrivalCensus.Tally(values: 4, damaged: 2, repaired: 2))
    #expect(census.columns["memo.payload"] == ArrivalCensus.Tally(values: 4, damaged: 2, repaired: 2))
    #expect(census.changedRows == ["memo": 2])
    let texts = try SampleStatement(try SampleDatabase(twin, .reading), "SELECT content FROM memo WHERE id = 1")
    _ = try texts.step()
    let clean = try DamagedText.clean("double-utf8", seed: 1 &+ 1_000_003)
    #expect(texts.value(0) == .text(Array((clean + "!").utf8)))
  }

  @Test func `a store without damaged text has no twin`() throws {
    let recipe = StoreRecipe(
      product: "memos", version: "0.31", notes: 4, sql: "UPDATE memo SET content = damaged('question-marks', id)")
    let built = try StoreBuilder(seed: 1, scale: 1).build(
      recipe, in: scratch.directory + "/made", twin: scratch.directory + "/meant")
    #expect(built.twin == nil)
    #expect(FileStatus.of(scratch.directory + "/meant") == nil)
  }

  @Test func `shares are read strictly and hold nearly for other stores`() throws {
    for text in ["", "3", "4 of 3", "0 of 0", "-1 of 3", "1 in 3"] {
      #expect(Share(text) == nil, "\(text)")
    }
    let share = try #require(Share("9 of 12"))
    #expect(share.isMet(by: 9, of: 12) && !share.isMet(by: 8, of: 12) && !share.isMet(by: 9, of: 13))
    #expect(share.isNearlyReached(by: 20, of: 40) && !share.isNearlyReached(by: 19, of: 40))
    #expect(share.isHardlyExceeded(by: 12, of: 12))
    let none = try #require(Share("0 of 12"))
    #expect(none.isNearlyReached(by: 0, of: 30) && !none.isNearlyReached(by: 1, of: 30))
    #expect(none.isHardlyExceeded(by: 7, of: 30) && !none.isHardlyExceeded(by: 8, of: 30))
  }
}
