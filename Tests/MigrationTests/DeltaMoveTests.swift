import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

/// Deltas of attachments whose bytes are moved between the database and files.
@Suite struct DeltaMoveTests {
  @Test(arguments: [AttachmentPlace.files, .database])
  func `attachments of a delta are moved as those of its base`(to place: AttachmentPlace) throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.file("source"), isLarge: false)
    _ = try bench.export(store)
    var dice = Dice(11)
    let database = try Database(store.path)
    try database.insert("UPDATE attachment SET blob = ?, updated_ts = 99 WHERE id = 7", blob: dice.bytes(4000))
    try database.insert(
      "INSERT INTO attachment (id, uid, creator_id, filename, blob) VALUES (40, 'new', 1, 'new.png', ?)",
      blob: dice.bytes(900))
    try database.run("DELETE FROM attachment WHERE id = 11; UPDATE attachment SET filename = 'other.png' WHERE id = 10")
    _ = try bench.write(dice.bytes(3000), to: "source/" + SmallStore.fileName)
    #expect(try #require(try bench.export(store).changes).deleted == 1)

    try Folder.create(bench.file("target"))
    var options = ImportOptions(stateDirectory: bench.file("state"))
    options.createSchema = true
    options.attachments = place
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let target = bench.file("target/memos_prod.db")
    let result = try importArchive(
      ArchivePlace(bench.file("archive")), into: AllStores.target(target, profiles: Profile.builtIn), options: options,
      readProfile: Workbench.readProfile, reopen: { try AllStores.source(target, profiles: [$0]) },
      observer: SilentObserver(), stop: StopRequest())
    #expect(result.isApproved)
    #expect(result.conservation.accounts.allSatisfy { $0.missing == 0 && $0.isBalanced })
    #expect(try contents(of: target) == contents(of: store.path))
  }

  /// The bytes of each attachment, wherever they are.
  private func contents(of path: String) throws -> [String] {
    let database = try Database(path)
    return try database.column("SELECT id FROM attachment WHERE storage_type <> 'S3' ORDER BY id").map { id in
      let row = "FROM attachment WHERE id = \(id)"
      guard try database.column("SELECT storage_type \(row)") == ["LOCAL"] else {
        return try database.column("SELECT lower(hex(blob)) \(row)")[0]
      }
      let file = Folder.parent(of: path) + "/" + (try database.column("SELECT reference \(row)")[0])
      return FileStatus.of(file) == nil ? "-" : hexadecimal(try Workbench.read(file))
    }
  }
}
