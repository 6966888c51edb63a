import AllStores
import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

/// Attachments whose bytes are moved between the database and files on their way into a store.
@Suite struct AttachmentMoveTests {
  private let bench: Workbench
  private let source: SmallStore
  private let archive: String

  init() throws {
    bench = try Workbench()
    source = try SmallStore.make(in: bench.file("source"), isLarge: true)
    archive = try bench.write(bench.exported(source), to: "archive.tar")
  }

  /// Asks for a stop at the first commit.
  private struct Interrupter: RunObserver {
    let stop: StopRequest
    func observe(_ event: RunEvent) { if case .checkpoint = event { stop.request(signal: 2) } }
  }

  private func move(
    _ archive: String, to place: AttachmentPlace, in directory: String, batch: Int64 = 64 << 20, isCut: Bool = false
  ) throws -> ImportResult {
    try Folder.create(bench.file(directory))
    var options = ImportOptions(stateDirectory: bench.file("state"))
    options.createSchema = true
    options.attachments = place
    options.ledgerPath = bench.file("ledger")
    options.batchBytes = ByteCount(batch)
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let target = bench.file(directory + "/memos_prod.db")
    let stop = StopRequest()
    return try importArchive(
      ArchivePlace(archive), into: AllStores.target(target, profiles: Profile.builtIn), options: options,
      readProfile: Workbench.readProfile, reopen: { try AllStores.source(target, profiles: [$0]) },
      observer: isCut ? Interrupter(stop: stop) : SilentObserver(), stop: stop)
  }

  /// The bytes of each attachment, wherever they are, by its number.
  private func contents(of directory: String) throws -> [String: String] {
    let database = try Database(bench.file(directory + "/memos_prod.db"))
    var found: [String: String] = [:]
    for id in try database.column("SELECT id FROM attachment") {
      let row = "FROM attachment WHERE id = \(id)"
      let isFile = try database.column("SELECT storage_type \(row)") == ["LOCAL"]
      let path = try database.column("SELECT reference \(row)")[0]
      found[id] =
        isFile
        ? hexadecimal(try Workbench.read(bench.file(directory + "/" + path)))
        : try database.column("SELECT lower(hex(blob)) \(row)")[0]
    }
    return found
  }

  private func rows(_ directory: String) throws -> [String] {
    try Database(bench.file(directory + "/memos_prod.db")).column(
      "SELECT id || '|' || storage_type || '|' || reference || '|' || coalesce(length(blob), 'n') FROM attachment "
        + "ORDER BY id")
  }

  @Test func `all bytes of a database become files, and equal ones too`() throws {
    let result = try move(archive, to: .files, in: "target")
    #expect(result.isApproved)
    #expect(try contents(of: "target") == contents(of: "source"))
    let database = try Database(bench.target.path)
    // 12 has bytes in both places, 13 is in another system.
    #expect(try database.column("SELECT id FROM attachment WHERE blob IS NOT NULL") == ["12"])
    #expect(try database.number("SELECT count(*) FROM attachment WHERE storage_type = 'LOCAL'") == 12)
    #expect(try database.number("SELECT count(DISTINCT reference) FROM attachment") == 13)
    let tally = try #require(result.attachments)
    #expect(tally.moved == ["attachment": 10])
    #expect(tally.stayed == ["attachment": ["the row says that its bytes are elsewhere": 1]])
    let account = try #require(result.conservation.accounts.first { $0.entity == "attachment" })
    #expect(account.adapted == 10 && account.identical == 3 && account.missing == 0 && account.degraded == 0)
    let adapted = try bench.ledger().filter { $0.outcome == "adapted" }
    #expect(adapted.map(\.key) == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11].map { "[\($0)]" })
    #expect(try source.keys(of: "memo", notIn: bench.target.path).isEmpty)
  }

  @Test func `there and back gives the same attachments`() throws {
    _ = try move(archive, to: .files, in: "target")
    let second = try bench.write(bench.exported(bench.target), to: "second.tar")
    let result = try move(second, to: .database, in: "back")
    #expect(result.isApproved)
    // The file of the source, too; 12 has its bytes in both places.
    #expect(result.attachments?.moved == ["attachment": 11])
    #expect(result.attachments?.stayed == ["attachment": ["bytes stand in both places": 1]])
    #expect(try contents(of: "back") == contents(of: "source"))
    let local = ["8", "12"]
    func others(_ rows: [String]) -> [String] { rows.filter { row in !local.contains { row.hasPrefix($0 + "|") } } }
    #expect(try others(rows("back")) == others(rows("source")))
    #expect(try rows("back").contains("8|||2049"))
  }

  @Test(arguments: [AttachmentPlace.files, .database])
  func `an import that is stopped behind each commit goes on with the same names`(_ place: AttachmentPlace) throws {
    let whole = try move(archive, to: place, in: "target")
    #expect(whole.isApproved)
    var stops = 0
    while true {
      do {
        let result = try move(archive, to: place, in: "pieces", batch: 1, isCut: true)
        #expect(result.isApproved && result.attachments?.moved == whole.attachments?.moved)
        break
      } catch let error as MigrationError where error.code == .interrupted {
        stops += 1
        try #require(stops < 100)
      }
    }
    #expect(stops > 0)
    #expect(try rows("pieces") == rows("target"))
    #expect(try contents(of: "pieces") == contents(of: "source"))
    func files(_ directory: String) throws -> [String] {
      try Folder.names(in: bench.file(directory + "/assets")).sorted()
    }
    #expect(try files("pieces") == files("target"))
  }

  @Test func `an interrupted import goes on only to the same place`() throws {
    #expect(throws: MigrationError.self) { try move(archive, to: .files, in: "target", batch: 1, isCut: true) }
    let error = #expect(throws: MigrationError.self) { try move(archive, to: .keep, in: "target") }
    #expect(error?.code == .targetUnfinished)
    #expect(try move(archive, to: .files, in: "target").isApproved)
  }

  @Test func `a large text beside an attachment arrives with it`() throws {
    let database = try Database(source.path)
    let text = String(repeating: "x", count: 300_000)
    try database.run("UPDATE attachment SET payload = '{\"a\":\"\(text)\"}' WHERE id IN (5, 8, 10)")
    // A file's row with an empty value, as some engines' drivers write it.
    try database.run("UPDATE attachment SET blob = x'' WHERE id = 8")
    let archive = try bench.write(bench.exported(source), to: "texts.tar")
    for place in [AttachmentPlace.files, .database] {
      let result = try move(archive, to: place, in: place.rawValue)
      #expect(result.isApproved)
      #expect(result.attachments?.moved == ["attachment": place == .files ? 10 : 1])
      #expect(try contents(of: place.rawValue) == contents(of: "source"))
      let arrived = try Database(bench.file(place.rawValue + "/memos_prod.db"))
      #expect(
        try arrived.column("SELECT length(payload) FROM attachment WHERE id IN (5, 8, 10)") == [
          "300008", "300008", "300008",
        ])
    }
  }

  @Test func `a row that cannot be moved and shares the bytes of one that is moved stops the import`() throws {
    try Database(source.path).run("UPDATE attachment SET storage_type = 'S3' WHERE id = 10")
    let archive = try bench.write(bench.exported(source), to: "shared.tar")
    let error = #expect(throws: MigrationError.self) { try move(archive, to: .files, in: "target") }
    #expect(error?.code == .targetRefusedRow)
    #expect(try move(archive, to: .keep, in: "kept").isApproved)
  }

  @Test func `a row that shares the bytes of one that stays, stays`() throws {
    try Database(source.path).run("UPDATE attachment SET storage_type = 'S3' WHERE id = 1")
    let archive = try bench.write(bench.exported(source), to: "shared.tar")
    let result = try move(archive, to: .files, in: "target")
    #expect(result.isApproved)
    #expect(result.attachments?.stayed["attachment"]?["it shares its bytes with a row that stays"] == 1)
    #expect(try contents(of: "target")["10"] == contents(of: "source")["10"])
  }
}
