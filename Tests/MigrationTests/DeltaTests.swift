import AllStores
import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct DeltaTests {
  private static var seed: UInt64 {
    getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...999_999)
  }

  // MARK: - What is found

  @Test func `a history of changes arrives by a base and its deltas`() throws {
    var dice = Dice(Self.seed)
    print("NOTEFERRY_TEST_SEED=\(dice.seed)")
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    for round in 1...5 {
      try change(store, bench, round, &dice)
      let result = try bench.export(store)
      #expect(try #require(result.changes).isEmpty == false)
      #expect(result.segment == bench.file("archive/000\(round)-delta.tar"))
    }
    let verified = try bench.verified(bench.file("archive"), .full)
    #expect(verified.isWhole)
    #expect(verified.archive.number == 5)
    let imported = try bench.imported(bench.file("archive"))
    #expect(imported.isApproved)
    #expect(imported.conservation.accounts.allSatisfy { $0.missing == 0 && $0.identical == $0.source })
    try expectEqual(store, bench.target)
  }

  /// Some of everything that a product does to its rows.
  private func change(_ store: SmallStore, _ bench: Workbench, _ round: Int, _ dice: inout Dice) throws {
    let database = try Database(store.path)
    for step in 0..<12 {
      let memo = Int.random(in: 1...14, using: &dice)
      let attachment = Int.random(in: 1...13, using: &dice)
      switch Int.random(in: 0..<8, using: &dice) {
      case 0: try database.run("UPDATE memo SET content = content || '\(dice.next())' WHERE id = \(memo)")
      case 1: try database.run("DELETE FROM memo WHERE id = \(memo) AND id % 3 = 0")
      case 2:
        try database.run(
          "INSERT OR IGNORE INTO memo (id, uid, creator_id, content) VALUES (\(memo), 'r\(round)s\(step)', 1, 'again')")
      case 3: try database.run("UPDATE attachment SET memo_id = \(memo) WHERE id = \(attachment)")
      case 4: try database.run("DELETE FROM attachment WHERE id = \(attachment) AND id % 5 = 1")
      case 5:
        let blob = dice.bytes(Int.random(in: 0...3000, using: &dice))
        try database.insert("UPDATE attachment SET blob = ?, updated_ts = \(round) WHERE id = 7", blob: blob)
      case 6:
        _ = try bench.write(dice.bytes(Int.random(in: 0...3000, using: &dice)), to: SmallStore.fileName)
      default:
        try database.run("INSERT OR REPLACE INTO user_setting VALUES (\(memo), 'K\(step % 3)', '\(dice.next())')")
      }
    }
    try database.run("UPDATE memo SET content = content || ' \(round)' WHERE id = 1")
  }

  private func expectEqual(_ store: SmallStore, _ other: SmallStore) throws {
    for table in SmallStore.keys.keys.sorted() {
      #expect(try store.keys(of: table, notIn: other.path) == [], "\(table)")
      #expect(try other.keys(of: table, notIn: store.path) == [], "\(table)")
    }
    let directory = Folder.parent(of: store.path)
    let otherDirectory = Folder.parent(of: other.path)
    for name in [SmallStore.fileName, SmallStore.secondFileName] where FileStatus.of("\(otherDirectory)/\(name)") != nil
    {
      #expect(try Workbench.read("\(directory)/\(name)") == Workbench.read("\(otherDirectory)/\(name)"))
    }
  }

  @Test func `without a change no segment is written`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    bench.settle()
    let base = try bench.export(store)
    let result = try bench.export(store)
    #expect(result.changes?.isEmpty == true)
    #expect(result.seal == base.seal)
    #expect(try Folder.names(in: bench.file("archive")).filter { $0.hasSuffix(".tar") } == ["0000-base.tar"])
  }

  @Test func `values swapped between rows under a unique constraint arrive`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    try Database(store.path).run(
      """
      UPDATE memo SET uid = 'x' WHERE id = 1; UPDATE memo SET uid = 'm1' WHERE id = 9; UPDATE memo SET uid = 'm9' WHERE id = 1;
      DELETE FROM memo WHERE id = 4; UPDATE memo SET uid = 'm4' WHERE id = 2;
      INSERT INTO memo (uid, creator_id) VALUES ('m2', 1);
      """)
    _ = try bench.export(store)
    #expect(try bench.imported(bench.file("archive")).isApproved)
    try expectEqual(store, bench.target)
  }

  @Test func `a file that was replaced by one of the same length is found`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    var dice = Dice(7)
    _ = try bench.write(dice.bytes(2049), to: SmallStore.fileName)
    let changes = try #require(try bench.export(store).changes)
    #expect(changes.changed >= 1)
    #expect(try bench.imported(bench.file("archive")).isApproved)
    try expectEqual(store, bench.target)
  }

  @Test func `an attachment replaced in place by one of the same length is found when all are read again`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    var dice = Dice(8)
    try Database(store.path).insert("UPDATE attachment SET blob = ? WHERE id = 6", blob: dice.bytes(5000))
    let changes = try #require(try bench.export(store, isParanoid: true).changes)
    #expect(changes.entities.first { $0.entity == "attachment" }?.changed == 1)
    #expect(try bench.imported(bench.file("archive")).isApproved)
    try expectEqual(store, bench.target)
  }

  @Test func `a delta holds what was changed and nothing else`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: true)
    bench.settle()
    let base = try bench.export(store)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5; DELETE FROM memo WHERE id = 6")
    let delta = try bench.export(store)
    let changes = try #require(delta.changes)
    #expect((changes.inserted, changes.changed, changes.deleted) == (0, 1, 1))
    #expect(base.bytes > 4 << 20 && delta.bytes < 64 << 10)
    #expect(delta.summary.entities.first { $0.entity == "memo" }?.deletedRows == 1)
  }

  // MARK: - What is refused

  @Test func `another store is not taken for a later state of the archived one`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    for memo in 20...60 {
      try Database(store.path).run("INSERT INTO memo (id, uid, creator_id) VALUES (\(memo), 'n\(memo)', 1)")
    }
    _ = try bench.export(store)
    let before = try Folder.names(in: bench.file("archive"))
    try Database(store.path).run("UPDATE memo SET content = 'other' || id")
    let error = #expect(throws: MigrationError.self) { try bench.export(store) }
    #expect(error?.code == .sourceChanged)
    #expect(try Folder.names(in: bench.file("archive")) == before)
  }

  @Test func `a store with another column is refused`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    try Database(store.path).run("ALTER TABLE memo ADD COLUMN mood TEXT")
    let error = #expect(throws: MigrationError.self) { try bench.export(store) }
    #expect(error?.code == .sourceChanged)
  }

  @Test func `a delta with another digest or with secrets is refused`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store, algorithm: .sha256, secrets: .withhold)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5")
    for (algorithm, secrets) in [(DigestAlgorithm.sha512, SecretsPolicy.withhold), (.sha256, .include)] {
      let error = #expect(throws: MigrationError.self) {
        try bench.export(store, algorithm: algorithm, secrets: secrets)
      }
      #expect(error?.code == .sourceChanged)
    }
  }

  @Test func `segments that do not belong together are refused before anything is written`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    for round in 1...3 {
      try Database(store.path).run("UPDATE memo SET content = 'round \(round)' WHERE id = \(round)")
      _ = try bench.export(store)
    }
    let archive = bench.file("archive")
    let second = try Workbench.read(archive + "/0002-delta.tar")
    let third = try Workbench.read(archive + "/0003-delta.tar")
    func expectRefusal(_ what: Comment) throws {
      let verified = #expect(throws: MigrationError.self, what) { try bench.verified(archive, .full) }
      #expect(verified?.code == .archiveDamaged, what)
      let imported = #expect(throws: MigrationError.self, what) { try bench.imported(archive) }
      #expect(imported?.code == .archiveDamaged, what)
      #expect(FileStatus.of(bench.target.path) == nil, what)
      let exported = #expect(throws: MigrationError.self, what) { try bench.export(store) }
      #expect(exported?.code == .archiveDamaged, what)
    }
    try Folder.remove(archive + "/0002-delta.tar")
    try expectRefusal("a segment is missing")
    _ = try bench.write(third, to: "archive/0002-delta.tar")
    _ = try bench.write(second, to: "archive/0003-delta.tar")
    try expectRefusal("two are swapped")
    _ = try bench.write(second, to: "archive/0002-delta.tar")
    try expectRefusal("one stands twice")
    let other = try Workbench()
    let otherStore = try SmallStore.make(in: other.path, isLarge: false)
    _ = try other.export(otherStore)
    for round in 1...3 {
      try Database(otherStore.path).run("UPDATE memo SET content = 'other \(round)' WHERE id = \(round)")
      _ = try other.export(otherStore)
    }
    _ = try bench.write(Workbench.read(other.file("archive/0003-delta.tar")), to: "archive/0003-delta.tar")
    try expectRefusal("one is of another archive")
    _ = try bench.write(third, to: "archive/0003-delta.tar")
    #expect(try bench.verified(archive, .full).isWhole)
    #expect(try bench.imported(archive).isApproved)
  }

  @Test func `a delta alone is not imported`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5")
    let delta = try bench.export(store).segment
    let error = #expect(throws: MigrationError.self) { try bench.imported(delta) }
    #expect(error?.code == .archiveDamaged)
    #expect(try bench.verified(delta, .full).isWhole)
  }

  @Test func `every flipped byte of a delta is found`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5; DELETE FROM memo WHERE id > 9")
    let delta = try bench.export(store).segment
    let whole = try Workbench.read(delta)
    var dice = Dice(Self.seed)
    print("NOTEFERRY_TEST_SEED=\(dice.seed)")
    for _ in 0..<150 {
      var bytes = whole
      let at = Int.random(in: 0..<bytes.count, using: &dice)
      bytes[at] ^= UInt8.random(in: 1...255, using: &dice)
      let path = try bench.write(bytes, to: "flipped.tar")
      let isFound = (try? bench.verified(path, .full).isWhole) != true
      #expect(isFound, "byte \(at)")
    }
  }

  // MARK: - Interruptions

  @Test func `an import that stops at any commit goes on through the deltas`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    for round in 1...2 {
      try Database(store.path).run(
        """
        DELETE FROM memo WHERE id = \(round); UPDATE memo SET uid = 'u\(round)' WHERE id = 5;
        DELETE FROM user_setting WHERE user_id = \(round);
        INSERT OR REPLACE INTO user_setting VALUES (\(3 - round), 'LOCALE', '"round \(round)"');
        """)
      _ = try bench.export(store)
    }
    let archive = bench.file("archive")
    var commits = 0
    _ = try bench.imported(archive, batch: 1, onCommit: { commits += 1 })
    #expect(commits > 10)
    for last in 1..<commits {
      let stop = StopRequest()
      var count = 0
      let stopped = #expect(throws: MigrationError.self) {
        try bench.imported(archive, batch: 1, stop: stop) {
          count += 1
          if count == last { stop.request(signal: 2) }
        }
      }
      #expect(stopped?.code == .interrupted)
      #expect(try bench.imported(archive, goesOn: true).isApproved, "stopped at commit \(last)")
      try expectEqual(store, bench.target)
    }
  }

  @Test func `what an interrupted delta left is written anew`() throws {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    _ = try bench.export(store)
    try Database(store.path).run("UPDATE memo SET content = 'x' WHERE id = 5")
    _ = try bench.write([1, 2, 3], to: "archive/0001-delta.tar.partial")
    #expect(try bench.verified(bench.file("archive"), .full).isWhole)
    _ = try bench.export(store)
    #expect(
      try Folder.names(in: bench.file("archive")).filter { !$0.hasPrefix(".") } == ["0000-base.tar", "0001-delta.tar"])
    #expect(try bench.imported(bench.file("archive")).isApproved)
    try expectEqual(store, bench.target)
  }
}

extension Workbench {
  /// Lets the store's files be older than an export that begins now can doubt.
  func settle() { usleep(2_100_000) }

  /// Exports into the archive of the bench: its base, or a delta.
  @discardableResult
  func export(
    _ store: SmallStore, algorithm: DigestAlgorithm? = nil, secrets: SecretsPolicy? = nil, isParanoid: Bool = false,
    glances: Bool = false
  ) throws -> ExportResult {
    var options = ExportOptions(stateDirectory: file("state"), toolVersion: "0.0.0")
    let isBase = FileStatus.of(file("archive/0000-base.tar")) == nil
    options.secrets = secrets ?? (isBase ? .include : .withhold)
    options.algorithm = algorithm
    options.isParanoid = isParanoid
    options.isGlance = glances
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    return try Migration.export(
      AllStores.source(store.path, profiles: Profile.builtIn), to: .directory(file("archive")), options: options,
      observer: SilentObserver(), stop: StopRequest())
  }
}
