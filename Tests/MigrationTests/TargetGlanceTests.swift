import DurableIO
import Migration
import NoteModel
import Testing

/// Last imports into a target that stayed open, which pass over what stands behind long attachments.
@Suite struct TargetGlanceTests {
  private let bench: Workbench
  private let store: SmallStore
  private let archive: String

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.path, isLarge: true)
    archive = bench.file("archive")
    bench.settle()
    _ = try bench.export(store)
    #expect(try bench.imported(archive, keepsOpen: true).isHeld)
  }

  private func change() throws {
    var dice = Dice(7)
    let database = try Database(store.path)
    try database.run(
      """
      UPDATE memo SET content = 'last' WHERE id = 1; DELETE FROM memo WHERE id = 2;
      UPDATE attachment SET type = 'a/b' WHERE id = 3; UPDATE attachment SET filename = 'other.png' WHERE id = 4;
      DELETE FROM attachment WHERE id = 2;
      """)
    try database.insert("UPDATE attachment SET blob = ? WHERE id = 5", blob: dice.bytes(1_300_002))
    _ = try bench.export(store)
  }

  private func expectArrived(_ result: ImportResult, _ extent: ReadBackExtent) throws {
    #expect(result.isApproved && result.readBackExtent == extent)
    #expect(result.conservation.accounts.allSatisfy { $0.missing == 0 && $0.identical == $0.source })
    #expect(result.comparison?.entities.allSatisfy { $0.identical == $0.expected } == true)
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: bench.target.path) == [], "\(table)")
      #expect(try bench.target.keys(of: table, notIn: store.path) == [], "\(table)")
    }
    #expect(try Folder.names(in: bench.file("state")).filter { $0.hasPrefix("held-") } == [])
  }

  private func seenFile() throws -> String {
    try bench.file("state/" + #require(try Folder.names(in: bench.file("state")).first { $0.hasSuffix(".glance-0") }))
  }

  @Test func `a delta arrives, and its rows are read whole`() throws {
    try change()
    try expectArrived(try bench.imported(archive, goesOn: true, glances: true), .glance)
  }

  @Test func `a glance that saw another row than is there leads to that row being read`() throws {
    try change()
    let path = try seenFile()
    var bytes = try Workbench.read(path)
    // Each row ends with its digest, and with how many contents are kept: none.
    bytes[bytes.count - 2] ^= 1
    let file = try File.write(path, truncate: true)
    try bytes.withUnsafeBytes { try file.write($0) }
    try expectArrived(try bench.imported(archive, goesOn: true, glances: true), .glance)
  }

  @Test func `without what was seen, or without the option, all columns are read`() throws {
    try change()
    try Folder.remove(seenFile())
    #expect(try bench.imported(archive, goesOn: true, keepsOpen: true, glances: true).readBackExtent == .lengths)
    try expectArrived(try bench.imported(archive, goesOn: true), .lengths)
  }

  @Test func `a stopped import goes on by a look at all columns`() throws {
    try change()
    let stop = StopRequest()
    #expect(throws: MigrationError.self) {
      try bench.imported(archive, batch: 1, goesOn: true, glances: true, stop: stop) { stop.request(signal: 2) }
    }
    try expectArrived(try bench.imported(archive, goesOn: true, glances: true), .lengths)
  }

  @Test(arguments: ["filename", "type"])
  func `what others wrote is found, also behind a long attachment`(_ column: String) throws {
    try change()
    try Database(bench.target.path).run("UPDATE attachment SET \(column) = 'others' WHERE id = 1")
    let error = #expect(throws: MigrationError.self) { try bench.imported(archive, goesOn: true, glances: true) }
    #expect(error?.code == .targetMismatch)
  }
}
