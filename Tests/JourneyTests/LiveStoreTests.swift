import NoteModel
import Testing

/// A source that its server goes on writing to.
@Suite struct LiveStoreTests {
  /// Adds, edits and deletes notes and attachments; one row always says how many there are and what their bytes come to.
  private final class Writer: @unchecked Sendable {
    private let database: Database
    private let imageBytes: Int
    private var step: Int64 = 0
    private(set) var failures: [String] = []
    private var thread: Background?

    init(_ path: String, imageBytes: Int) throws {
      database = try Database(path)
      self.imageBytes = imageBytes
      try tell()
    }

    static let facts = """
      (SELECT count(*) FROM memo) || ' ' || (SELECT sum(length(CAST(content AS BLOB))) FROM memo) || ' ' ||
      (SELECT count(*) FROM attachment) || ' ' || (SELECT coalesce(sum(length(blob)), 0) FROM attachment) || ' ' ||
      (SELECT coalesce(sum(id * size), 0) FROM attachment)
      """

    private func tell() throws {
      try database.run(
        "INSERT INTO system_setting VALUES ('WRITER', (SELECT \(Self.facts)), '\(step)') ON CONFLICT (name) DO UPDATE "
          + "SET value = excluded.value, description = excluded.description")
    }

    func start(pauseSeconds: Double) {
      thread = Background { [self] background in
        while !background.isStopped {
          do {
            try turn()
          } catch {
            failures.append("\(error)")
          }
          if pauseSeconds > 0 { pause(seconds: pauseSeconds) }
        }
      }
    }

    /// - Returns: Number of transactions.
    func stop() -> Int64 {
      thread?.stop()
      return step
    }

    private func turn() throws {
      step += 1
      let text = String(repeating: "text \(step) ", count: Int(step % 50) + 1)
      let image = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: Int(step * 977) % imageBytes + 1)
      try database.run("BEGIN IMMEDIATE")
      try database.run(
        "INSERT INTO memo (uid, creator_id, content) VALUES ('w' || ?1, 1, ?2)", .integer(step), .text(text))
      try database.run(
        "INSERT INTO attachment (uid, creator_id, blob, size, memo_id) VALUES ('w' || ?1, 1, ?2, length(?2), "
          + "last_insert_rowid())", .integer(step), .bytes(image))
      try database.run(
        "UPDATE memo SET content = content || ' edited' WHERE id = (SELECT id FROM memo WHERE id >= abs(random()) % "
          + "(SELECT max(id) FROM memo) LIMIT 1)")
      try database.run(
        "DELETE FROM attachment WHERE id IN (SELECT id FROM attachment WHERE id >= abs(random()) % (SELECT max(id) FROM "
          + "attachment) LIMIT 1)")
      if step % 3 == 0 {
        try database.run(
          "DELETE FROM memo WHERE id = (SELECT id FROM memo WHERE id >= abs(random()) % (SELECT max(id) FROM memo) LIMIT 1)"
        )
      }
      try tell()
      try database.run("COMMIT")
    }
  }

  private func expectOneMoment(_ path: String) throws {
    let target = try Database(path, readOnly: true)
    let said = try target.texts("SELECT value FROM system_setting WHERE name = 'WRITER'")
    let found = try target.texts("SELECT \(Writer.facts)")
    #expect(said == found)
  }

  @Test func `the archive of a store that is written to is one moment of it`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 500)
    try store.database.run("BEGIN")
    for _ in 0..<60 { try store.addAttachment([UInt8](repeating: 5, count: 60_000), note: 1) }
    try store.database.run("COMMIT")
    let writer = try Writer(store.path, imageBytes: 20_000)
    writer.start(pauseSeconds: 0.002)
    let archive = scratch.path("archive")
    let export = scratch.ferry("export", store.path, "-o", archive, "--rate", "3MiB/s")
    let steps = writer.stop()
    #expect(export.status == .ok, "\(export.code) \(export.words)")
    #expect(writer.failures.isEmpty, "\(writer.failures.prefix(3))")
    #expect(steps > 50, "the writer took \(steps) steps")
    #expect(scratch.ferry("verify", archive, "--level", "full").status == .ok)
    let target = scratch.path("target.db")
    let run = scratch.ferry("import", archive, "--to", target, "--create-schema")
    #expect(run.status == .ok, "\(run.code) \(run.words)")
    try expectOneMoment(target)
    try expectOneMoment(store.path)
    // The source has gone on, so it differs now, and that is said.
    #expect(scratch.ferry("diff", archive, store.path).status == .mismatch)
    #expect(scratch.ferry("verify", archive, "--against", store.path).status == .mismatch)
    #expect(scratch.ferry("diff", archive, target).status == .ok)
  }

  @Test func `the log of the source stays near its budget and its writer is never refused`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 200)
    try store.database.run("BEGIN")
    for _ in 0..<200 { try store.addAttachment([UInt8](repeating: 5, count: 40_000), note: 1) }
    try store.database.run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
    store.database.close()
    let writer = try Writer(store.path, imageBytes: 60_000)
    writer.start(pauseSeconds: 0.02)
    let archive = scratch.path("archive")
    let running = scratch.start(
      ["export", store.path, "-o", archive, "--rate", "3MiB/s", "--wal-budget", "2MiB"])
    let watcher = Peak(store.path + "-wal")
    let export = running.wait()
    let peak = watcher.stop()
    let steps = writer.stop()
    #expect(writer.failures.isEmpty, "\(writer.failures.prefix(3))")
    #expect(steps > 20)
    #expect(export.status == .partial, "\(export.code) \(export.words)")
    #expect(export.output.contains("not one moment"))
    #expect(!export.items(.snapshotRenewed).isEmpty)
    // SQLite begins a checkpoint at 4 MB; one page of records may be read beyond the budget.
    #expect(peak < 24 << 20, "the log grew to \(peak) bytes")
    let verify = scratch.ferry("verify", archive, "--level", "full", "--json")
    #expect(verify.status == .ok, "\(verify.words)")
    #expect(verify.json["summary"]?["fuzzy"]?.bool == true, "\(verify.output)")
    let run = scratch.ferry("import", archive, "--to", scratch.path("target.db"), "--create-schema")
    #expect(run.status == .partial, "\(run.code) \(run.words)")
    #expect(run.output.contains("not one moment"))
  }

  /// The largest size that a file had.
  private final class Peak: @unchecked Sendable {
    private var largest: Int64 = 0
    private var thread: Background?
    init(_ path: String) {
      thread = Background { [self] background in
        while !background.isStopped {
          largest = max(largest, fileSize(path))
          pause(seconds: 0.005)
        }
      }
    }
    func stop() -> Int64 {
      thread?.stop()
      return largest
    }
  }
}
