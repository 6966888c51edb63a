import NoteModel
import Testing

@Suite struct CorruptStoreTests {
  /// A store of small pages with one page of `table` overwritten.
  private func store(_ scratch: Scratch, marker: String) throws -> (MemosStore, pageSize: Int) {
    let database = try Database(scratch.path("memos.db"))
    try database.run(
      "PRAGMA page_size = 1024; PRAGMA journal_mode = DELETE; CREATE TABLE unused (a); DROP TABLE unused")
    database.close()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, notes: 0, walMode: false)
    try store.database.run("BEGIN")
    for number in 0..<300 { try store.addNote("Note <\(number)> " + String(repeating: "text ", count: 30)) }
    for number in 0..<40 {
      try store.addAttachment(Array("Image <\(number)> ".utf8) + [UInt8](repeating: 9, count: 700), note: 1)
    }
    try store.database.run("COMMIT")
    let whole = try Database(scratch.path("whole.db"))
    try whole.run("ATTACH '\(store.path)' AS old")
    for table in try store.database.tables() { try whole.run("CREATE TABLE \(table) AS SELECT * FROM old.\(table)") }
    let bytes = readFile(store.path)
    let wanted = Array(marker.utf8)
    let place = try #require(
      bytes.indices.dropLast(wanted.count).first {
        bytes[$0] == wanted[0] && bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
      })
    overwrite(store.path, at: place / 1024 * 1024, [UInt8](repeating: 0x5A, count: 1024))
    return (store, 1024)
  }

  @Test(arguments: ["Note <150>", "Image <20>"])
  func `rows of a corrupt page are listed and all others arrive`(_ marker: String) throws {
    let scratch = Scratch()
    _ = try store(scratch, marker: marker)
    let path = scratch.path("memos.db")
    let archive = scratch.path("archive")
    let export = scratch.ferry("export", path, "-o", archive)
    #expect([.partial, .loss].contains(export.status), "\(export.code) \(export.words)")
    #expect(!export.items(.rowUnreadable).isEmpty)
    #expect(scratch.ferry("verify", archive, "--level", "full").status == .ok)
    let target = scratch.folder("target") + "/notes.db"
    let run = scratch.ferry("import", archive, "--to", target, "--create-schema")
    #expect([.partial, .loss].contains(run.status), "\(run.code) \(run.words)")

    // Every row that arrived is one of the whole store, and at most those of one page are gone.
    let whole = try Database(scratch.path("whole.db"), readOnly: true)
    let found = try Database(target, readOnly: true)
    var lost = 0
    for table in try whole.tables() {
      let expected = try whole.dump(table)
      let rows = try found.dump(table)
      #expect(Set(rows).isSubset(of: Set(expected)))
      lost += expected.count - rows.count
    }
    #expect((1...12).contains(lost), "\(lost) rows lost")
    #expect(export.output.contains("\(lost) missing"), "\(export.output)")
    #expect(run.output.contains("\(lost) missing"), "\(run.output)")
  }

  @Test func `a corrupt page of a table that is read by its index ends in words`() throws {
    let scratch = Scratch()
    let store = try MemosStore(scratch.path("memos.db"), .attachmentWithoutMarker, walMode: false)
    try store.database.run("BEGIN")
    for number in 0..<400 {
      try store.database.run("INSERT INTO user_setting VALUES (\(number + 10), 'KEY', 'setting <\(number)>')")
    }
    try store.database.run("COMMIT")
    let bytes = readFile(store.path)
    let wanted = Array("setting <200>".utf8)
    let place = try #require(
      bytes.indices.dropLast(wanted.count).first {
        bytes[$0] == wanted[0] && bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
      })
    overwrite(store.path, at: place / 4096 * 4096, [UInt8](repeating: 0x5A, count: 4096))
    let run = scratch.ferry("export", store.path, "-o", scratch.path("archive"))
    #expect([.source, .partial, .loss].contains(run.status), "\(run.code) \(run.words)")
    #expect(run.words.contains("user_setting"))
  }
}
