import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// What an import into one server survives. Each case ends with the same command, and a database that is equal.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ServerImportTests {
  @Test func `an import killed in front of and behind every commit is gone on with, and nothing comes twice`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      let arguments = fixture.filling(database)
      #expect(try fixture.problemAfter(arguments, database) == nil)
      let commits = fixture.proxy.counted.commits
      // The mark, each batch, the end of the load, the approval.
      #expect(commits > 10)
      try inTurn("killed at commit", 1...commits) { number in
        // What is behind one is in front of the next.
        for isDone in Sweep.limit > 1000 ? [false, true] : [number % 2 == 1] {
          try fixture.clear(database)
          fixture.proxy.watch(isDone ? .committed(number) : .commit(number))
          let child = try fixture.start(arguments)
          try fixture.proxy.waitUntilHeld(child)
          child.signal(9)
          guard child.wait().wasKilled else { return "it was not killed" }
          fixture.proxy.drop()
          if let wrong = try fixture.problemAfter(arguments, database) {
            return "\(isDone ? "behind" : "in front of") the commit: \(wrong)"
          }
        }
        return nil
      }
      #expect(try fixture.leftovers() == [])
    }
  }

  @Test func `a connection that is lost anywhere ends with 32, and the same command goes on`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      let arguments = fixture.filling(database)
      try #require(try fixture.problemAfter(arguments, database) == nil)
      let whole = fixture.proxy.counted.questions
      try inTurn("cut at seventh", 1...6) { number in
        try fixture.clear(database)
        fixture.proxy.watch(.question(whole * number / 7))
        let child = try fixture.start(arguments)
        try fixture.proxy.waitUntilHeld(child)
        if number % 2 == 0 {
          // The server ends the session and says so.
          try fixture.server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)'")
          fixture.proxy.release()
        } else {
          fixture.proxy.drop()
        }
        let lost = child.wait()
        guard lost.status == 32 else { return "32 was due: \(lost.summary)" }
        if let lack = lackOfAdvice(lost, "NF-LINK-32B") { return lack }
        return try fixture.problemAfter(arguments, database)
      }
      #expect(try fixture.leftovers() == [])
    }
  }

  @Test func `an import goes on by itself when its connection is lost and the server is there`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      try #require(try fixture.problemAfter(fixture.filling(database), database) == nil)
      let passed = fixture.proxy.counted
      // In the load, behind a commit that the program has not heard of, and while it reads back.
      let moments: [ServerProxy.Moment] = [
        .question(passed.questions / 2), .committed(passed.commits / 2), .answer(passed.answers / 2),
      ]
      for moment in moments {
        try fixture.clear(database)
        fixture.proxy.watch(moment)
        let child = try fixture.start(fixture.filling(database, patience: 60))
        try fixture.proxy.waitUntilHeld(child)
        fixture.proxy.drop()
        let ending = child.wait()
        #expect(ending.status == 0, "\(moment): \(ending.summary)")
        #expect(try fixture.problem(database) == nil)
      }
      #expect(try fixture.leftovers() == [])
    }
  }

  @Test func `Ctrl-C ends an import whose server has stopped answering, and its reading back`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      let arguments = fixture.filling(database)
      try #require(try fixture.problemAfter(arguments, database) == nil)
      let passed = fixture.proxy.counted
      // In the load the program speaks, in the reading back the server does.
      let moments: [ServerProxy.Moment] = [.question(passed.questions / 2), .answer(passed.answers / 2)]
      for moment in moments {
        try fixture.clear(database)
        fixture.proxy.watch(moment)
        let child = try fixture.start(arguments)
        try fixture.proxy.waitUntilHeld(child)
        child.signal(2)
        let stopped = child.wait()
        #expect(stopped.status == 130, "\(stopped.summary)")
        fixture.proxy.drop()
        #expect(try fixture.problemAfter(arguments, database) == nil)
      }
      #expect(try fixture.leftovers() == [])
    }
  }

  @Test func `a server that is killed in the middle of an import and of an export loses nothing of either`() throws {
    try withWorkshop { directory in
      let cluster = try PostgreSQLCluster(settings: ["fsync = on"])
      let fixture = try ServerFixture(directory, cluster: cluster)
      func kill(_ arguments: [String], at moment: ServerProxy.Moment) throws {
        fixture.proxy.watch(moment)
        let child = try fixture.start(arguments)
        try fixture.proxy.waitUntilHeld(child)
        try cluster.primary.kill()
        fixture.proxy.release()
        let lost = child.wait()
        #expect(lost.status == 32, "\(lost.summary)")
        #expect(lackOfAdvice(lost, "NF-LINK-32B") == nil)
        let down = try fixture.start(arguments).wait()
        #expect([20, 21].contains(down.status), "\(down.summary)")
        try cluster.primary.start()
      }
      let export = ["export", fixture.proxy.url(fixture.source), "-o", fixture.archive, "--checkpoint", "1B"]
      try kill(export, at: .answer(2 << 20))
      fixture.proxy.watch()
      let exported = try fixture.start(export).wait()
      // What was read before the server went is of an earlier view.
      #expect([0, 31].contains(exported.status), "\(exported.summary)")
      let database = try fixture.makeDatabase()
      try kill(fixture.filling(database), at: .question(3 << 20))
      if exported.status == 0 {
        #expect(try fixture.problemAfter(fixture.filling(database), database) == nil)
      } else {
        fixture.proxy.watch()
        let ending = try fixture.start(fixture.filling(database)).wait()
        #expect(ending.status == 31, "\(ending.summary)")
        #expect(try fixture.problem(database) == nil)
      }
    }
  }

  @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
  func `a server whose disk is full takes back the batch, and goes on when there is room`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let disk = try SmallDisk(fixture.cluster.directory + "/disk", bytes: 12 << 20)
      defer { withExtendedLifetime(disk) {} }
      var owner = stat()
      stat(fixture.server.dataDirectory, &owner)
      try Folder.create(disk.path + "/space")
      chown(disk.path + "/space", owner.st_uid, owner.st_gid)
      let database = "narrow_\(fixture.source)"
      try fixture.server.sql("CREATE TABLESPACE narrow LOCATION '\(disk.path)/space'")
      try fixture.server.sql("CREATE DATABASE \(database) TABLESPACE narrow TEMPLATE template0")
      let arguments = fixture.filling(database)
      // The first session writes a file of its own.
      try fixture.server.sql("SELECT 1", database: database)
      try disk.fillUp()
      let full = try fixture.start(arguments).wait()
      #expect(full.status == 34, "\(full.summary)")
      #expect(lackOfAdvice(full, "NF-SPACE-34B") == nil)
      try disk.makeRoom()
      try disk.grow(to: 64 << 20)
      #expect(try fixture.problemAfter(arguments, database) == nil)
      // The file system cannot go while the server uses it.
      try fixture.server.sql("DROP DATABASE \(database)")
      try fixture.server.sql("DROP TABLESPACE narrow")
    }
  }

  @Test func `a target whose product was upgraded since the import began is refused`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      try fixture.export()
      let database = try fixture.makeDatabase()
      let arguments = fixture.filling(database)
      // Behind the page with the version.
      fixture.proxy.watch(.committed(6))
      let child = try fixture.start(arguments)
      try fixture.proxy.waitUntilHeld(child)
      child.signal(9)
      _ = child.wait()
      fixture.proxy.drop()
      try fixture.server.sql(
        """
        DELETE FROM product_info WHERE name = 'schema_version';
        INSERT INTO product_info VALUES ('schema_version', '2.0');
        """, database: database)
      fixture.proxy.watch()
      let refused = try fixture.start(arguments).wait()
      #expect(refused.status == 22, "\(refused.summary)")
      #expect(lackOfAdvice(refused, "NF-VERSION-22") == nil)
      try fixture.server.sql("DELETE FROM product_info WHERE name = 'schema_version'", database: database)
      try fixture.server.sql(
        "INSERT INTO product_info VALUES ('schema_version', '1.0')", database: database)
      #expect(try fixture.problemAfter(arguments, database) == nil)
    }
  }
}

/// Runs cases one after the other; they share a server.
///
/// - Parameter body: What is wrong; `nil` where all is well.
func inTurn(_ name: String, _ numbers: ClosedRange<Int>, _ body: (Int) throws -> String?) throws {
  for number in numbers {
    if let problem = try body(number) { Issue.record("\(name) \(number): \(problem)") }
  }
}
