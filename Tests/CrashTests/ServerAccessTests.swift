import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// Who may do what on a server, and what its owner set: refused with the reason, or no hindrance at all.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ServerAccessTests {
  /// A role of a name that no other test has.
  private func makeRole(_ fixture: ServerFixture, _ options: String = "LOGIN") throws -> String {
    let name = "role_" + fixture.source
    try fixture.server.sql("CREATE ROLE \(name) \(options)")
    return name
  }

  @Test func `limits that an owner set for a role hinder neither an export nor an import`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      let role = try makeRole(fixture)
      let database = try fixture.makeDatabase()
      try fixture.server.sql(
        """
        ALTER ROLE \(role) SET statement_timeout = '40ms'; ALTER ROLE \(role) SET lock_timeout = '40ms';
        ALTER ROLE \(role) SET idle_in_transaction_session_timeout = '40ms';
        ALTER ROLE \(role) SET search_path = nowhere; ALTER ROLE \(role) SET bytea_output = 'escape';
        ALTER ROLE \(role) SET datestyle = 'German'; ALTER ROLE \(role) SET client_encoding = 'LATIN1';
        ALTER ROLE \(role) SET default_transaction_isolation = 'serializable';
        """)
      try fixture.server.sql("GRANT ALL ON SCHEMA public TO \(role)", database: database)
      try fixture.server.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(role)", database: fixture.source)
      try fixture.server.sql(
        "ALTER ROLE \(role) IN DATABASE \(fixture.source) SET search_path = public", database: fixture.source)
      // A reader of a database that is closed to writes is what a cautious owner gives.
      try fixture.server.sql("ALTER ROLE \(role) IN DATABASE \(fixture.source) SET default_transaction_read_only = on")
      let exported = try fixture.ferry("export", fixture.url(fixture.source, user: role), "-o", fixture.archive)
      #expect(exported.status == 0, "\(exported.summary)")
      let arguments = { ["import", fixture.archive, "--to", $0, "--create-schema", "--repair", "none"] }
      let url = fixture.url(database, user: role)
      let elsewhere = try fixture.start(arguments(url)).wait()
      #expect(elsewhere.status == 21 && elsewhere.words.contains("search path"), "\(elsewhere.summary)")
      #expect(lackOfAdvice(elsewhere, "NF-TARGET-21C") == nil)
      let imported = try fixture.start(arguments(url + "&options=-csearch_path%3Dpublic")).wait()
      #expect(imported.status == 0, "\(imported.summary)")
      #expect(try fixture.problem(database) == nil)
      #expect(try fixture.leftovers() == [])
    }
  }

  @Test func `what a user may not read or write is named before anything is written`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let role = try makeRole(fixture)
      try fixture.server.sql(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(role); REVOKE SELECT ON image_chunk FROM \(role)",
        database: fixture.source)
      let unread = try fixture.ferry("export", fixture.url(fixture.source, user: role), "-o", directory + "/none")
      #expect(unread.status == 23 && unread.words.contains("image_chunk"), "\(unread.summary)")
      #expect(lackOfAdvice(unread, "NF-ACCESS-23") == nil)
      let database = try fixture.makeDatabase()
      let arguments = ["import", fixture.archive, "--to", fixture.url(database, user: role), "--repair", "none"]
      let closed = try fixture.start(arguments + ["--create-schema"]).wait()
      #expect(closed.status == 23, "\(closed.summary)")
      #expect(lackOfAdvice(closed, "NF-ACCESS-23") == nil)
      try fixture.server.sql(ReferenceTables.statements, database: database)
      try fixture.server.sql(
        "GRANT ALL ON SCHEMA public TO \(role); GRANT ALL ON ALL TABLES IN SCHEMA public TO \(role); "
          + "REVOKE INSERT ON note FROM \(role)", database: database)
      let unwritten = try fixture.start(arguments).wait()
      #expect(unwritten.status == 23 && unwritten.words.contains("INSERT on note"), "\(unwritten.summary)")
      try fixture.server.sql("ALTER DATABASE \(database) SET default_transaction_read_only = on")
      let readOnly = try fixture.ferry("import", fixture.archive, "--to", fixture.url(database), "--repair", "none")
      #expect(readOnly.status == 23, "\(readOnly.summary)")
      #expect(lackOfAdvice(readOnly, "NF-ACCESS-23B") == nil)
      #expect(
        try fixture.server.sql(
          "SET default_transaction_read_only = off; SELECT count(*) FROM note; "
            + "SELECT count(*) FROM pg_class WHERE relname LIKE 'noteferry%'", database: database) == ["0", "0"])
    }
  }

  @Test func `rows that a policy hides are refused on either side`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let role = try makeRole(fixture)
      let policy =
        "ALTER TABLE tag ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON tag USING (id < 5); "
        + "GRANT ALL ON SCHEMA public TO \(role); GRANT ALL ON ALL TABLES IN SCHEMA public TO \(role)"
      try fixture.server.sql(policy, database: fixture.source)
      let hidden = try fixture.ferry("export", fixture.url(fixture.source, user: role), "-o", directory + "/none")
      #expect(hidden.status == 23 && hidden.words.contains("tag"), "\(hidden.summary)")
      let database = try fixture.makeDatabase()
      try fixture.server.sql(ReferenceTables.statements + policy, database: database)
      let kept = try fixture.ferry(
        "import", fixture.archive, "--to", fixture.url(database, user: role), "--repair", "none")
      #expect(kept.status == 23 && kept.words.contains("tag"), "\(kept.summary)")
    }
  }

  @Test func `a trigger that changes rows on their way is found by the reading back`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      try fixture.server.sql(
        ReferenceTables.statements + """
          CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.id = 7 THEN NEW.name = upper(NEW.name); END IF; RETURN NEW; END $$;
          CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON tag FOR EACH ROW EXECUTE FUNCTION shout();
          """, database: database)
      let arguments = ["import", fixture.archive, "--to", fixture.url(database), "--repair", "none"]
      let changed = try fixture.start(arguments).wait()
      #expect(changed.status == 31 && changed.output.contains("1 row read back"), "\(changed.summary)")
      // The mark stays: nobody takes the target for complete.
      #expect(try fixture.problem(database) != nil)
      try fixture.server.sql("DROP TRIGGER shout ON tag; UPDATE tag SET name = lower(name)", database: database)
      #expect(try fixture.problemAfter(arguments, database) == nil)
    }
  }

  @Test(arguments: ["SQL_ASCII", "LATIN1"])
  func `a database that is not UTF8 is refused as a target, with its encoding`(encoding: String) throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = "\(fixture.source)_\(encoding.lowercased())"
      try fixture.server.sql("CREATE DATABASE \(database) TEMPLATE template0 ENCODING '\(encoding)' LOCALE 'C'")
      let refused = try fixture.ferry(
        "import", fixture.archive, "--to", fixture.url(database), "--create-schema", "--repair", "none")
      #expect(refused.status == 21 && refused.words.contains(encoding), "\(refused.summary)")
      #expect(lackOfAdvice(refused, "NF-TARGET-21C") == nil)
      #expect(
        try fixture.server.sql("SELECT count(*) FROM pg_class WHERE relname = 'note'", database: database) == ["0"])
    }
  }

  @Test func `a table in parts, one that inherits, and a computed column arrive as they were`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.server.sql(
        """
        CREATE TABLE event (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
        CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
        CREATE INDEX event_by_day ON event (day);
        INSERT INTO event SELECT i, i % 20 FROM generate_series(1, 100) i;
        CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE derived (extra text) INHERITS (base);
        INSERT INTO base VALUES (1); INSERT INTO derived VALUES (2, 'two');
        CREATE TABLE circle (id int PRIMARY KEY, r int, area int GENERATED ALWAYS AS (r * r * 3) STORED);
        INSERT INTO circle (id, r) VALUES (1, 2), (2, 5);
        """, database: fixture.source)
      try fixture.export()
      let database = try fixture.makeDatabase()
      let imported = try fixture.ferry(
        "import", fixture.archive, "--to", fixture.url(database), "--create-schema", "--repair", "none")
      #expect(imported.status == 0, "\(imported.summary)")
      let questions = """
        SELECT count(*), sum(id * day) FROM event; SELECT count(*) FROM ONLY base; SELECT * FROM derived;
        SELECT * FROM circle ORDER BY id;
        """
      #expect(
        try fixture.server.sql(questions, database: database)
          == fixture.server.sql(questions, database: fixture.source))
    }
  }
}
