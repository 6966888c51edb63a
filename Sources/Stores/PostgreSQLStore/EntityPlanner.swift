import NoteModel
import NoteStore

/// Builds the plans of all entities of a store.
struct EntityPlanner {
  let connection: Connection
  let profile: Profile
  let options: SnapshotOptions
  let shapes: [TableShape]
  var findings: [Finding] = []
  private var names: Set<String> = []
  private var taken: Set<String> = []

  /// Tables of ours in a target that is being filled.
  static let markPrefix = "noteferry_import"

  init(_ connection: Connection, _ profile: Profile, _ options: SnapshotOptions, _ shapes: [TableShape]) {
    self.connection = connection
    self.profile = profile
    self.options = options
    self.shapes = shapes
  }

  /// Plans in the order in which they are carried: the profile's entities, then the other tables by name.
  mutating func plans() throws -> [EntityPlan] {
    var plans: [EntityPlan] = []
    for wanted in profile.entities {
      guard let shape = shape(ofFirst: wanted.tables) else {
        if wanted.isRequired { throw missingTable(wanted) }
        continue
      }
      taken.insert(shape.name)
      names.insert(wanted.name.lowercased())
      plans.append(try plan(shape, wanted, name: wanted.name))
    }
    for wanted in profile.entities { try addOtherTables(of: wanted, to: &plans) }
    let skipped = Set(profile.skippedTables.map(\.table))
    for shape in shapes where !taken.contains(shape.name) && !skipped.contains(shape.name) {
      try addUnknown(shape, to: &plans)
    }
    return plans
  }

  private mutating func addUnknown(_ shape: TableShape, to plans: inout [EntityPlan]) throws {
    if shape.kind == .view { return }
    if shape.name.hasPrefix(Self.markPrefix) || shape.kind == .foreign {
      findings.append(
        Finding(
          .tableNotCarried, shape.kind == .foreign ? .warning : .loss, entity: Entity.archiveName(for: shape.name),
          explanation: shape.kind == .foreign
            ? "a table that lies on another server"
            : "tables of this name belong to imports that have not ended; the store may be incomplete"))
      return
    }
    var name = Entity.archiveName(for: shape.name)
    if name.utf8.count > 64 || !names.insert(name.lowercased()).inserted {
      name = String(name.prefix(48)) + "=-" + String(plans.count)
      names.insert(name.lowercased())
    }
    let key = shape.indexes.first { $0.isPrimary } ?? shape.indexes.first { shape.isUnique($0.columns) }
    let unknown = EntityProfile(
      name: name, role: .other, tables: [shape.name], key: key?.columns.map { shape.columns[$0].name } ?? [])
    plans.append(try plan(shape, unknown, name: name))
    findings.append(
      Finding(
        .tableUnknown, .info, entity: name,
        explanation: "the profile \(profile.name) does not know this table; all of it is carried"))
  }

  /// Where tables of several versions of an entity exist, as behind an upgrade that died, all of them are carried as what
  /// they are: the rows of an attachment may have files.
  private mutating func addOtherTables(of wanted: EntityProfile, to plans: inout [EntityPlan]) throws {
    for table in wanted.tables where !taken.contains(table) {
      guard let shape = shape(ofFirst: [table]),
        (wanted.key + wanted.requiredColumns).allSatisfy({ shape.index(of: $0) != nil })
      else { continue }
      let name = Entity.archiveName(for: shape.name)
      guard name.utf8.count <= 64, names.insert(name.lowercased()).inserted else { continue }
      taken.insert(shape.name)
      plans.append(try plan(shape, wanted, name: name))
      findings.append(
        Finding(
          .tableUnknown, .warning, entity: name,
          explanation: "a table of another version beside the one of \(wanted.name); both are carried"))
    }
  }

  private func shape(ofFirst tables: [String]) -> TableShape? {
    for table in tables {
      if let shape = shapes.first(where: { $0.name == table && ($0.kind == .ordinary || $0.kind == .partitioned) }) {
        return shape
      }
    }
    return nil
  }

  // MARK: - One entity

  private mutating func plan(_ shape: TableShape, _ profile: EntityProfile, name: String) throws -> EntityPlan {
    let required = profile.role == .other ? [] : profile.key + profile.requiredColumns
    for column in required where shape.index(of: column) == nil { throw missingColumn(column, shape, profile) }
    for column in shape.columns where column.isGenerated {
      findings.append(
        Finding(
          .tableNotCarried, .info, entity: name, column: column.name,
          explanation: "a generated column; the target computes it again"))
    }
    let key = try likeKey(shape, name) ?? usableKey(shape, profile)
    let carried = shape.columns.indices.filter { !shape.columns[$0].isGenerated }
    var builder = PlanBuilder(shape: shape, profile: profile, encoding: connection.databaseEncoding)
    builder.addColumns(options.ordered(carried, of: name) { shape.columns[$0].name }, isRanked: key.isEmpty)
    if options.secrets == .withhold { builder.addSecrets() }
    builder.addConditions()
    return builder.plan(name: name, key: key, isGuarded: key.isEmpty || shape.isUnique(key))
  }

  /// The key of the entity that the rows are compared with, where it is one here, too.
  private func likeKey(_ shape: TableShape, _ name: String) -> [Int]? {
    guard let names = options.key(of: name) else { return nil }
    let key = names.compactMap { shape.index(of: $0) }
    let canOrder = key.allSatisfy {
      !shape.columns[$0].isGenerated && shape.columns[$0].type.order("", encoding: connection.databaseEncoding) != nil
    }
    return key.count == names.count && canOrder && shape.isUnique(key) ? key : nil
  }

  /// Places of the key columns; empty for the row's place in the order of all its values.
  private mutating func usableKey(_ shape: TableShape, _ profile: EntityProfile) throws -> [Int] {
    let key = profile.key.compactMap { shape.index(of: $0) }
    let isComplete = !key.isEmpty && key.count == profile.key.count
    let canOrder = key.allSatisfy { place in
      !shape.columns[place].isGenerated
        && shape.columns[place].type.order("", encoding: connection.databaseEncoding) != nil
    }
    if isComplete, canOrder {
      if shape.isUnique(key) { return key }
      if try !Self.isAmbiguous(connection, shape, key) { return key }
    }
    if profile.role != .other {
      findings.append(
        Finding(
          .keyNotUnique, .warning, entity: profile.name,
          explanation: "the key \(profile.key.joined(separator: ", ")) has equal or null values; "
            + "the row's place in the order of all its values is the key instead"))
    }
    return []
  }

  /// Whether a key has nulls, equal values, or values too long to stand in a row.
  static func isAmbiguous(_ connection: Connection, _ shape: TableShape, _ key: [Int]) throws -> Bool {
    let names = key.map { quoted(shape.columns[$0].name) }
    var tests = names.map { "\($0) IS NULL" }
    for place in key where shape.columns[place].type.mayBeLong {
      let column = shape.columns[place].type.selection(quoted(shape.columns[place].name))
      tests.append("octet_length(\(column)) > \(RecordPage.inlineLimit)")
    }
    let nulls = tests.joined(separator: " OR ")
    if try connection.integer("SELECT 1 FROM \(shape.source) WHERE \(nulls) LIMIT 1") != nil { return true }
    let groups = key.map { shape.columns[$0].type.order(quoted(shape.columns[$0].name), encoding: "UTF8")! }
    return try connection.integer(
      "SELECT 1 FROM \(shape.source) GROUP BY \(groups.joined(separator: ", ")) HAVING count(*) > 1 LIMIT 1") != nil
  }

  // MARK: - Refusals

  private func missingTable(_ entity: EntityProfile) -> MigrationError {
    let nearest = NearestName.find(entity.tables.first ?? entity.name, in: shapes.map(\.name))
    return MigrationError(
      .sourceTableMissing, "the store has no table for \(entity.name)",
      cause: "\(connection.name) has none of the tables \(entity.tables.joined(separator: ", "))"
        + (nearest.map { "; the nearest name is \($0)" } ?? ""),
      safeNow: "the source was not changed", next: ["name another profile with ?profile=NAME or --profile FILE"])
  }

  private func missingColumn(_ column: String, _ shape: TableShape, _ entity: EntityProfile) -> MigrationError {
    let nearest = NearestName.find(column, in: shape.columns.map(\.name))
    return MigrationError(
      .sourceTableMissing, "the table \(shape.name) has no column \(column)",
      cause: "the profile needs it for \(entity.name)" + (nearest.map { "; the nearest name is \($0)" } ?? ""),
      safeNow: "the source was not changed", next: ["name another profile with ?profile=NAME or --profile FILE"])
  }
}
