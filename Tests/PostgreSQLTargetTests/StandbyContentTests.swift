import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

/// Long values of a standby that gives way to replay at once. A pair of its own: what other tests remove from catalogues
/// that all databases share would take views away, too.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct StandbyContentTests {
  @Test func `a long value whose view a standby takes away is read again from its beginning`() throws {
    let cluster = try PostgreSQLCluster(.asynchronous, settings: ["max_standby_streaming_delay = 0"])
    let place = try Place(cluster)
    let standby = try #require(cluster.standby)
    _ = try place.sql(
      """
      ALTER TABLE picture ALTER bytes SET STORAGE EXTERNAL;
      INSERT INTO picture SELECT i, convert_to(repeat('a', 20 + i * 5000000), 'UTF8') FROM generate_series(1, 2) i;
      INSERT INTO picture SELECT i FROM generate_series(10, 20000) i;
      """)
    func replay() throws {
      let end = try place.sql("SELECT pg_current_wal_flush_lsn()")[0]
      try standby.wait("replay", until: "SELECT (pg_last_wal_replay_lsn() >= '\(end)')::int")
    }
    /// Removes rows that the standby's view still needs.
    func disturb(_ rows: String) throws {
      _ = try place.sql("DELETE FROM picture WHERE id > 10 AND \(rows)")
      _ = try place.sql("VACUUM picture")
      try replay()
    }
    try replay()
    let path = String(standby.url(place.database).dropFirst("postgresql:".count))
    let source = try PostgreSQLSource(StoreLocation(scheme: "postgresql", path: path), profiles: [profile])
    let snapshot = try source.openSnapshot(SnapshotOptions())
    defer { snapshot.close() }
    let page = RecordPage(entity: try #require(snapshot.schema.entity(named: "picture")), algorithm: .sha256)
    try snapshot.startReading(page.entity, after: nil)
    _ = try snapshot.readPage(into: page) { _ in }
    let places = page.contents.compactMap { content -> Int? in
      if case .store(let handle) = content.place { handle } else { nil }
    }
    try #require(places.count == 2)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { room.deallocate() }
    func read(_ handle: Int, after first: () throws -> Void = {}) throws -> (count: Int, outcome: ContentOutcome) {
      let reader = try snapshot.openContent(handle)
      var count = try reader.read(into: room)
      try first()
      while case let got = try reader.read(into: room), got > 0 {
        #expect(room[..<got].allSatisfy { $0 == UInt8(ascii: "a") })
        count += got
      }
      return (count, try reader.finish())
    }
    let broken = try read(places[0]) { try disturb("id % 2 = 0") }
    #expect(broken.count < 5_000_020 && broken.outcome == .changed(byteCount: 5_000_020))
    #expect(try read(places[0]) == (5_000_020, .settled))
    // The place of the next one is known from the view that has gone.
    #expect(try read(places[1]) == (10_000_020, .settled))
    #expect(snapshot.wasRenewedWithinPage() && !snapshot.wasRenewedWithinPage())
    let error = #expect(throws: MigrationError.self) {
      _ = try read(places[1]) {
        _ = try place.sql("UPDATE picture SET bytes = NULL WHERE id = 2")
        try disturb("id % 3 = 0")
      }
    }
    #expect(error?.code == .storeLost, "a row that was changed is no longer the one that was read")
  }
}
