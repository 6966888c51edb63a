import CSQLite
import NoteModel
import NoteStore

/// How the rows of one entity are read: the statement, and what each of its result columns becomes.
struct EntityPlan {
  /// One column of the entity; plain numbers, so that the row loop touches no reference counts.
  struct Step {
    var kind: Column.Kind
    /// The result column.
    var result: Int32
    /// The result column with the length of a content that is a blob, else -1; -1 where the step is no content.
    var length: Int32 = -1
    var affinity: Affinity
    /// Report invalid UTF-8 and NUL in text: everywhere but in an attachment's bytes. Also a login, a file's name or a
    /// table that the profile does not know is refused by engines that check their text.
    var isText: Bool
    var isSecret: Bool
    var isSize: Bool
  }

  /// A value that is withheld.
  struct Secret {
    var column: Int
    /// The result column with 1 where the rule applies; -1 where it always does.
    var condition: Int32
    /// Empties one member of the JSON text; `nil`: the whole value is withheld.
    var eraser: JSONMemberEraser?
    /// Whether null is withheld, too: it is what a target has in the place of a secret, so that it cannot be told from one
    /// there.
    var hidesNull: Bool
  }

  var entity: Entity
  var shape: TableShape
  var steps: [Step]
  var secrets: [Secret]
  /// Result column that is 1 when the bytes are in a file, and the one with its reference; -1 without a rule.
  var fileCondition: Int32 = -1
  var reference: Int32 = -1
  /// Result column that is 1 when the bytes are in another system; -1 without a rule.
  var externalCondition: Int32 = -1
  /// Result column with the row number; -1 when the table has none that can be named.
  var rowID: Int32 = -1
  /// Whether rows are read in the order of their row numbers.
  var isKeyedByRowID: Bool
  /// What stands between SELECT and FROM.
  var selection: String
  /// The same without the bytes of contents.
  var measuringSelection: String
  /// The same without what stands behind a content of more than `walkLimit` bytes; empty where nothing does.
  var glancingSelection: String
  /// Bytes of a content whose pages are walked through all the same: eight of the usual size.
  static let walkLimit = 32 << 10
  /// Results beyond those that one statement of SQLite gives: the row number, lengths and conditions of a table with
  /// very many columns. They are read by a second statement beside the first; empty where one is enough.
  var restSelection: String
  /// The number of the first of them.
  var firstOfRest: Int32
  /// The conditions alone, as expressions; for rows that are read column by column.
  var conditions: [(result: Int32, expression: String)]
  /// SQL names of the key columns.
  var keyNames: [String]

  /// The statement for the one row with a key.
  func statementForKey(isRest: Bool = false) -> String {
    "SELECT \(isRest ? restSelection : selection) FROM \(quoted(entity.table)) WHERE \(keyList) = \(keyParameters)"
  }

  /// The reading statement, from the beginning, behind a key, or from a key on.
  func statement(
    isResumed: Bool, isInclusive: Bool = false, isRest: Bool = false, selection: String? = nil
  ) -> String {
    let selection = isRest ? restSelection : selection ?? self.selection
    var sql = "SELECT \(selection) FROM \(quoted(entity.table))"
    if isResumed { sql += " WHERE \(keyList) \(isInclusive ? ">=" : ">") \(keyParameters)" }
    return sql + " ORDER BY " + keyNames.joined(separator: ", ")
  }

  /// Finds the next key (and the row number, last) behind a key, or the first.
  func nextKeyStatement(isResumed: Bool, isInclusive: Bool = false) -> String {
    var names = keyNames
    if let row = shape.rowIDName { names.append(row) }
    var sql = "SELECT \(names.joined(separator: ", ")) FROM \(quoted(entity.table))"
    if isResumed { sql += " WHERE \(keyList) \(isInclusive ? ">=" : ">") \(keyParameters)" }
    return sql + " ORDER BY \(keyNames.joined(separator: ", ")) LIMIT 1"
  }

  private var keyList: String {
    keyNames.count == 1 ? keyNames[0] : "(" + keyNames.joined(separator: ", ") + ")"
  }
  private var keyParameters: String {
    keyNames.count == 1 ? "?" : "(" + keyNames.map { _ in "?" }.joined(separator: ", ") + ")"
  }
}

/// Builds the plans of all entities of a store.
struct EntityPlanner {
  let connection: Connection
  let profile: Profile
  let options: SnapshotOptions
  let shapes: [TableShape]
  var findings: [Finding] = []

  /// Tables of ours in a target that is being filled.
  static let markPrefix = "noteferry_import"

  init(_ connection: Connection, _ profile: Profile, _ options: SnapshotOptions) throws {
    self.connection = connection
    self.profile = profile
    self.options = options
    shapes = try TableShape.all(connection)
  }

  /// Plans in the order in which they are carried: the profile's entities, then the other tables by name.
  mutating func plans() throws -> [EntityPlan] {
    var plans: [EntityPlan] = []
    var taken: Set<String> = []
    var names: Set<String> = []
    for wanted in profile.entities {
      guard let shape = shape(ofFirst: wanted.tables) else {
        if wanted.isRequired { throw missingTable(wanted) }
        continue
      }
      taken.insert(foldedCase(shape.name))
      names.insert(foldedCase(wanted.name))
      if let plan = try self.plan(shape, wanted, name: wanted.name) { plans.append(plan) }
    }
    for wanted in profile.entities { try addOtherTables(of: wanted, to: &plans, taken: &taken, names: &names) }
    let skipped = Set(profile.skippedTables.map { foldedCase($0.table) })
    for shape in shapes where !taken.contains(foldedCase(shape.name)) {
      let folded = foldedCase(shape.name)
      if folded.hasPrefix("sqlite_") || skipped.contains(folded) || ReservedName.isPassedOver(folded) { continue }
      if folded.hasPrefix(Self.markPrefix) {
        findings.append(
          Finding(
            .tableNotCarried, .loss, entity: Entity.archiveName(for: shape.name),
            explanation: "tables of this name belong to imports that have not ended; the store may be incomplete"))
        continue
      }
      switch shape.kind {
      case .view: continue
      case .virtual, .shadow:
        findings.append(
          Finding(
            .tableNotCarried, .warning, entity: Entity.archiveName(for: shape.name),
            explanation: shape.kind == .virtual
              ? "a virtual table; its module must build it anew in the target"
              : "a table that a virtual table keeps for itself"))
      case .ordinary:
        var name = Entity.archiveName(for: shape.name)
        if name.utf8.count > 64 || !names.insert(foldedCase(name)).inserted {
          name = String(name.prefix(48)) + "=-" + String(plans.count)
          names.insert(foldedCase(name))
        }
        let unknown = EntityProfile(
          name: name, role: .other, tables: [shape.name],
          key: shape.columns.filter { $0.primaryKeyPlace > 0 }.sorted { $0.primaryKeyPlace < $1.primaryKeyPlace }
            .map(\.name))
        guard let plan = try self.plan(shape, unknown, name: name) else { continue }
        findings.append(
          Finding(
            .tableUnknown, .info, entity: name,
            explanation: "the profile \(profile.name) does not know this table; all of it is carried"))
        plans.append(plan)
      }
    }
    return plans
  }

  /// Where tables of several versions of an entity exist, as behind an upgrade that died, all of them are carried as what
  /// they are: the rows of an attachment may have files.
  private mutating func addOtherTables(
    of wanted: EntityProfile, to plans: inout [EntityPlan], taken: inout Set<String>, names: inout Set<String>
  ) throws {
    for table in wanted.tables where !taken.contains(foldedCase(table)) {
      guard let shape = shape(ofFirst: [table]),
        (wanted.key + wanted.requiredColumns).allSatisfy({ shape.index(of: $0) != nil })
      else { continue }
      let name = Entity.archiveName(for: shape.name)
      guard name.utf8.count <= 64, names.insert(foldedCase(name)).inserted else { continue }
      taken.insert(foldedCase(shape.name))
      guard let plan = try self.plan(shape, wanted, name: name) else { continue }
      findings.append(
        Finding(
          .tableUnknown, .warning, entity: name,
          explanation: "a table of another version beside the one of \(wanted.name); both are carried"))
      plans.append(plan)
    }
  }

  private func shape(ofFirst tables: [String]) -> TableShape? {
    for table in tables {
      let folded = foldedCase(table)
      if let shape = shapes.first(where: { foldedCase($0.name) == folded && $0.kind == .ordinary }) { return shape }
    }
    return nil
  }

  // MARK: - One entity

  private mutating func plan(_ found: TableShape, _ profile: EntityProfile, name: String) throws -> EntityPlan? {
    let shape = found.spelled(as: profile)
    let required = profile.role == .other ? [] : profile.key + profile.requiredColumns
    for column in required where shape.index(of: column) == nil { throw missingColumn(column, shape, profile) }

    let carried = options.ordered(
      shape.columns.indices.filter { !shape.columns[$0].isGenerated && !shape.columns[$0].isHidden }, of: name
    ) { shape.columns[$0].name }
    for column in shape.columns where column.isGenerated {
      findings.append(
        Finding(
          .tableNotCarried, .info, entity: name, column: column.name,
          explanation: "a generated column; the target computes it again"))
    }
    guard let key = try likeKey(shape, name) ?? usableKey(shape, profile, carried) else {
      findings.append(
        Finding(
          .tableNotCarried, .loss, entity: name,
          explanation: "the table has no key, and columns hide its row number behind their names"))
      return nil
    }

    var builder = PlanBuilder(
      shape: shape, profile: profile, resultLimit: Int(sqlite3_limit(connection.handle, SQLITE_LIMIT_COLUMN, -1)))
    builder.addColumns(carried, rowNumberKey: key.isEmpty)
    if options.secrets == .withhold { builder.addSecrets() }
    builder.addConditions()
    return builder.plan(name: name, key: key)
  }

  /// The key of the entity that the rows are compared with, where rows can be read by it here, too.
  private func likeKey(_ shape: TableShape, _ name: String) throws -> [Int]? {
    guard let names = options.key(of: name) else { return nil }
    let key = names.compactMap { shape.index(of: $0) }
    guard key.count == names.count, let usable = shape.usableKey(key), usable == key else { return nil }
    return try isTooLong(shape, key) ? nil : key
  }

  /// Places of the key columns; empty for the row number; `nil` when there is neither.
  private mutating func usableKey(_ shape: TableShape, _ profile: EntityProfile, _ carried: [Int]) throws -> [Int]? {
    let wanted = profile.key.compactMap { shape.index(of: $0) }
    let isCarried = wanted.allSatisfy { carried.contains($0) }
    if isCarried, wanted.count == profile.key.count, let key = shape.usableKey(wanted) {
      if try !isTooLong(shape, key) { return key }
    }
    if !wanted.isEmpty, profile.role != .other, try isAmbiguous(shape, wanted) {
      findings.append(
        Finding(
          .keyNotUnique, .warning, entity: profile.name,
          explanation: "the key \(profile.key.joined(separator: ", ")) has equal or null values; "
            + "the row number is the key instead"))
    }
    if let row = shape.rowIDColumn { return [row] }
    if shape.isWithoutRowID {
      let primary = shape.columns.indices.filter { shape.columns[$0].primaryKeyPlace > 0 }
      return primary.sorted { shape.columns[$0].primaryKeyPlace < shape.columns[$1].primaryKeyPlace }
    }
    return shape.rowIDName == nil ? nil : []
  }

  /// Whether a key value is longer than a row may hold. Scans the key's own index.
  private func isTooLong(_ shape: TableShape, _ key: [Int]) throws -> Bool {
    guard key != [shape.rowIDColumn], !shape.isWithoutRowID else { return false }
    let tests = key.map { "length(CAST(\(quoted(shape.columns[$0].name)) AS BLOB)) > \(RecordPage.inlineLimit)" }
    return try connection.integer(
      "SELECT 1 FROM \(quoted(shape.name)) WHERE \(tests.joined(separator: " OR ")) LIMIT 1") != nil
  }

  private func isAmbiguous(_ shape: TableShape, _ key: [Int]) throws -> Bool {
    let names = key.map { quoted(shape.columns[$0].name) }
    let nulls = names.map { $0 + " IS NULL" }.joined(separator: " OR ")
    if try connection.integer("SELECT 1 FROM \(quoted(shape.name)) WHERE \(nulls) LIMIT 1") != nil { return true }
    let groups = names.map { $0 + " COLLATE BINARY" }.joined(separator: ", ")
    return try connection.integer(
      "SELECT 1 FROM \(quoted(shape.name)) GROUP BY \(groups) HAVING count(*) > 1 LIMIT 1") != nil
  }

  // MARK: - Refusals

  private func missingTable(_ entity: EntityProfile) -> MigrationError {
    let names = shapes.map(\.name).filter { !$0.hasPrefix("sqlite_") }
    let nearest = Nearest.name(to: entity.tables.first ?? entity.name, among: names)
    return MigrationError(
      .sourceTableMissing, "the store has no table for \(entity.name)",
      cause: "\(connection.path) has none of the tables \(entity.tables.joined(separator: ", "))"
        + (nearest.map { "; the nearest name is \($0)" } ?? ""),
      safeNow: "the source was not changed", next: ["name another profile with ?profile=NAME or --profile FILE"])
  }

  private func missingColumn(_ column: String, _ shape: TableShape, _ entity: EntityProfile) -> MigrationError {
    let nearest = Nearest.name(to: column, among: shape.columns.map(\.name))
    return MigrationError(
      .sourceTableMissing, "the table \(shape.name) has no column \(column)",
      cause: "the profile needs it for \(entity.name)" + (nearest.map { "; the nearest name is \($0)" } ?? ""),
      safeNow: "the source was not changed", next: ["name another profile with ?profile=NAME or --profile FILE"])
  }
}

/// The name that a person may have meant.
enum Nearest {
  /// The name with the fewest changed letters; `nil` when none is near.
  static func name(to wanted: String, among names: [String]) -> String? {
    let target = Array(foldedCase(wanted).utf8.prefix(64))
    var best: (name: String, distance: Int)?
    for name in names.prefix(2000) {
      let distance = self.distance(target, Array(foldedCase(name).utf8.prefix(64)))
      if distance < best?.distance ?? .max { best = (name, distance) }
    }
    guard let best, best.distance <= max(2, target.count / 2) else { return nil }
    return best.name
  }

  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, one) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (one == other ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[right.count]
  }
}
