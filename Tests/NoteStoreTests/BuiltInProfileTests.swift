import NoteModel
import Testing

@testable import NoteStore

extension EntityProfile {
  /// Every column that the profile names.
  fileprivate var namedColumns: Set<String> {
    var names = key + identity + requiredColumns + textColumns + jsonColumns + changeHints
    names += [contentColumn, sizeColumn, nameColumn, mimeColumn, noteColumn, ownerColumn].compactMap(\.self)
    names += [file?.referenceColumn, file?.when.column, external?.column, nodeScoped?.column].compactMap(\.self)
    names += secrets.flatMap { [$0.column, $0.when?.column].compactMap(\.self) }
    return Set(names)
  }

  fileprivate func table(among tables: Set<String>) -> String? { self.tables.first(where: tables.contains) }
}

extension Profile {
  /// The names of the invariants that find rows.
  fileprivate func broken(in database: TestDatabase) throws -> [String] {
    let tables = try database.tables()
    return try invariants.filter { invariant in
      guard invariant.runs(on: "sqlite"), invariant.tables.allSatisfy(tables.contains) else { return false }
      return try !database.rows(invariant.query).isEmpty
    }.map(\.name)
  }
}

@Suite struct BuiltInProfileTests {
  @Test func `both built-in profiles are sound and found by name`() throws {
    #expect(Profile.builtIn.map(\.name) == ["memos", "reference"])
    for profile in Profile.builtIn {
      #expect(Profile.builtIn(named: profile.name) == profile)
      #expect(try ProfileReader.read(profile.sourceText, fileName: "archive/profile.toml") == profile)
    }
    let error = try #require(throws: MigrationError.self) { try Profile.named("memo") }
    #expect(error.code == .profileUnknown)
    #expect(error.cause == "did you mean `memos`? the built-in profiles are memos, reference")
  }

  @Test(arguments: MemosSchemas.all)
  func `the memos profile fits the tables of each version`(version: String, statements: [String]) throws {
    let database = try TestDatabase(statements)
    let profile = try Profile.named("memos")
    let tables = try database.tables()
    #expect(Profile.probe(Profile.builtIn, tables: tables).map(\.name) == ["memos"])
    #expect(profile.versionStatus(version) == .known)
    var carried: [String] = []
    for entity in profile.entities {
      guard let table = entity.table(among: tables) else {
        #expect(!entity.isRequired, "\(entity.name)")
        continue
      }
      let columns = try database.columns(of: table)
      #expect(columns.isSuperset(of: entity.key + entity.requiredColumns), "\(entity.name)")
      if entity.file != nil || entity.external != nil || entity.contentColumn != nil {
        #expect(columns.isSuperset(of: entity.namedColumns), "\(entity.name)")
      }
      #expect(try database.parents(of: table).isSubset(of: carried), "\(entity.name) stands before its parent")
      carried.append(table)
    }
    #expect(Set(carried) == tables)
  }

  @Test(arguments: zip(MemosSchemas.all.map(\.1), ["0.22", "0.26", "0.31"]))
  func `a memos store without a marker shows its age by its tables`(statements: [String], version: String) throws {
    let database = try TestDatabase(statements)
    let tables = try database.tables()
    let profile = try Profile.named("memos")
    #expect(try profile.versionByTables { tables.contains($0) ? try database.columns(of: $0) : nil } == version)
    #expect(profile.versionByTables { _ in nil } == nil)
  }

  @Test func `every column that the memos profile names exists in some version`() throws {
    let profile = try Profile.named("memos")
    var seen: [String: Set<String>] = [:]
    for (_, statements) in MemosSchemas.all {
      let database = try TestDatabase(statements)
      for entity in profile.entities {
        guard let table = entity.table(among: try database.tables()) else { continue }
        seen[entity.name, default: []].formUnion(try database.columns(of: table))
      }
    }
    for entity in profile.entities {
      #expect(entity.namedColumns.subtracting(seen[entity.name] ?? []).isEmpty, "\(entity.name)")
    }
  }

  @Test func `the memos secrets are those of the server, its users and its object store`() throws {
    let profile = try Profile.named("memos")
    func rules(_ entity: String) -> [String] {
      profile.entities.first { $0.name == entity }!.secrets.map { rule in
        rule.column + (rule.jsonMember.map { ">" + $0 } ?? "") + (rule.when.map { " if \($0.column)" } ?? "")
      }
    }
    #expect(
      rules("system_setting") == ["value>secretKey if name", "value if name", "value>**.accessKeySecret if name"])
    #expect(rules("user_setting") == ["value if key"])
    #expect(rules("idp") == ["config"])
    #expect(rules("attachment") == ["payload>**.accessKeySecret if storage_type"])
    #expect(rules("user").isEmpty)
  }

  /// What to insert into an empty store of version 0.31 and the invariant that it breaks.
  static let damages: [(String, String)] = [
    ("INSERT INTO memo (uid, creator_id) VALUES ('m', 9)", "memo-has-owner"),
    ("INSERT INTO memo_relation VALUES (1, 99, 'REFERENCE')", "relation-has-memos"),
    ("INSERT INTO memo_share (uid, memo_id) VALUES ('s', 99)", "share-has-memo"),
    ("INSERT INTO user_setting VALUES (99, 'GENERAL', '{}')", "setting-has-user"),
    ("INSERT INTO attachment (uid, creator_id, memo_id) VALUES ('a', 1, 99)", "attachment-has-memo"),
  ]

  @Test(arguments: damages)
  func `each memos invariant finds its damage and nothing else`(statement: String, name: String) throws {
    let profile = try Profile.named("memos")
    let database = try TestDatabase(MemosSchemas.version31)
    try database.run("INSERT INTO user (id, username) VALUES (1, 'ann')")
    try database.run("INSERT INTO memo (id, uid, creator_id) VALUES (1, 'one', 1)")
    try database.run("INSERT INTO attachment (uid, creator_id, memo_id) VALUES ('x', 1, 1), ('y', 1, NULL)")
    #expect(try profile.broken(in: database) == [])
    try database.run(statement)
    #expect(try profile.broken(in: database) == [name])
  }

  @Test func `doubled public ids are found where the unique index is gone`() throws {
    let statements = MemosSchemas.version24.map { $0.replacing("uid TEXT NOT NULL UNIQUE", with: "uid TEXT NOT NULL") }
    let database = try TestDatabase(statements)
    try database.run("INSERT INTO user (id, username) VALUES (1, 'ann')")
    try database.run("INSERT INTO memo (uid, creator_id) VALUES ('one', 1), ('one', 1)")
    try database.run("INSERT INTO resource (uid, creator_id) VALUES ('r', 1), ('r', 1)")
    #expect(try Profile.named("memos").broken(in: database) == ["memo-uid-unique", "resource-uid-unique"])
    try database.run("INSERT INTO resource (uid, creator_id, memo_id) VALUES ('s', 1, 5)")
    try database.run("INSERT INTO memo_organizer VALUES (5, 1, 1)")
    #expect(try Profile.named("memos").broken(in: database).contains("resource-has-memo"))
    #expect(try Profile.named("memos").broken(in: database).contains("organizer-has-memo"))
  }

  @Test func `the memos version probes ask the marker's own row`() throws {
    let probes = try Profile.named("memos").versionProbes
    #expect(
      probes == [
        Profile.VersionProbe(
          table: "system_setting", column: "value", jsonMember: "schemaVersion", whereColumn: "name",
          whereEquals: "BASIC"),
        Profile.VersionProbe(table: "migration_history", column: "version"),
      ])
  }
}

@Suite struct ReferenceProfileTests {
  private func filled() throws -> TestDatabase {
    let database = try TestDatabase(["PRAGMA foreign_keys = ON"] + ReferenceSchema.sqlite)
    for statement in [
      "INSERT INTO owner (id, login, display_name, rank, created_at) VALUES (1, 'ann', 'Ann', 'vip', 0)",
      "INSERT INTO notebook (id, owner_id, parent_id, title) VALUES (1, 1, NULL, 'top'), (2, 1, 1, 'below')",
      "INSERT INTO note VALUES (1, 'n1', 2, 1, 'title', 'body', 1, 0, 0)",
      "INSERT INTO image VALUES (1, 'i1', 1, 1, 'a.png', 'image/png', 5, 2, 0), (2, 'i2', 1, 1, '', '', 0, 0, 0)",
      "INSERT INTO image_chunk VALUES (1, 0, x'010203'), (1, 1, x'0405')",
      "INSERT INTO node_setting VALUES ('*', 'theme', 'dark'), ('a', 'address', '10.0.0.1')",
    ] { try database.run(statement) }
    return database
  }

  @Test func `the reference profile names every table and every column it uses`() throws {
    let database = try TestDatabase(ReferenceSchema.sqlite)
    let profile = try Profile.named("reference")
    let tables = try database.tables()
    #expect(Profile.probe(Profile.builtIn, tables: tables).map(\.name) == ["reference"])
    #expect(Set(profile.entities.flatMap(\.tables)) == tables)
    var carried: [String] = []
    for entity in profile.entities {
      let columns = try database.columns(of: entity.name)
      #expect(entity.namedColumns.isSubset(of: columns), "\(entity.name)")
      #expect(try database.parents(of: entity.name).isSubset(of: carried), "\(entity.name)")
      carried.append(entity.name)
    }
  }

  @Test func `the version marker of a new reference store is known`() throws {
    let database = try TestDatabase(ReferenceSchema.sqlite)
    let profile = try Profile.named("reference")
    let probe = profile.versionProbes[0]
    let query = "SELECT \(probe.column) FROM \(probe.table) WHERE \(probe.whereColumn!) = '\(probe.whereEquals!)'"
    let marker = try database.rows(query)
    #expect(marker == [[ReferenceSchema.version]])
    #expect(profile.versionStatus(marker[0][0]) == .known)
  }

  static let damages: [(String, String)] = [
    ("UPDATE notebook SET parent_id = 77 WHERE id = 2", "notebook-tree"),
    ("UPDATE note SET owner_id = 77", "note-has-owner"),
    ("UPDATE image SET note_id = 77", "image-has-note"),
    ("DELETE FROM image_chunk WHERE seq = 0", "image-chunks-complete"),
    ("UPDATE image SET byte_count = 6 WHERE id = 1", "image-chunks-complete"),
    ("UPDATE image_chunk SET seq = 4 WHERE seq = 1", "image-chunks-complete"),
    ("INSERT INTO image_chunk VALUES (77, 0, x'00')", "chunk-has-image"),
    ("INSERT INTO note_link VALUES (1, 77, 'see')", "link-has-notes"),
  ]

  @Test(arguments: damages)
  func `each reference invariant finds its damage and nothing else`(statement: String, name: String) throws {
    let database = try filled()
    let profile = try Profile.named("reference")
    #expect(try profile.broken(in: database) == [])
    try database.run("PRAGMA foreign_keys = OFF")
    try database.run(statement)
    #expect(try profile.broken(in: database) == [name])
  }

  @Test func `an unknown rank and an unknown node are refused by the tables`() throws {
    let database = try filled()
    #expect(throws: TestDatabase.Failure.self) { try database.run("UPDATE owner SET rank = 'king'") }
    #expect(throws: TestDatabase.Failure.self) { try database.run("INSERT INTO node_setting VALUES ('c', 'x', '')") }
  }
}

@Suite struct ProfileSelectionTests {
  @Test(arguments: [
    ("0.22", "known"), ("0.22.0", "known"), ("0.21.9", "older"), ("0.31.3", "known"), ("0.31", "known"),
    ("0.32.0", "newer"), ("1.0", "newer"), ("0.9.1", "older"), ("0.100", "newer"), ("0", "older"), ("v0.25.1", "known"),
    ("", "unreadable"), ("0.", "unreadable"), ("0.25-rc1", "unreadable"), ("dev", "unreadable"),
    ("0.25.1.1.1.1.1", "unreadable"), ("0.99999999999999999999", "unreadable"), (" 0.25", "unreadable"),
  ])
  func `a version is judged over the parts that the bound has`(version: String, status: String) throws {
    #expect(try Profile.named("memos").versionStatus(version).rawValue == status)
  }

  @Test func `the highest version is the highest number, not the last text`() {
    #expect(Profile.highestVersion(of: ["0.9.0", "0.24.4", "0.24.10", "0.3", "junk"]) == "0.24.10")
    #expect(Profile.highestVersion(of: ["junk", ""]) == nil)
  }

  @Test func `a store is probed by all of a profile's tables`() throws {
    let memos = try Profile.named("memos")
    #expect(Profile.probe(Profile.builtIn, tables: Set(memos.probeTables.dropLast())).isEmpty)
    #expect(Profile.probe(Profile.builtIn, tables: []).isEmpty)
    var empty = memos
    empty.probeTables = []
    #expect(Profile.probe([empty], tables: ["memo"]).isEmpty)
  }
}
