import NoteModel
import PostgreSQLClusters
import Testing

/// A base and deltas that two programs hand to one another through a pipe.
@Suite struct PipeDeltaTests {
  private func change(_ store: MemosStore) throws {
    try store.database.run(
      """
      UPDATE memo SET content = 'newer' WHERE id = 3; DELETE FROM memo WHERE id = 5;
      UPDATE memo SET uid = 'swap' WHERE id = 7; UPDATE memo SET uid = (SELECT 'x' || uid FROM memo WHERE id = 8) WHERE id = 9;
      INSERT INTO memo (uid, creator_id, content) VALUES ('new', 1, 'new');
      DELETE FROM \(store.table) WHERE id = 1;
      """)
    try store.addAttachment([UInt8](repeating: 8, count: 300_000), note: 4)
  }

  private func store(_ scratch: Scratch) throws -> MemosStore {
    let store = try MemosStore(scratch.path("memos.db"), notes: 30)
    for number in 1...3 { try store.addAttachment([UInt8](repeating: UInt8(number), count: 90_000), note: 2) }
    return store
  }

  /// The import's run; what the export says goes into `sent.txt`.
  private func carry(
    _ scratch: Scratch, _ store: MemosStore, to target: String, through filter: String = "cat", _ flags: String = "",
    receiving: String = ""
  ) -> Run {
    scratch.shell(
      """
      $FERRY export \(store.path) -o - --outline \(scratch.path("sent")) --secrets include \(flags) \
        2> \(scratch.path("sent.txt")) | \(filter) | \
        $FERRY import - --to '\(target)' --create-schema --json \(receiving)
      """)
  }

  private func words(_ scratch: Scratch) -> String {
    String(decoding: readFile(scratch.path("sent.txt")), as: UTF8.self)
  }

  @Test func `a base, a delta and the last one, with nothing on a disk between them`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let target = scratch.path("new.db")
    let base = carry(scratch, store, to: target, receiving: "--keep-open")
    #expect(base.status == .ok && base.json["kept_open"]?.bool == true, "\(base.words)\(words(scratch))")
    try change(store)
    let delta = carry(scratch, store, to: target, receiving: "--keep-open")
    #expect(delta.status == .ok && delta.json["kept_open"]?.bool == true, "\(delta.words)\(words(scratch))")
    #expect(words(scratch).contains("1 deleted") && words(scratch).contains("Sent "))
    let last = carry(scratch, store, to: target)
    #expect(last.status == .ok && last.json["approved"]?.bool == true, "\(last.words)\(words(scratch))")
    #expect(words(scratch).contains("Nothing was changed"))
    try expectEqualStores(store.database, try Database(target, readOnly: true))
    let verified = scratch.ferry("verify", scratch.path("sent"))
    #expect(verified.status == .source && verified.words.contains("went through a pipe"), "\(verified.words)")
  }

  @Test func `a pipe that breaks leaves the target as it was, and the commands that are named go on`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let target = scratch.path("new.db")
    #expect(carry(scratch, store, to: target, receiving: "--keep-open").status == .ok)
    try change(store)
    let cut = carry(scratch, store, to: target, through: "head -c 30000", receiving: "--keep-open")
    #expect(cut.status == .damaged && cut.output.contains("--behind 0"), "\(cut.words)")
    // The sender had its outline before the pipe had the last of it, so it goes on from what did not arrive.
    #expect(fileExists(scratch.path("sent/0001-delta.outline.tar")))
    let late = carry(scratch, store, to: target, receiving: "--keep-open")
    #expect(late.status == .stale && late.output.contains("--behind 0"), "\(late.words)")
    #expect(late.errorCode == ErrorCode.deltaGap.rawValue, "\(late.words)")
    let last = carry(scratch, store, to: target, "--behind 0")
    #expect(last.status == .ok && last.json["approved"]?.bool == true, "\(last.words)\(words(scratch))")
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil))
  func `a server gets a base and deltas through a pipe, and sends them`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let place = try ServerPlace(scratch)
    #expect(carry(scratch, store, to: place.url, receiving: "--keep-open").status == .ok)
    try change(store)
    let last = carry(scratch, store, to: place.url)
    #expect(last.status == .ok && last.json["approved"]?.bool == true, "\(last.words)\(words(scratch))")
    scratch.expectEqual(store.path, place.url)

    let back = scratch.path("back.db")
    func home(_ receiving: String) -> Run {
      scratch.shell(
        """
        set -o pipefail
        $FERRY export '\(place.url)' -o - --outline \(scratch.path("home")) --secrets include |
          $FERRY import - --to \(back) --create-schema --json \(receiving)
        """)
    }
    let base = home("--keep-open")
    #expect(base.status == .ok, "\(base.words)")
    try place.sql("UPDATE memo SET content = 'newest' WHERE id = 4; DELETE FROM memo WHERE id = 6")
    let final = home("")
    #expect(final.status == .ok && final.json["approved"]?.bool == true, "\(final.words)")
    scratch.expectEqual(place.url, back)
  }

  @Test func `two nodes get deltas through a pipe`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    let paths = ["a.db", "b.db"].map(scratch.path)
    let nodes = "\(paths[0])' --to '\(paths[1])"
    #expect(carry(scratch, store, to: nodes, receiving: "--keep-open").status == .ok)
    try change(store)
    let last = carry(scratch, store, to: nodes)
    #expect(last.status == .ok, "\(last.words)")
    for path in paths { try expectEqualStores(store.database, try Database(path, readOnly: true)) }
  }

  @Test func `what cannot go together is refused in words`() throws {
    let scratch = Scratch()
    let store = try store(scratch)
    for arguments in [
      ["-o", scratch.path("notes"), "--outline", scratch.path("sent")], ["-o", "-", "--behind", "1"],
      ["-o", "-", "--outline", scratch.path("sent"), "--behind", "-1"],
    ] {
      let run = scratch.start(["export", store.path] + arguments).wait()
      #expect(run.status == .usage, "\(arguments): \(run.words)")
    }
  }
}
