import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

/// The seal of a pair that replicates itself, with a standby that cannot have it.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil)) struct SealTests {
  private static let cluster = Result { try PostgreSQLCluster(.synchronous) }

  private func pair(_ database: String, _ policy: NodePolicy = .both) throws -> ReplicatedPair {
    let cluster = try Self.cluster.get()
    var limits = ReplicationLimits(patience: .seconds(2))
    limits.standstill = .seconds(3)
    limits.holdup = .seconds(3)
    let address = { (server: PostgreSQLServer) in
      try ConnectionAddress(
        StoreLocation(scheme: "postgresql", path: String(server.url(database).dropFirst("postgresql:".count))))
    }
    return ReplicatedPair(
      Place.target(cluster.primary, database), try address(cluster.primary), try address(cluster.standby!), policy,
      limits: limits)
  }

  /// A pair that is filled and waits for its seal.
  private func filled(_ database: String, _ policy: NodePolicy = .both) throws -> ReplicatedPair {
    let pair = try pair(database, policy)
    _ = try pair.prepare(for: schema, profile: profile, origin: "archive1", options: TargetOptions())
    let page = notes(1...10)
    pair.enter(page: 1)
    for row in 0..<page.rowCount { try pair.apply(row: row, of: page, supplies: []) }
    try pair.leave(page: 1)
    try pair.commit(watermark(1))
    try pair.finish(schema)
    return pair
  }

  private func isMarked(_ server: PostgreSQLServer, _ database: String) throws -> Bool {
    try !server.sql("SELECT 1 FROM pg_class WHERE relname = 'noteferry_import'", database: database).isEmpty
  }

  private func expectSealable(_ database: String) throws {
    let cluster = try Self.cluster.get()
    let again = try pair(database)
    defer { again.close() }
    let found = try again.prepare(for: schema, profile: profile, origin: "archive1", options: TargetOptions())
    #expect(found?.groups == 1)
    try again.finish(schema)
    try again.approve()
    #expect(again.states.allSatisfy { $0.condition == .sealed })
    for server in [cluster.primary, cluster.standby!] {
      #expect(try !isMarked(server, database))
      #expect(try server.sql("SELECT count(*) FROM note", database: database) == ["10"])
    }
  }

  @Test func `a primary keeps its mark while its standby does not replay the seal`() throws {
    let cluster = try Self.cluster.get()
    let place = try Place(cluster)
    let pair = try filled(place.database)
    try cluster.standby!.sql("SELECT pg_wal_replay_pause()")
    defer { _ = try? cluster.standby!.sql("SELECT pg_wal_replay_resume()") }
    let error = refusal { try pair.approve() }
    #expect(error?.code == .standbyLost)
    #expect(error?.message.hasPrefix("node B (standby): ") == true)
    #expect(pair.states[0].condition == .filling(pages: 1))
    pair.close()
    #expect(try isMarked(cluster.primary, place.database))
    // The wait for the standby was called off: nothing of the import is left on the primary.
    try cluster.primary.wait(
      "the end of the session",
      until: "SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE application_name LIKE 'noteferry%'")
    try cluster.standby!.sql("SELECT pg_wal_replay_resume()")
    try expectSealable(place.database)
  }

  @Test(arguments: [NodePolicy.both, .primaryFirst])
  func `a frozen standby keeps the seal from the primary, and nobody waits for ever`(policy: NodePolicy) throws {
    let cluster = try Self.cluster.get()
    let place = try Place(cluster)
    let pair = try filled(place.database, policy)
    try cluster.standby!.freeze()
    defer { try? cluster.standby!.thaw() }
    let error = refusal { try pair.approve() }
    #expect(error?.code == (policy == .both ? .standbyLost : nil))
    #expect(pair.isDegraded == (policy == .primaryFirst))
    pair.close()
    #expect(try isMarked(cluster.primary, place.database))
    try cluster.standby!.thaw()
    try expectSealable(place.database)
  }

  @Test func `a session that waits for its standby in a commit is ended by the next run`() throws {
    let cluster = try Self.cluster.get()
    let place = try Place(cluster)
    let first = try filled(place.database)
    try cluster.standby!.sql("SELECT pg_wal_replay_pause()")
    defer { _ = try? cluster.standby!.sql("SELECT pg_wal_replay_resume()") }
    // What a run that was killed in its seal leaves behind: the server goes on waiting, and keeps the row's lock.
    let left = try Connection(
      ConnectionAddress(
        StoreLocation(
          scheme: "postgresql", path: String(cluster.primary.url(place.database).dropFirst("postgresql:".count)))),
      role: .target, tag: "archive1asprimar")
    try left.execute("SET synchronous_commit = remote_apply; BEGIN; UPDATE public.noteferry_import SET proven = true")
    first.close()
    let isEnded = DispatchSemaphore(value: 0)
    nonisolated(unsafe) let waiting = left
    Thread.detachNewThread {
      try? waiting.execute("COMMIT")
      isEnded.signal()
    }
    try cluster.primary.wait(
      "the wait", until: "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    let target = place.target()
    defer { target.close() }
    let found = try target.prepare(
      for: schema, profile: profile, origin: "archive1, as primary of two", options: TargetOptions())
    #expect(found?.groups == 1)
    try cluster.primary.wait(
      "the end of the wait", until: "SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    #expect(isEnded.wait(timeout: .now() + 120) == .success)
    left.close()
  }

  /// Only the batch waits for the standby. A session that waits as a whole does so once more when it ends, for it drops
  /// its temporary tables then, and nothing ends that wait but the standby.
  @Test func `a commit whose answer is lost is asked for by its number`() throws {
    let cluster = try Self.cluster.get()
    let place = try Place(cluster)
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try target.openBatch()
    try target.connection.execute("SET LOCAL synchronous_commit = remote_apply")
    try apply(notes(1...10), to: target)
    try cluster.standby!.sql("SELECT pg_wal_replay_pause()")
    defer { _ = try? cluster.standby!.sql("SELECT pg_wal_replay_resume()") }
    let isEnded = DispatchSemaphore(value: 0)
    nonisolated(unsafe) let waiting = target
    nonisolated(unsafe) var error: (any Error)?
    Thread.detachNewThread {
      do { try waiting.commit(watermark(1)) } catch let thrown { error = thrown }
      isEnded.signal()
    }
    try cluster.primary.wait(
      "the wait", until: "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    // The transaction is on the primary's disk; the session ends before it can say so.
    try place.cut()
    #expect(isEnded.wait(timeout: .now() + 120) == .success)
    #expect(error == nil)
    #expect(try place.sql("SELECT count(*) FROM note") == ["10"])
  }

  @Test func `a single server keeps its mark while its synchronous standby is gone, and says so within seconds`() throws
  {
    let cluster = try Self.cluster.get()
    let place = try Place(cluster)
    var options = TargetOptions()
    options.patience = .seconds(2)
    let target = place.target()
    defer { target.close() }
    _ = try target.prepare(for: schema, profile: profile, origin: "archive1", options: options)
    try cluster.standby!.kill()
    // Rows do not wait for it.
    try apply(notes(1...10), to: target)
    try target.commit(watermark(1))
    try target.finish(schema)
    let lost = refusal { try target.approve() }
    #expect(lost?.code == .standbyLost)
    #expect(lost?.cause.contains("synchronous_standby_names is standby") == true)
    #expect(lost?.next.contains { $0.contains("ALTER SYSTEM SET synchronous_standby_names = ''") } == true)
    target.close()
    #expect(try isMarked(cluster.primary, place.database))
    try cluster.standby!.start()
    try cluster.primary.wait(
      "the standby", until: "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
    let again = place.target()
    defer { again.close() }
    #expect(try again.prepare(for: schema, profile: profile, origin: "archive1", options: options)?.groups == 1)
    try again.finish(schema)
    try again.approve()
    #expect(try !isMarked(cluster.primary, place.database))
    #expect(try place.sql("SELECT count(*) FROM note") == ["10"])
    // Nothing of ours is left hanging.
    try cluster.primary.wait(
      "the end of the sessions",
      until: "SELECT (count(*) = 0)::int FROM pg_stat_activity WHERE application_name LIKE 'noteferry%' "
        + "AND datname = '\(place.database)'")
  }

  @Test func `a transaction that the server took back is told so`() throws {
    let place = try Place(try Self.cluster.get())
    let target = place.target()
    let lost = MigrationError(.storeLost, "lost", cause: "cut")
    let begun = try place.sql("BEGIN; SELECT pg_current_xact_id(); ROLLBACK").first ?? ""
    let error = refusal { try target.requireCommitted(begun, else: lost) }
    #expect(error?.code == .storeLost)
    #expect(error?.cause == "cut; the server has taken the batch back")
    let done = try place.sql("SELECT pg_current_xact_id()").first ?? ""
    #expect(refusal { try target.requireCommitted(done, else: lost) } == nil)
  }
}
