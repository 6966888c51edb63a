import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// What an export from a server survives, and what it leaves on the server: nothing.
@Suite(.serialized, .enabled(if: PostgreSQLCluster.obstacle == nil))
struct ServerExportTests {
  @Test func `an export leaves no session and no slot behind, whatever way it ends`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      func export(_ name: String) -> [String] {
        ["export", fixture.proxy.url(fixture.source), "-o", "\(directory)/archive-\(name)", "--checkpoint", "1B"]
      }
      fixture.proxy.watch()
      let whole = try fixture.start(export("whole")).wait()
      #expect(whole.status == 0, "\(whole.summary)")
      #expect(try fixture.leftovers() == [])
      let answers = fixture.proxy.counted.answers
      for (name, signal, status) in [("killed", 9, 137), ("stopped", 2, 130), ("ended", 15, 143)]
        as [(String, Int32, Int32)]
      {
        fixture.proxy.watch(.answer(answers / 2))
        let child = try fixture.start(export(name))
        try fixture.proxy.waitUntilHeld(child)
        child.signal(signal)
        #expect(child.wait().status == status, "\(name)")
        fixture.proxy.release()
        #expect(try fixture.leftovers() == [], "\(name)")
        fixture.proxy.watch()
        let again = try fixture.start(export(name)).wait()
        #expect([0, 31].contains(again.status), "\(again.summary)")
      }
    }
  }

  @Test func `a session that the server ends in the middle is lost, and the same command goes on`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      fixture.proxy.watch()
      let arguments = ["export", fixture.proxy.url(fixture.source), "-o", fixture.archive, "--checkpoint", "1B"]
      let measured = try fixture.start(["export", fixture.proxy.url(fixture.source), "-o", directory + "/first"]).wait()
      try #require(measured.status == 0, "\(measured.summary)")
      fixture.proxy.watch(.answer(fixture.proxy.counted.answers * 2 / 3))
      let child = try fixture.start(arguments)
      try fixture.proxy.waitUntilHeld(child)
      try fixture.server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(fixture.source)'")
      fixture.proxy.release()
      let lost = child.wait()
      #expect(lost.status == 32, "\(lost.summary)")
      #expect(lackOfAdvice(lost, "NF-LINK-32B") == nil)
      // The rest is read in another view of the same moment, for nobody wrote; unless other tests did, in databases of the
      // same server, which gives its transactions one row of numbers.
      fixture.proxy.watch()
      let again = try fixture.start(arguments).wait()
      #expect(again.output.contains("resumed"), "\(again.summary)")
      guard again.status == 0 else {
        #expect(again.status == 31 && again.output.contains("renewed 1 time"), "\(again.summary)")
        return
      }
      let database = try fixture.makeDatabase()
      #expect(try fixture.problemAfter(fixture.filling(database), database) == nil)
    }
  }

  @Test func `a view that gets older than it may is renewed, and the archive says so`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      let slow = try fixture.ferry(
        "export", fixture.url(fixture.source), "-o", fixture.archive, "--snapshot-age", "1s", "--rate", "2MiB/s")
      #expect(slow.status == 31 && slow.output.contains("--snapshot-age"), "\(slow.summary)")
      let wrong = try fixture.ferry(
        "export", fixture.url(fixture.source), "-o", directory + "/none", "--snapshot-age", "soon")
      #expect(wrong.status == 64 && wrong.words.contains("--snapshot-age 30min"), "\(wrong.summary)")
    }
  }

  @Test func `an export whose product is upgraded in the middle is not gone on with`() throws {
    try withWorkshop { directory in
      let fixture = try ServerFixture(directory)
      fixture.proxy.watch(.answer(2 << 20))
      let arguments = ["export", fixture.proxy.url(fixture.source), "-o", fixture.archive, "--checkpoint", "1B"]
      let child = try fixture.start(arguments)
      try fixture.proxy.waitUntilHeld(child)
      child.signal(9)
      _ = child.wait()
      fixture.proxy.drop()
      try fixture.server.sql(
        "UPDATE product_info SET value = '7.0' WHERE name = 'schema_version'", database: fixture.source)
      fixture.proxy.watch()
      let refused = try fixture.start(arguments).wait()
      #expect([22, 26].contains(refused.status), "\(refused.summary)")
      #expect(refused.words.contains("safe now") && refused.words.contains("next"), "\(refused.words)")
    }
  }
}
