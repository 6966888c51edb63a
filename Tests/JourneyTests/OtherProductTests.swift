import NoteModel
import NoteStore
import Testing

@Suite struct OtherProductTests {
  @Test func `the reference product arrives with chunked images and settings of both nodes`() throws {
    let scratch = Scratch()
    let path = scratch.path("notes.db")
    let database = try Database(path)
    try database.run("PRAGMA journal_mode = WAL")
    for statement in ReferenceSchema.sqlite { try database.run(statement) }
    try database.run("BEGIN")
    try database.run(
      """
      INSERT INTO product_info VALUES ('signing_key', 'k3y'), ('name', 'Demo');
      INSERT INTO owner VALUES (1, 'ada', 'Ada', 'vip', 'h', 1), (2, 'bob', 'Bob', 'guest', 'h', 2);
      INSERT INTO notebook VALUES (1, 1, NULL, 'Top', 0), (2, 1, 1, 'Below', 1);
      INSERT INTO tag VALUES (1, 'red'), (2, '绿');
      INSERT INTO node_setting VALUES ('*', 'a', '1'), ('a', 'address', 'left'), ('b', 'address', 'right');
      """)
    for note in 1...30 {
      try database.run("INSERT INTO note VALUES (\(note), 'n\(note)', 2, 1, 'Title', 'Body \(note)', 1, 1, 1)")
      try database.run("INSERT INTO note_tag VALUES (\(note), 1)")
    }
    try database.run("INSERT INTO note_link VALUES (1, 2, 'see'), (2, 1, 'see'), (1, 2, 'also')")
    for (image, sizes) in [[700_000, 700_000, 9], [3_000_000], [1], []].enumerated() {
      try database.run(
        "INSERT INTO image VALUES (\(image), 'i\(image)', 1, 1, 'x', 'image/png', \(sizes.reduce(0, +)), \(sizes.count), 1)"
      )
      for (seq, size) in sizes.enumerated() {
        try database.run(
          "INSERT INTO image_chunk VALUES (?, ?, ?)", .integer(Int64(image)), .integer(Int64(seq)),
          .bytes((0..<size).map { UInt8(truncatingIfNeeded: $0 &* (image + 3) &+ $0 >> 8 &+ seq) }))
      }
    }
    try database.run("COMMIT")
    let walk = Walk(scratch, path)
    #expect(walk.inspect.json["profile"]?.string == "reference")
    #expect(walk.inspect.json["broken_invariants"]?.array == [])
    try walk.expectEqual(database, except: ["product_info"])
    #expect(try !Database(walk.target).texts("SELECT value FROM product_info").contains("k3y"))
    #expect(try Database(walk.target).definitions() == database.definitions())
    let whole = Walk(
      scratch, path, flags: ["--secrets", "include"], diffFlags: ["--secrets", "include"], name: "whole")
    try whole.expectEqual(database)
  }

  static let vendorProfile = #"""
    schema = 1
    name = "vendor"
    title = "Vendor Notes"
    probe-tables = ["v_doc", "v_picture"]
    data-directory = "files"
    [versions]
    minimum = "1"
    maximum = "3"

    [[entity]]
    name = "doc"
    role = "note"
    tables = ["v_doc"]
    required = true
    key = ["space", "name"]
    text = ["body"]

    [[entity]]
    name = "picture"
    role = "attachment"
    tables = ["v_picture"]
    required = true
    key = ["doc", "slot"]
    content = "full"
    size = "byte_count"
    file = { reference = "path", when = { column = "place", values = ["disk"] } }
    """#

  private func vendorStore(_ scratch: Scratch) throws -> (path: String, Database, profile: String) {
    let path = scratch.folder("vendor") + "/vendor.db"
    let database = try Database(path)
    try database.run(
      """
      PRAGMA journal_mode = WAL;
      CREATE TABLE v_doc (space TEXT NOT NULL, name TEXT NOT NULL, body TEXT, cover BLOB, PRIMARY KEY (space, name))
        WITHOUT ROWID;
      CREATE TABLE v_picture (doc TEXT NOT NULL, slot INTEGER NOT NULL, small BLOB, full BLOB, path TEXT, place TEXT,
        byte_count INTEGER, kind TEXT GENERATED ALWAYS AS (typeof(full)) VIRTUAL,
        label TEXT GENERATED ALWAYS AS (doc || '/' || slot) STORED, after_all REAL DEFAULT 1.5, UNIQUE (doc, slot));
      CREATE TABLE v_unknown (a, b TEXT COLLATE NOCASE, "odd "" name" INTEGER);
      CREATE INDEX v_unknown_b ON v_unknown (b) WHERE a IS NOT NULL;
      CREATE VIEW v_titles AS SELECT space, name FROM v_doc;
      CREATE TRIGGER v_stamp AFTER INSERT ON v_doc BEGIN INSERT INTO v_unknown VALUES ('made', new.name, 1); END;
      """)
    let profile = scratch.path("vendor.toml")
    writeFile(profile, Array(Self.vendorProfile.utf8))
    return (path, database, profile)
  }

  /// Keys that do harm as file names.
  static let names: [[UInt8]] =
    [
      "../../etc/passwd", "..", ".", "/", "/etc/passwd", "A", "a", "É", "E\u{301}", "e\u{301}", "CON", "a~2", "x.y@z",
      "-rf",
      " ", "", "tab\there", "new\nline", "%2e%2e", String(repeating: "long", count: 125),
      String(repeating: "long", count: 126),
      "\\windows", "ünï", "name.tar", "🙂",
    ].map { Array($0.utf8) } + [Array("a".utf8) + [0] + Array("b".utf8), [0], [0xFF, 0xFE], [0xC3, 0x28]]

  @Test func `a product of the vendor's own arrives by its profile`() throws {
    let scratch = Scratch()
    let (path, database, profile) = try vendorStore(scratch)
    makeDirectory(scratch.path("vendor/files"))
    try database.run("BEGIN")
    for (index, name) in Self.names.enumerated() {
      try database.run(
        "INSERT INTO v_doc VALUES ('space', ?1, ?2, ?3)", .text(name), .text("body \(index)"),
        index % 3 == 0 ? .null : .bytes([UInt8](repeating: UInt8(index), count: index * 40_000)))
      for slot in 0..<2 {
        try database.run(
          "INSERT INTO v_picture (doc, slot, small, full, byte_count) VALUES (?1, ?2, ?3, ?4, ?5)", .text(name),
          .integer(Int64(slot)), .bytes([UInt8](repeating: 1, count: index * 5000)),
          .bytes([UInt8](repeating: UInt8(index), count: index * 50_000 * slot + index)), .integer(Int64(index)))
      }
      let file = [UInt8](repeating: UInt8(index), count: index)
      writeFile(scratch.path("vendor/files/\(index).bin"), file)
      try database.run(
        "INSERT INTO v_picture (doc, slot, path, place, byte_count) VALUES (?1, 9, ?2, 'disk', ?3)", .text(name),
        .text("\(index).bin"), .integer(Int64(index)))
    }
    try database.run(
      "INSERT INTO v_unknown VALUES (NULL, NULL, NULL), (NULL, NULL, NULL), (1.5, 'Case', -1), (x'00', 'case', 2)")
    try database.run("COMMIT")
    let walk = Walk(scratch, path, profile: profile)
    try walk.expectEqual(database)
    #expect(try Database(walk.target).definitions() == database.definitions())
    #expect(!walk.export.items(.tableUnknown).isEmpty)
    for index in Self.names.indices {
      #expect(
        readFile(scratch.path("walk-target/files/\(index).bin")) == readFile(scratch.path("vendor/files/\(index).bin")))
    }
    // Plain tar and the plain checksum tool agree, also on a file system that folds case.
    let out = scratch.folder("out")
    let run = scratch.shell(
      "cd \(out) && tar xf \(walk.archive)/0000-base.tar && cd 0000-base && sh -c 'for m in manifest-sha*.txt; do "
        + "a=${m#manifest-}; ${a%.txt}sum -c --quiet $m || exit 1; done'")
    #expect(run.code == 0, "\(run.words)")
    let names = scratch.shell("tar tf \(walk.archive)/0000-base.tar").output.split(separator: "\n").map(String.init)
    #expect(Set(names.map { $0.lowercased() }).count == names.count)
    #expect(names.allSatisfy { !$0.contains("..") && !$0.hasPrefix("/") && $0.hasPrefix("0000-base/") })
  }

  @Test func `a vendor's store without its data directory arrives`() throws {
    let scratch = Scratch()
    let (path, database, profile) = try vendorStore(scratch)
    try database.run("INSERT INTO v_doc VALUES ('s', 'n', 'b', NULL)")
    try Walk(scratch, path, profile: profile).expectEqual(database)
    try database.run("INSERT INTO v_picture (doc, slot, path, place) VALUES ('n', 1, 'gone.bin', 'disk')")
    let walk = Walk(scratch, path, profile: profile, export: .partial, name: "gone")
    try walk.expectEqual(database)
    #expect(walk.export.items(.attachmentFileMissing).count == 1)
  }

  @Test func `a search index is not carried, and it is said`() throws {
    let scratch = Scratch()
    let (path, database, profile) = try vendorStore(scratch)
    try database.run("INSERT INTO v_doc VALUES ('s', 'n', 'searched words', NULL)")
    try database.run("CREATE VIRTUAL TABLE v_search USING fts5(body); INSERT INTO v_search VALUES ('searched words')")
    let walk = Walk(scratch, path, profile: profile)
    #expect(walk.export.items(.tableNotCarried).count >= 1)
    #expect(walk.inspect.words.contains("table-not-carried"))
    let target = try Database(walk.target)
    #expect(try target.dump("v_doc") == database.dump("v_doc"))
    #expect(try !target.tables().contains { $0.hasPrefix("v_search") })
  }

  @Test(arguments: [("2.5", Status.ok), ("3.9", .ok), ("4.0", .version), ("0.9", .version)])
  func `a version deep in a JSON value is found`(_ version: String, _ status: Status) throws {
    let scratch = Scratch()
    let (path, database, profile) = try vendorStore(scratch)
    writeFile(
      profile,
      Array(
        Self.vendorProfile.replacing(
          "[[entity]]",
          with: "[[version-probe]]\ntable = \"v_unknown\"\ncolumn = \"a\"\njson-member = \"app.schema\"\n[[entity]]",
          maxReplacements: 1
        ).utf8))
    try database.run(#"INSERT INTO v_unknown VALUES ('{"app":{"schema":"\#(version)"},"schema":"1"}', '', 0)"#)
    let run = scratch.ferry("inspect", path, "--profile", profile, "--json")
    #expect(run.status == status, "\(run.words)")
    if status == .ok { #expect(run.json["product_version"]?.string == version) }
  }

  @Test func `a store without its profile is refused with the missing tables`() throws {
    let scratch = Scratch()
    let (path, _, _) = try vendorStore(scratch)
    expectRefusal(scratch.ferry("export", path, "-o", scratch.path("archive")), .sourceNotAStore, says: "--profile")
  }
}
