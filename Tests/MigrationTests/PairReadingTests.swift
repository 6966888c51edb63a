import AllStores
import DurableIO
import Foundation
import Migration
import NoteModel
import NoteStore
import Synchronization
import Testing

/// Two nodes as one source, read page by page.
struct PairReadingTests {
  private struct Silence: RunObserver {
    func observe(_ event: RunEvent) {}
  }

  /// Notes that a node has, with texts so long that they fill several pages.
  private func fill(_ path: String, _ ids: [Int], owner: String) throws {
    let database = try Database(path)
    try database.run(
      "PRAGMA journal_mode = WAL; BEGIN; " + ReferenceSchema.sqlite.joined(separator: ";")
        + "; INSERT INTO owner VALUES(1, 'o', 'o', 'vip', '', 0); INSERT INTO notebook VALUES(1, 1, NULL, 'n', 0);")
    for id in ids {
      // The length is the id's, so that what both nodes have is the same there.
      let length = 1000 + id * 7919 % 40_000
      try database.run("INSERT INTO note VALUES(\(id), 'u\(id)', 1, 1, '', hex(zeroblob(\(length / 2))), 1, 0, 0)")
      if id % 3 == 0 {
        try database.run("INSERT INTO node_setting VALUES('\(owner)', 's\(id)', hex(zeroblob(\(length * 2))))")
      }
    }
    try database.run("COMMIT")
  }

  @Test(arguments: [false, true])
  func `rows of two nodes come once, in order and whole, also when their views are renewed between pages`(
    isRenewed: Bool
  ) throws {
    let seed =
      ProcessInfo.processInfo.environment["NOTEFERRY_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0..<1 << 32)
    print("rows of two nodes: seed \(seed)")
    var dice = Dice(seed)
    let bench = try Workbench()
    let ids = (1...500).map { (id: $0, node: Int.random(in: 0..<4, using: &dice)) }
    let paths = ["a", "b"].map { bench.file($0 + ".db") }
    try fill(paths[0], ids.filter { $0.node != 1 }.map(\.id), owner: "a")
    try fill(paths[1], ids.filter { $0.node != 0 }.map(\.id), owner: "b")
    let stores = try paths.map { try AllStores.source($0, profiles: Profile.builtIn) }
    let pair = SourcePair(
      stores[0], stores[1], options: .init(stateDirectory: bench.file("state")), observer: Silence(),
      stop: StopRequest())
    // Without a limit until the nodes are compared; each commit behind it takes the views away.
    let snapshot = try pair.openSnapshot(
      SnapshotOptions(walBudget: ByteCount(isRenewed ? 1 : 1 << 40), renewalPatienceMilliseconds: 1))
    defer { snapshot.close() }
    var renewals = 0
    for (name, expected) in [("note", 500), ("node_setting", nil)] as [(String, Int?)] {
      let entity = try #require(snapshot.schema.entity(named: name))
      let page = RecordPage(entity: entity, algorithm: .sha256)
      var keys: [Key] = []
      try snapshot.startReading(entity, after: nil)
      var hasMore = true
      while hasMore {
        page.removeAll()
        hasMore = try snapshot.readPage(into: page) { _ in }
        keys += (0..<page.rowCount).map { page.key(ofRow: $0) }
        if isRenewed {
          for path in paths { try Database(path).run("UPDATE owner SET created_at = created_at + 1") }
          if try snapshot.renewIfNeeded() { renewals += 1 }
        }
      }
      #expect(keys == keys.sorted())
      #expect(Set(keys).count == keys.count)
      #expect(Int64(keys.count) == (try snapshot.count(of: entity)))
      if let expected { #expect(keys.count == expected) }
    }
    #expect(isRenewed == (renewals > 3))
    let differing = Int64(ids.count { $0.node < 2 })
    #expect(pair.report?.differences == differing)
  }
}
