import NoteModel
import Testing

@Suite struct SecretTests {
  private static let words = ["s3cr3t", "tok3n-abc", "n3sted-key", "row-k3y", "hook-k3y", "cli3nt"]

  private func store(_ scratch: Scratch) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"))
    try store.database.run(
      #"""
      INSERT INTO system_setting VALUES
        ('STORAGE', '{"storageType":"S3","s3Config":{"accessKeyId":"id","accessKeySecret":"n3sted-key","region":"x"}}', '');
      INSERT INTO user_setting VALUES (1, 'ACCESS_TOKENS', '{"tokens":["tok3n-abc"]}'),
        (2, 'WEBHOOKS', '{"url":"https://example.org/hook-k3y"}');
      INSERT INTO attachment (uid, creator_id, filename, storage_type, reference, payload) VALUES
        ('s3', 1, 'far.png', 'S3', 'https://bucket/far.png', '{"s3Object":{"s3Config":{"accessKeySecret":"row-k3y"}}}');
      CREATE TABLE idp (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        type TEXT NOT NULL, identifier_filter TEXT NOT NULL DEFAULT '', config TEXT NOT NULL DEFAULT '{}');
      INSERT INTO idp VALUES (1, 'idp', 'Work', 'OAUTH2', '', '{"clientSecret":"cli3nt"}');
      """#)
    return store
  }

  private func contains(_ path: String, _ word: String) throws -> Bool {
    let database = try Database(path, readOnly: true)
    for table in try database.tables() {
      for row in try database.rows("SELECT * FROM \"\(table)\"") {
        for case .text(let bytes) in row where String(decoding: bytes, as: UTF8.self).contains(word) { return true }
      }
    }
    return false
  }

  @Test func `secrets stay behind unless they are asked for, and it is said`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let walk = Walk(scratch, store.path)
    #expect(walk.export.output.contains("withheld"))
    #expect(!walk.export.items(.secretWithheld).isEmpty)
    for word in Self.words {
      #expect(try contains(store.path, word))
      #expect(try !contains(walk.target, word), "\(word) is in the target")
    }
    // Everything beside the secret is there.
    let target = try Database(walk.target, readOnly: true)
    #expect(
      try target.texts("SELECT value FROM system_setting ORDER BY name") == [
        #"{"secretKey":"","schemaVersion":"0.27.1"}"#,
        #"{"storageType":"S3","s3Config":{"accessKeyId":"id","accessKeySecret":"","region":"x"}}"#,
      ])
    #expect(try target.integer("SELECT count(*) FROM user_setting") == 4)
    try walk.expectEqual(store.database, except: ["system_setting", "user_setting", "attachment", "idp"])
  }

  @Test func `secrets that are included arrive`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let walk = Walk(scratch, store.path, flags: ["--secrets", "include"], diffFlags: ["--secrets", "include"])
    try walk.expectEqual(store.database)
    #expect(walk.export.items(.secretWithheld).isEmpty)
  }

  @Test func `no secret stands in events, errors or the ledger`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    _ = Walk(scratch, store.path, flags: ["--secrets", "include"], diffFlags: ["--secrets", "include"])
    for word in Self.words {
      let found = scratch.shell("grep -rl --include='*.ndjson' -e \(word) \(scratch.directory)").output
      #expect(found.isEmpty, "\(word) in \(found)")
    }
  }
}
