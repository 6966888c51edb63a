import DurableIO
import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

/// A fence against all that a server knows to write with.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct FenceTests {
  private static let more = """
    CREATE TABLE part (id integer NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE always (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, twice integer GENERATED ALWAYS AS (2) STORED);
    CREATE TABLE "it's ""odd"" one" (x integer);
    CREATE TABLE child (note_id integer REFERENCES note (id) ON DELETE CASCADE);
    CREATE VIEW bodies AS SELECT body FROM note;
    CREATE FUNCTION chatter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER chatter BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION chatter();
    INSERT INTO note (body) VALUES ('one'), ('two'); INSERT INTO child VALUES (1);
    INSERT INTO part VALUES (1, '2026-05-05');
    """

  private static let writes = [
    "INSERT INTO note (body) VALUES ('new')", "INSERT INTO note (id, body) VALUES (1, 'x') ON CONFLICT DO NOTHING",
    "INSERT INTO note (id, body) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET body = 'y'",
    "UPDATE note SET body = 'x'", "UPDATE note SET body = 'x' WHERE false", "DELETE FROM note WHERE id = 1",
    "TRUNCATE child", "TRUNCATE note CASCADE", "INSERT INTO bodies VALUES ('by view')",
    "COPY note (body) FROM STDIN;\nnew\n\\.\n", "INSERT INTO part VALUES (2, '2026-05-05')",
    "INSERT INTO part_1 VALUES (2, '2026-05-05')", "DELETE FROM part_1",
    "INSERT INTO \"it's \"\"odd\"\" one\" VALUES (1)",
    "INSERT INTO always DEFAULT VALUES", "WITH d AS (DELETE FROM note RETURNING id) SELECT * FROM d",
    "SET session_replication_role = replica; INSERT INTO note (body) VALUES ('x')",
    "MERGE INTO note USING (SELECT 1 AS n) s ON note.id = s.n WHEN MATCHED THEN DELETE",
    "DO $$ BEGIN INSERT INTO note (body) VALUES ('x'); END $$",
  ]

  private static func fence(_ place: Place, blocking: Duration = .milliseconds(300), patience: Duration = .seconds(60))
    throws -> PostgreSQLFence
  {
    let path = String(place.server.url(place.database).dropFirst("postgresql:".count))
    return try PostgreSQLFence(
      StoreLocation(scheme: "postgresql", path: path), profiles: [profile],
      limits: FenceLimits(blocking: blocking, patience: patience))
  }

  private static func place() throws -> Place {
    let place = try Place(PostgreSQLCluster.shared())
    _ = try place.sql(more)
    return place
  }

  private static func session(_ place: Place) throws -> Connection {
    let path = String(place.server.url(place.database).dropFirst("postgresql:".count))
    let session = try Connection(StoreLocation(scheme: "postgresql", path: path), role: .target)
    try session.execute("SET search_path = public")
    return session
  }

  private static let claim = try! RunClaim(run: "run-a", holder: "a test")

  private static func dump(_ place: Place) throws -> [String] {
    try place.sql(
      "SELECT * FROM note ORDER BY id; SELECT * FROM part ORDER BY id; SELECT * FROM child; SELECT tgname, tgrelid FROM "
        + "pg_trigger ORDER BY 2, 1; SELECT relname FROM pg_class WHERE relname LIKE 'noteferry%' ORDER BY 1; "
        + "SELECT proname FROM pg_proc WHERE proname LIKE 'noteferry%'")
  }

  @Test func `a seal lets the one transaction through that says its own number, and no other`() throws {
    let place = try Self.place()
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    try fence.seal(run: Self.claim.run)
    let (ours, other) = (try Self.session(place), try Self.session(place))
    defer {
      ours.close()
      other.close()
    }
    let pass = FencePass(run: Self.claim.run, schema: "public")
    try pass.requireSeal(ours)
    #expect(refusal { try FencePass(run: "run-b", schema: "public").requireSeal(ours) }?.code == .fenceExpired)
    let write = "INSERT INTO note (body) VALUES ('back')"
    #expect(throws: (any Error).self) { try ours.execute(write) }
    try ours.execute("BEGIN")
    #expect(throws: (any Error).self) { try FencePass(run: "run-b", schema: "public").begin(ours) }
    try pass.begin(ours)
    try ours.execute("\(write); SAVEPOINT s; UPDATE note SET body = body; ROLLBACK TO SAVEPOINT s; \(write)")
    #expect(throws: (any Error).self) { try other.execute(write) }
    try ours.execute("COMMIT")
    // Left in the row, the number is nobody's any more.
    for session in [ours, other] { #expect(throws: (any Error).self) { try session.execute(write) } }
    try ours.execute("BEGIN")
    try pass.begin(ours)
    try pass.end(ours)
    #expect(throws: (any Error).self) { try ours.execute(write) }
    try ours.execute("ROLLBACK")
    #expect(try place.sql("SELECT count(*) FROM note WHERE body = 'back'") == ["2"])
  }

  @Test func `no statement of the owner, a superuser or another user gets through`() throws {
    let place = try Self.place()
    _ = try place.sql(
      "DO $$ BEGIN CREATE ROLE fence_app LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        + "GRANT ALL ON ALL TABLES IN SCHEMA public TO fence_app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO fence_app"
    )
    let before = try Self.dump(place)
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    for sql in Self.writes {
      #expect(words(place, sql)?.contains("run run-a") == true, "\(sql): \(words(place, sql) ?? "done")")
    }
    #expect(words(place, Self.writes[0], user: "fence_app")?.contains("run run-a") == true)
    let rows = "SELECT * FROM note ORDER BY id"
    let during = try place.sql(rows)
    #expect(during == ["1|one|||", "2|two|||"])
    #expect(try fence.prove(run: "run-a").tables.count == 7)
    #expect(try fence.drop(run: "run-a", unsealing: false).isComplete)
    #expect(try Self.dump(place) == before)
    #expect(words(place, Self.writes[0], user: "fence_app") == nil)
  }

  private func words(_ place: Place, _ sql: String, user: String = "noteferry") -> String? {
    do {
      try place.server.sql(sql, database: place.database, user: user)
      return nil
    } catch { return "\(error)" }
  }

  @Test func `a transaction that has written is waited for, and users go on meanwhile`() throws {
    let place = try Self.place()
    let writer = try Self.session(place)
    defer { writer.close() }
    try writer.execute("BEGIN; INSERT INTO note (body) VALUES ('long')")
    let short = try Self.fence(place, patience: .milliseconds(700))
    defer { short.close() }
    let refusal = failure { try short.raise(Self.claim, lasting: .seconds(600)) }
    #expect(refusal?.code == .storeLocked)
    #expect(refusal?.cause.contains("is idle in transaction") == true, "\(refusal?.cause ?? "")")
    #expect(try short.status() == .none)
    // Nobody is held up by the attempts that failed.
    _ = try place.sql("INSERT INTO note (body) VALUES ('other')")
    let fence = try Self.fence(place)
    defer { fence.close() }
    nonisolated(unsafe) let raised = fence
    let raising = WorkerThread { _ = try? raised.raise(Self.claim, lasting: .seconds(600)) }
    // Users of other tables are held up at most for the time that was promised, then get on.
    for _ in 0..<3 { _ = try place.sql("INSERT INTO picture DEFAULT VALUES") }
    try writer.execute("COMMIT")
    raising.join()
    #expect(try fence.status().holds)
    #expect(try place.sql("SELECT count(*) FROM note WHERE body = 'long'") == ["1"])
    _ = try fence.prove(run: "run-a")
  }

  @Test func `a transaction whose view is older than the fence cannot write`() throws {
    let place = try Self.place()
    let writer = try Self.session(place)
    defer { writer.close() }
    try writer.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM note")
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    let refusal = failure { try writer.execute("INSERT INTO note (body) VALUES ('late')") }
    #expect(refusal?.cause.contains("NFENC") == true, "\(refusal?.cause ?? "")")
  }

  @Test(arguments: ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
  func `the seal and a write behind the deadline never both succeed`(level: String) throws {
    let place = try Self.place()
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .milliseconds(1))
    try place.server.wait(
      "the deadline", until: "SELECT count(*) FROM noteferry_fence_row WHERE deadline < clock_timestamp()",
      database: place.database)
    let writer = try Self.session(place)
    defer { writer.close() }
    // The write is through and not committed when somebody sets the server's clock back.
    try writer.execute("BEGIN ISOLATION LEVEL \(level); INSERT INTO note (body) VALUES ('through')")
    let other = try Self.session(place)
    defer { other.close() }
    try other.execute("BEGIN ISOLATION LEVEL \(level); SELECT count(*) FROM note")
    nonisolated(unsafe) let seen = place
    let setBack = WorkerThread {
      _ = try? seen.sql("UPDATE noteferry_fence_row SET deadline = clock_timestamp() + interval '600 s'")
    }
    try place.server.wait(
      "the one who waits",
      until: "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(place.database)' AND "
        + "wait_event_type = 'Lock'")
    try writer.execute("COMMIT")
    setBack.join()
    #expect(failure { try fence.seal(run: "run-a") }?.code == .fenceExpired)
    #expect(try fence.status() == .expired(Self.claim, broken: true))
    // A transaction that saw the fence expired, and writes when it is sealed by a fresh run, is refused.
    try fence.raise(Self.claim, lasting: .seconds(600))
    try fence.seal(run: "run-a")
    #expect(failure { try other.execute("INSERT INTO note (body) VALUES ('late')") } != nil)
  }

  @Test func `dropping does not wait for readers, and the next drop removes what is left`() throws {
    let place = try Self.place()
    let fence = try Self.fence(place, blocking: .milliseconds(100), patience: .milliseconds(300))
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    let reader = try Self.session(place)
    defer { reader.close() }
    try reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM note")
    let removal = try fence.drop(run: "run-a", unsealing: false)
    #expect(removal.remains == ["note"])
    _ = try place.sql("INSERT INTO note (body) VALUES ('behind the fence')")
    #expect(failure { try fence.seal(run: "run-a") }?.code == .fenceExpired)
    try reader.execute("COMMIT")
    #expect(try fence.drop(run: "run-a", unsealing: false).isComplete)
    #expect(try fence.status() == .none)
    #expect(try place.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'noteferry%'") == ["0"])
  }

  @Test func `a switched-off trigger, a table that came since and one that refuses nothing are leaks`() throws {
    let place = try Self.place()
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    for (breaking, mending) in [
      ("CREATE TABLE later (x integer)", "DROP TABLE later"),
      (
        "ALTER TABLE note DISABLE TRIGGER noteferry_fence_rows",
        "ALTER TABLE note ENABLE ALWAYS TRIGGER noteferry_fence_rows"
      ),
      (
        "ALTER TABLE note ENABLE TRIGGER noteferry_fence_rows",
        "ALTER TABLE note ENABLE ALWAYS TRIGGER noteferry_fence_rows"
      ),
    ] {
      _ = try place.sql(breaking)
      #expect(failure { _ = try fence.prove(run: "run-a") }?.code == .fenceLeaks, "\(breaking)")
      _ = try place.sql(mending)
      _ = try fence.prove(run: "run-a")
    }
    _ = try place.sql(
      "CREATE OR REPLACE FUNCTION noteferry_fence_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    let before = try place.sql("SELECT count(*) FROM note")
    #expect(failure { _ = try fence.prove(run: "run-a") }?.code == .fenceLeaks)
    #expect(try place.sql("SELECT count(*) FROM note") == before)
  }

  @Test func `a user who does not own the tables cannot raise a fence, and is told so`() throws {
    let place = try Self.place()
    _ = try place.sql(
      "DO $$ BEGIN CREATE ROLE fence_guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        + "GRANT ALL ON ALL TABLES IN SCHEMA public TO fence_guest; GRANT ALL ON SCHEMA public TO fence_guest")
    let path = String(place.server.url(place.database, user: "fence_guest").dropFirst("postgresql:".count))
    let fence = try PostgreSQLFence(StoreLocation(scheme: "postgresql", path: path), profiles: [profile])
    defer { fence.close() }
    #expect(failure { try fence.raise(Self.claim, lasting: .seconds(600)) }?.code == .noPermission)
    #expect(try place.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'noteferry%'") == ["0"])
    _ = try place.sql("INSERT INTO note (body) VALUES ('as before')")
  }

  @Test func `the server's own vacuum makes way`() throws {
    // One that would take hours: a millisecond of work in each hundred.
    let cluster = try PostgreSQLCluster(settings: [
      "autovacuum = on", "autovacuum_naptime = 1s", "autovacuum_vacuum_cost_delay = 100ms",
      "autovacuum_vacuum_cost_limit = 1", "autovacuum_vacuum_threshold = 50", "autovacuum_max_workers = 1",
    ])
    let place = try Place(cluster)
    _ = try place.sql(
      "INSERT INTO note (body) SELECT repeat('x', 2000) FROM generate_series(1, 20000); DELETE FROM note WHERE id % 2 = 0"
    )
    try place.server.wait(
      "the vacuum",
      until: "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
        + "backend_type = 'autovacuum worker' AND relation = 'note'::regclass AND mode = 'ShareUpdateExclusiveLock' AND granted",
      database: place.database)
    let fence = try Self.fence(place)
    defer { fence.close() }
    try fence.raise(Self.claim, lasting: .seconds(600))
    _ = try fence.prove(run: "run-a")
  }

  private func failure(_ body: () throws -> Void) -> MigrationError? {
    do {
      try body()
      return nil
    } catch { return error as? MigrationError }
  }
}
