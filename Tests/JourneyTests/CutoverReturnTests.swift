import NoteModel
import Testing

/// Ways back behind the switch that do not come to their end at once.
@Suite(.enabled(if: Scratch.canDisturb)) struct CutoverReturnTests {
  /// Where the program is killed: the operations of a way back on the files of a directory, about so many.
  private static let places: [(folder: String, operations: Int)] = [
    ("state", 110), ("archive", 50), ("old", 360), ("a", 210),
  ]

  @Test(arguments: 0..<3)
  func `a way back that is killed is taken up, and brings everything that users wrote, once`(_ part: Int) throws {
    let seed = testSeed()
    let site = try CutoverSite()
    try site.startWriting()
    let moved = site.run(try site.arguments())
    #expect(moved.status == .ok, "\(moved.words)")
    let target = site.targets[0]
    try site.execute("INSERT INTO note VALUES (1000, 'new'), (1001, '新')", in: target)
    try site.execute("UPDATE note SET body = 'changed' WHERE id = 7", in: target)
    try site.execute("DELETE FROM note WHERE id = 8", in: target)

    let name = try site.name
    let place = Self.places[(Int(seed % 4) + part) % 4]
    let number = 1 + Int((seed &* 0x9E37_79B9_7F4A_7C15) >> 33) % place.operations
    let killed = site.scratch.shell(
      site.scratch.disturbing("kill@\(number)", below: site.scratch.path(place.folder))
        + "$FERRY cutover rollback \(name) --confirm bench")
    let words = "NOTEFERRY_TEST_SEED=\(seed) \(place.folder): kill@\(number), \(killed.code)"
    #expect([0, 137].contains(killed.code), "\(words) \(killed.words)")

    // A user of the target and one of the source: one of them at most gets on, and status names that side.
    let targetTakes = (try? site.execute("INSERT INTO note VALUES (1002, 'later')", in: target)) != nil
    let sourceTakes = try site.takesWrites()
    #expect(!(targetTakes && sourceTakes), "both sides take writes: \(words)")
    let status = site.status()
    switch status["service"]?.string {
    case "source": #expect(sourceTakes && !targetTakes, "\(words) \(status)")
    case "target": #expect(!sourceTakes, "\(words) \(status)")
    default: #expect(!sourceTakes, "\(words) \(status)")
    }

    let back = site.scratch.ferry("cutover", "rollback", name, "--confirm", "bench")
    #expect(back.status == .ok, "\(words) \(back.words)")
    try site.expectInService()
    let database = try Database(site.source)
    defer { database.close() }
    let rows = try database.rows(
      "SELECT id || ' ' || body FROM note WHERE id IN (7, 8, 1000, 1001, 1002) ORDER BY id"
    ).map { row -> String in
      if case .text(let bytes) = row[0] { String(decoding: bytes, as: UTF8.self) } else { "" }
    }
    let later = targetTakes ? ["1002 later"] : []
    #expect(rows == ["7 changed", "1000 new", "1001 新"] + later, "\(words)")
    #expect(throws: (any Error).self, "the target takes notes although it was left: \(words)") {
      try site.execute("INSERT INTO note VALUES (-1, 'late')", in: target)
    }
  }
}
