import NoteModel
import NoteStore
import PostgreSQLClusters
import Testing

/// `import --attachments` by the real program.
@Suite struct AttachmentPlaceTests {
  private let scratch = Scratch()
  private let large = 9_000_000

  /// As many bytes as a large attachment has, in blocks that no page size divides.
  private func pattern(_ step: Int) -> [UInt8] {
    let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* step) }
    var bytes: [UInt8] = []
    while bytes.count < large { bytes += block }
    return Array(bytes.prefix(large))
  }

  /// A store with 6 small attachments, a large one, two equal ones, one with a hostile name and two files.
  private func store() throws -> MemosStore {
    let folder = scratch.folder("memos")
    let store = try MemosStore(folder + "/memos_prod.db", notes: 40)
    makeDirectory(folder + "/assets")
    writeFile(folder + "/assets/one.png", [UInt8](repeating: 7, count: 70_000))
    writeFile(folder + "/assets/large.png", pattern(13))
    try store.addFile(Array("assets/one.png".utf8), size: 70_000)
    try store.addFile(Array("assets/large.png".utf8), size: Int64(large))
    try store.addAttachment(pattern(31), note: 2)
    try store.addAttachment([UInt8](repeating: 5, count: 40_000), note: 3)
    try store.addAttachment([UInt8](repeating: 5, count: 40_000), note: 4)
    // Beside the bytes: a text of its own member, a name to be repaired, an empty value in the row of a file.
    try store.database.run(
      """
      UPDATE attachment SET payload = '{"a":"' || replace(hex(zeroblob(150000)), '0', 'x') || '"}'
        WHERE reference = 'assets/large.png' OR length(blob) = \(large);
      UPDATE attachment SET filename = 'CafÃ© crÃ¨me brÃ»lÃ©e, goÃ»tÃ©e.png' WHERE id = 3;
      UPDATE attachment SET blob = x'' WHERE reference = 'assets/one.png';
      """)
    let hostile = try store.addAttachment([1, 2, 3], note: 5)
    try store.database.run(
      "UPDATE attachment SET filename = '../../../etc/pass' || char(10) || 'wd' WHERE id = \(hostile)")
    return store
  }

  /// Digests of all bytes, by the attachment's number.
  private func contents(_ path: String) throws -> [String: [UInt8]] {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    var found: [String: [UInt8]] = [:]
    for row in try Database(path).rows("SELECT id, blob, storage_type, reference FROM attachment") {
      guard case .integer(let id) = row[0], case .text(let reference) = row[3] else { continue }
      if row[2] == .text("LOCAL") {
        found["\(id)"] = readFile(folder + "/" + String(decoding: reference, as: UTF8.self))
      } else if case .bytes(let bytes) = row[1] {
        found["\(id)"] = bytes
      }
    }
    return found
  }

  @Test func `a database without bytes, and one with all of them`() throws {
    let store = try store()
    let first = scratch.path("first/memos_prod.db")
    let there = scratch.move(store.path, to: first, name: "there", "--create-schema", "--attachments", "files")
    #expect(there.status == .ok, "\(there.words)")
    #expect(there.json["attachments"]?["moved"]?.integer == 10)
    #expect(there.account("attachment", "adapted") == 9 && there.account("attachment", "identical") == 2)
    #expect(there.account("attachment", "repaired") == 1)
    #expect(
      try Database(first).texts("SELECT filename FROM attachment WHERE id = 3") == [
        "Café crème brûlée, goûtée.png"
      ])
    #expect(there.items(.attachmentMoved).count == 1)
    #expect(try Database(first).integer("SELECT count(*) FROM attachment WHERE length(blob) > 0") == 0)
    #expect(try contents(first) == contents(store.path))
    #expect(!fileExists(scratch.path("etc")))
    // The rows are others than the source's, and the comparison says so.
    #expect(scratch.ferry("diff", store.path, first, "--secrets", "include").status == .mismatch)
    #expect(scratch.ferry("import", scratch.path("there"), "--to", first, "--attachments", "files").status == .ok)

    let second = scratch.path("second/memos_prod.db")
    let back = scratch.move(first, to: second, name: "back", "--create-schema", "--attachments", "database")
    #expect(back.status == .ok, "\(back.words)")
    #expect(back.json["attachments"]?["moved"]?.integer == 12)
    #expect(try Database(second).integer("SELECT count(*) FROM attachment WHERE storage_type != ''") == 0)
    #expect(try contents(second) == contents(store.path))
    #expect(scratch.ferry("inspect", second).status == .ok)
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil)) func `a server's database gets the bytes or gives them up`()
    throws
  {
    let store = try store()
    let place = try ServerPlace(scratch)
    let there = scratch.move(store.path, to: place.url, name: "there", "--create-schema", "--attachments", "database")
    #expect(there.status == .ok, "\(there.words)")
    #expect(there.json["attachments"]?["moved"]?.integer == 2)
    #expect(
      try place.sql("SELECT count(*), sum(length(blob)) FROM attachment WHERE storage_type = ''") == [
        "12|\(18_195_003)"
      ])
    let home = scratch.path("home/memos_prod.db")
    let back = scratch.move(place.url, to: home, name: "home", "--create-schema", "--attachments", "files")
    #expect(back.status == .ok, "\(back.words)")
    #expect(try contents(home) == contents(store.path))

    let other = try ServerPlace(scratch)
    let files = scratch.move(store.path, to: other.url, name: "files", "--create-schema", "--attachments", "files")
    #expect(files.status == .ok, "\(files.words)")
    #expect(
      try other.sql("SELECT count(*) FROM attachment WHERE coalesce(length(blob), 0) = 0 AND storage_type = 'LOCAL'")
        == ["12"])
    let last = scratch.path("last/memos_prod.db")
    #expect(scratch.move(other.url, to: last, name: "last", "--create-schema").status == .ok)
    #expect(try contents(last) == contents(store.path))
  }

  @Test(.enabled(if: PostgreSQLCluster.obstacle == nil)) func `a server without a data directory gets no files`() throws
  {
    let store = try store()
    let place = try ServerPlace(scratch)
    let url = place.url.replacing("&data=" + scratch.path("server-\(place.database)"), with: "")
    let run = scratch.move(store.path, to: url, name: "there", "--create-schema", "--attachments", "files")
    #expect(run.status == .usage, "\(run.words)")
    #expect(run.json["error"]?["next"]?.array?.first?.string?.contains("data=DIRECTORY") == true)
    #expect(try place.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == ["0"])
  }

  @Test func `both nodes of a pair get the same files`() throws {
    let store = try store()
    let archive = scratch.path("archive")
    #expect(scratch.ferry("export", store.path, "-o", archive, "--secrets", "include").status == .ok)
    let nodes = [scratch.path("a/memos_prod.db"), scratch.path("b/memos_prod.db")]
    let run = scratch.ferry(
      "import", archive, "--to", nodes[0], "--to", nodes[1], "--create-schema", "--attachments", "files", "--json")
    #expect(run.status == .ok, "\(run.words)")
    scratch.expectEqual(nodes[0], nodes[1])
    for node in nodes { #expect(try contents(node) == contents(store.path)) }
  }

  @Test func `a product that keeps attachments in one way is refused before anything is written`() throws {
    let source = scratch.path("notes.db")
    let database = try Database(source)
    for statement in ReferenceSchema.sqlite { try database.run(statement) }
    let target = scratch.path("target.db")
    let run = scratch.move(source, to: target, name: "there", "--create-schema", "--attachments", "files")
    #expect(run.status == .usage, "\(run.words)")
    #expect(!fileExists(target))
  }
}
