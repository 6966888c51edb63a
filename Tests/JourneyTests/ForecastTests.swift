import NoteModel
import PostgreSQLClusters
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct ForecastTests {
  /// A store that got a note of 1,000 bytes and an image of 20,000 on each of the last days, and 2,000,000 on each tenth.
  private func store(_ scratch: Scratch, days: Int) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos_prod.db"), notes: 0)
    let now = time(nil)
    try store.database.run("BEGIN")
    for day in 1...days {
      let then = Int64(now) - Int64(day) * 86_400
      try store.database.run(
        "INSERT INTO memo (uid, creator_id, created_ts, content) VALUES ('u\(day)', 1, \(then), '\(String(repeating: "x", count: 1000))')"
      )
      try store.database.run(
        "INSERT INTO attachment (uid, creator_id, created_ts, blob, size) VALUES ('a\(day)', 1, \(then), zeroblob(20000), 20000)"
      )
      if day % 10 == 0 {
        try store.database.run(
          "INSERT INTO attachment (uid, creator_id, created_ts, blob, size) VALUES ('b\(day)', 1, \(then), zeroblob(2000000), 2000000)"
        )
      }
    }
    try store.database.run("COMMIT")
    return store
  }

  @Test func `growth of text and images, the date and what would be freed are told`() throws {
    let scratch = Scratch()
    let store = try store(scratch, days: 140)
    let before = readFile(store.path)
    let run = scratch.ferry("forecast", store.path, "--free", "22MB", "--larger-than", "1MB", "--json")
    // 20,000 and 200,000 bytes a day and a little text: 22 MB last for about a hundred days.
    #expect(run.status == .ok, "\(run.words)")
    let images = try #require(run.json["attachment_bytes_per_day"]?.integer)
    let text = try #require(run.json["text_bytes_per_day"]?.integer)
    #expect((210_000...230_000).contains(images) && (1000...10_000).contains(text), "\(images) \(text)")
    #expect(run.json["large_attachments"]?.integer == 14 && run.json["large_bytes"]?.integer == 28_000_000)
    let middle = try #require(run.json["exhaustion_days"]?["middle"]?.integer)
    #expect((75...125).contains(middle), "\(middle)")
    let without = try #require(run.json["exhaustion_days_without_large"]?["middle"]?.integer)
    #expect(without > 1500)
    #expect(readFile(store.path) == before)
    let soon = scratch.ferry("forecast", store.path, "--free", "22MB", "--horizon", "200d")
    #expect(soon.status == .capacity && soon.output.contains("The disk is full between"), "\(soon.words)")
  }

  @Test func `what is not known is said`() throws {
    let scratch = Scratch()
    let young = try store(scratch, days: 5)
    let run = scratch.ferry("forecast", young.path)
    #expect(
      run.status == .ok && run.output.contains("No date can be given: there are 5 days of history"), "\(run.words)")
    // The two users have no time at all.
    try young.database.run("UPDATE memo SET created_ts = 99999999999 WHERE uid = 'u1'")
    #expect(scratch.ferry("forecast", young.path).output.contains("3 rows without a usable time"))
  }

  @Test func `a server is reckoned like a file, and its disk is not guessed`() throws {
    let scratch = Scratch()
    let store = try store(scratch, days: 140)
    let server = try ServerPlace(scratch)
    #expect(scratch.move(store.path, to: server.url, name: "archive", "--create-schema").status == .ok)
    let file = scratch.ferry("forecast", store.path, "--free", "22MB", "--larger-than", "1MB", "--json")
    let run = scratch.ferry("forecast", server.url, "--free", "22MB", "--larger-than", "1MB", "--json")
    for key in ["attachment_bytes_per_day", "large_attachments", "large_bytes", "history_days", "undated_rows"] {
      let (one, other) = (file.json[key]?.integer ?? -1, run.json[key]?.integer ?? -2)
      #expect(abs(one - other) <= one / 100, "\(key) \(one) \(other)")
    }
    try server.sql("CREATE ROLE looker LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
    let looker = scratch.ferry("forecast", server.server.url(server.database, user: "looker"))
    #expect(looker.output.contains("the room on the store's disk is not known"), "\(looker.words)")
  }
}
