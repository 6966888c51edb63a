import Foundation
import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

@testable import PostgreSQLStore

@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct FaultTests {
  @Test func `a connection that is cut in the middle of a COPY costs the open batch alone`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...100), to: target)
    try target.commit(watermark(1))
    try apply(notes(101...200), to: target)
    try place.cut()
    let error = refusal {
      for _ in 0..<100 { try apply(notes(201...5_000, body: String(repeating: "long ", count: 100)), to: target) }
      try target.commit(watermark(2))
    }
    #expect(error?.code == .storeLost)
    target.close()
    #expect(try place.sql("SELECT count(*) FROM note") == ["100"])
    let again = place.target()
    defer { again.close() }
    #expect(try prepare(again) == 1)
    try apply(notes(101...300), to: again)
    try again.commit(watermark(2))
    #expect(try place.sql("SELECT count(*) FROM note") == ["300"])
  }

  @Test func `a connection that is cut in the middle of a content leaves nothing of its row`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    let page = RecordPage(entity: schema.entities[1], algorithm: .sha256)
    page.beginRow()
    page.append(integer: 1)
    page.appendContent(byteCount: 64 << 20, isText: false, column: 1, place: .sameAs(path: "data/blobs"))
    try target.apply(row: 0, of: page, supplies: [.stream])
    try target.beginContent(0)
    let piece = [UInt8](repeating: 7, count: 1 << 20)
    for _ in 0..<10 { try piece.withUnsafeBytes { try target.writeContent($0) } }
    try place.cut()
    let error = refusal {
      for _ in 10..<64 { try piece.withUnsafeBytes { try target.writeContent($0) } }
      try target.endContent()
    }
    #expect(error?.code == .storeLost)
    target.abandonContents()
    target.close()
    #expect(try place.sql("SELECT count(*) FROM picture") == ["0"])
    let again = place.target()
    defer { again.close() }
    #expect(try prepare(again) == 0)
  }

  @Test func `a server that is killed and started again has every batch that was committed`() throws {
    let cluster = try PostgreSQLCluster(settings: ["fsync = on"])
    let place = try Place(cluster)
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...1_000), to: target)
    try target.commit(watermark(1))
    try apply(notes(1_001...1_100), to: target)
    try cluster.primary.kill()
    #expect(refusal { try target.commit(watermark(2)) }?.code == .storeLost)
    target.close()
    try cluster.primary.start()
    let again = place.target()
    defer { again.close() }
    #expect(try prepare(again) == 1)
    #expect(try place.sql("SELECT count(*) FROM note") == ["1000"])
  }

  @Test func `a full disk of the server is told, and there is room again the same import goes on`() throws {
    guard getuid() == 0, let disk = SmallDisk(megabytes: 48) else {
      // Only root makes a file system.
      return
    }
    let cluster = try PostgreSQLCluster()
    defer { withExtendedLifetime(disk) {} }
    disk.give(to: cluster.primary)
    try cluster.primary.sql("CREATE TABLESPACE small LOCATION '\(disk.path)/space'")
    try cluster.primary.sql("CREATE DATABASE narrow TABLESPACE small TEMPLATE template0")
    let place = try Place(cluster, database: "narrow")
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...10), to: target)
    try target.commit(watermark(1))
    let error = refusal {
      for number in 0..<40 as Range<Int64> {
        try apply(notes(number * 100 + 11...number * 100 + 110, body: noise(20_000)), to: target)
      }
      try target.commit(watermark(2))
    }
    #expect(error?.code == .diskFull)
    target.close()
    #expect(try place.sql("SELECT count(*) FROM note") == ["10"])
    let again = place.target()
    defer { again.close() }
    #expect(try prepare(again) == 1)
    try apply(notes(11...20), to: again)
    try again.commit(watermark(2))
    #expect(try place.sql("SELECT count(*) FROM note") == ["20"])
  }

  /// Text that does not become shorter by compression.
  private func noise(_ count: Int) -> String {
    var state: UInt64 = 1
    return String(
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Character(UnicodeScalar(UInt8(0x23 + (state >> 33) % 80)))
      })
  }

  @Test func `a statement that lasts longer than its limit is ended and told as a deadline`() throws {
    let place = try Place(.shared())
    _ = try place.sql(
      """
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE INSERT ON note FOR EACH ROW EXECUTE FUNCTION slow();
      """)
    var limits = ConnectionLimits()
    limits.statement = .seconds(2)
    let target = place.target(limits: limits)
    defer { target.close() }
    try prepare(target)
    try apply(notes(1...1), to: target)
    #expect(refusal { try target.commit(watermark(1)) }?.code == .storeTimeout)
    target.close()
    #expect(try place.sql("SELECT count(*) FROM note") == ["0"])
  }

  @Test func `a standby is refused by its role, and so is a database that is closed to writes`() throws {
    let cluster = try PostgreSQLCluster(.asynchronous)
    let place = try Place(cluster)
    let standby = try #require(cluster.standby)
    try standby.wait("the database", until: "SELECT count(*) FROM pg_database WHERE datname = '\(place.database)'")
    let error = refusal { try prepare(Place.target(standby, place.database)) }
    #expect(error?.code == .targetReadOnly)
    #expect(error?.message.contains("standby") == true)
    _ = try place.sql("ALTER DATABASE \(place.database) SET default_transaction_read_only = on")
    let closed = refusal { try prepare(place.target()) }
    #expect(closed?.code == .targetReadOnly)
    #expect(closed?.cause.contains("default_transaction_read_only") == true)
  }

  @Test func `a user without a privilege is refused by its name before anything is changed`() throws {
    let place = try Place(.shared())
    _ = try place.sql(
      """
      CREATE ROLE \(place.database)_guest LOGIN;
      GRANT CREATE ON SCHEMA public TO \(place.database)_guest;
      GRANT SELECT ON note, picture TO \(place.database)_guest;
      GRANT INSERT, UPDATE ON note TO \(place.database)_guest;
      """)
    let error = refusal { try prepare(place.target(user: place.database + "_guest")) }
    #expect(error?.code == .noPermission)
    #expect(error?.cause.contains("INSERT on picture, UPDATE on picture") == true)
    #expect(try place.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'noteferry%'") == ["0"])
  }

  @Test func `a session that an earlier run left behind is ended, and another import is kept out`() throws {
    let place = try Place(.shared())
    let first = place.target()
    defer { first.close() }
    try prepare(first)
    try apply(notes(1...5), to: first)
    // As after a lost connection: the server still holds the session and its locks.
    let second = place.target()
    defer { second.close() }
    #expect(try prepare(second) == 0)
    #expect(refusal { try first.commit(watermark(1)) }?.code == .storeLost)
    var limits = ConnectionLimits()
    limits.lock = .seconds(1)
    let other = place.target(limits: limits)
    let error = refusal {
      _ = try other.prepare(for: schema, profile: profile, origin: "another2", options: TargetOptions())
    }
    #expect(error?.code == .storeLocked)
  }

  @Test func `values that a column cannot hold are refused by key, never changed`() throws {
    let place = try Place(.shared())
    let target = place.target()
    defer { target.close() }
    try prepare(target)
    for (flag, size, text) in [(2, 7, "a"), (1, Int64(Int32.max) + 1, "a"), (0, 7, "a\0b"), (0, 7, "\u{FFFD}")] {
      let page = RecordPage(entity: schema.entities[0], algorithm: .sha256)
      page.beginRow()
      page.append(integer: 5)
      let bytes = text == "\u{FFFD}" ? [0xC3, 0x28] : Array(text.utf8)
      bytes.withUnsafeBytes { page.append(text: $0) }
      page.append(integer: Int64(flag))
      page.append(integer: size)
      page.appendNull()
      let error = refusal { try target.applyRepaired(row: 0, of: page, supplies: []) }
      #expect(error?.code == .targetRefusedRow)
      #expect(error?.message.contains("[5]") == true)
    }
    try apply(notes(1...3), to: target)
    try target.commit(watermark(1))
    #expect(try place.sql("SELECT id, flag, size FROM note ORDER BY id") == ["1|t|7", "2|f|7", "3|t|7"])
  }
}

/// A small file system in memory, for as long as the value lives.
final class SmallDisk {
  let path: String

  init?(megabytes: Int) {
    var template = Array("/tmp/noteferry-disk-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { return nil }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m,mode=0755") == 0 else {
      rmdir(path)
      return nil
    }
  }

  /// Makes a directory on it that the server's user owns.
  func give(to server: PostgreSQLServer) {
    mkdir(path + "/space", 0o700)
    var status = stat()
    if stat(server.dataDirectory, &status) == 0 { chown(path + "/space", status.st_uid, status.st_gid) }
  }

  deinit {
    umount2(path, 2)
    rmdir(path)
  }
}
