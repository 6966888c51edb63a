import CSQLite
import NoteModel

/// The statements that put rows of one entity into its table, and what the table's shape allows.
final class RowLoader {
  let entity: Entity
  let shape: TableShape
  /// For each column of the entity its place in the table; -1 for `@row` and `@file`.
  let places: [Int]
  /// For each column of the entity what SQLite does to values that are written to it.
  let affinities: [Affinity]
  private let connection: Connection
  private var upserts: [[Int]: Statement] = [:]
  private var lookups: [String: Statement] = [:]
  private var removal: Statement?
  private var plain: Statement?
  /// For each unique index beside the key: its columns in the entity, and the statement that removes who has their values.
  private var rivals: [(columns: [Int], removal: Statement)]?

  /// - Throws: `.targetMismatch` when the table is not there, lacks a column, or has no unique key as the entity's.
  init(_ connection: Connection, _ entity: Entity, _ shape: TableShape) throws {
    self.connection = connection
    self.entity = entity
    self.shape = shape
    places = try entity.columns.map { column in
      switch column.kind {
      case .file, .rowNumber: return -1
      case .plain, .content:
        guard let place = shape.index(of: column.name), !shape.columns[place].isGenerated else {
          throw Self.mismatch(connection, "its table \(shape.name) has no column \(column.name) to write to")
        }
        return place
      }
    }
    // Nothing is changed in `@row` and `@file`; a row number is always one; a STRICT table refuses instead.
    affinities = places.map {
      $0 < 0 || $0 == shape.rowIDColumn || shape.isStrict
        ? .none : Affinity(declaredType: shape.columns[$0].declaredType)
    }
    guard hasKey else {
      let names = entity.key.map { entity.columns[$0].name }.joined(separator: ", ")
      throw Self.mismatch(connection, "its table \(shape.name) has no unique key \(names)")
    }
  }

  static func mismatch(_ connection: Connection, _ cause: String) -> MigrationError {
    MigrationError(
      .targetMismatch, "\(connection.path) is not a store of the same product and version", cause: cause,
      safeNow: "the target was not changed",
      next: ["let the same version of the product initialise the target", "or import with --create-schema"])
  }

  var isKeyedByRowID: Bool {
    entity.key.count == 1
      && (entity.columns[entity.key[0]].kind == .rowNumber || places[entity.key[0]] == shape.rowIDColumn)
  }

  private var hasKey: Bool {
    guard entity.key.allSatisfy({ entity.columns[$0].kind != .file }) else { return false }
    if isKeyedByRowID { return shape.rowIDName != nil }
    let key = entity.key.map { places[$0] }
    if shape.usableKey(key) != nil { return true }
    // Such a table is its primary key; one that ignores case keeps rows apart all the more.
    return shape.isWithoutRowID
      && Set(key) == Set(shape.columns.indices.filter { shape.columns[$0].primaryKeyPlace > 0 })
  }

  func name(_ column: Int) -> String {
    entity.columns[column].kind == .rowNumber ? shape.rowIDName! : quoted(shape.columns[places[column]].name)
  }

  private var keyTest: String {
    entity.key.enumerated().map { "\(name($0.element)) = ?\($0.offset + 1)" }.joined(separator: " AND ")
  }

  func isNullable(_ column: Int) -> Bool { places[column] < 0 || !shape.columns[places[column]].isNotNull }

  // MARK: - Statements

  /// Inserts a row or updates the one with its key; parameter n + 1 is the entity's column n.
  ///
  /// - Parameter withheld: Columns whose present value stays; a new row gets their default, or an empty text.
  func upsert(withheld: [Int] = []) throws -> Statement {
    if let statement = upserts[withheld] { return statement }
    var names: [String] = []
    var values: [String] = []
    var updates: [String] = []
    for column in entity.columns.indices where entity.columns[column].kind != .file {
      let name = self.name(column)
      if withheld.contains(column) {
        let place = shape.columns[places[column]]
        if place.isNotNull, !place.hasDefault {
          names.append(name)
          values.append("''")
        }
        continue
      }
      names.append(name)
      values.append("?\(column + 1)")
      if !entity.key.contains(column) { updates.append("\(name) = excluded.\(name)") }
    }
    let keys = entity.key.map(name).joined(separator: ", ")
    let statement = try connection.prepare(
      "INSERT INTO \(quoted(shape.name))(\(names.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))"
        + " ON CONFLICT(\(keys)) DO "
        + (updates.isEmpty ? "NOTHING" : "UPDATE SET \(updates.joined(separator: ", "))"))
    upserts[withheld] = statement
    return statement
  }

  /// Inserts a row without looking for its key. To be run by `withoutChecks`.
  func plainInsert() throws -> Statement {
    if let plain { return plain }
    let columns = entity.columns.indices.filter { entity.columns[$0].kind != .file }
    let statement = try connection.prepare(
      "INSERT INTO \(quoted(shape.name))(\(columns.map(name).joined(separator: ", "))) "
        + "VALUES (\(columns.map { "?\($0 + 1)" }.joined(separator: ", ")))")
    plain = statement
    return statement
  }

  /// Steps a statement while the CHECKs of tables are off: they would test zeros. The switch makes SQLite compile the
  /// statement anew, before and after.
  func withoutChecks(_ statement: Statement) throws -> Int32 {
    let before = try connection.integer("PRAGMA ignore_check_constraints") ?? 0
    try connection.execute("PRAGMA ignore_check_constraints = 1")
    let result = statement.rawStep()
    if result == SQLITE_DONE { try connection.execute("PRAGMA ignore_check_constraints = \(before)") }
    return result
  }

  func remove(_ key: Key) throws {
    let statement = try removal ?? connection.prepare("DELETE FROM \(quoted(shape.name)) WHERE \(keyTest)")
    removal = statement
    statement.reset()
    for (index, value) in key.values.enumerated() { statement.bind(value, at: Int32(index + 1)) }
    _ = try statement.step()
    statement.reset()
  }

  /// Removes other rows that have a unique value of a row.
  func removeRivals(ofRow row: Int, in page: RecordPage) throws {
    let rivals = try rivals ?? makeRivals()
    self.rivals = rivals
    guard !rivals.isEmpty else { return }
    var reader = RecordReader(page.row(row))
    let values = entity.columns.map { _ in reader.next()?.copied ?? .null }
    for (columns, removal) in rivals {
      removal.reset()
      for (index, column) in (columns + entity.key).enumerated() { removal.bind(values[column], at: Int32(index + 1)) }
      _ = try removal.step()
      removal.reset()
    }
  }

  private func makeRivals() throws -> [(columns: [Int], removal: Statement)] {
    let key = Set(entity.key.map { places[$0] })
    return try shape.indexes.filter { $0.isUnique && !$0.isPartial && Set($0.columns) != key }.compactMap { index in
      let columns = index.columns.compactMap { place in place < 0 ? nil : places.firstIndex(of: place) }
      guard columns.count == index.columns.count else { return nil }
      let test = columns.enumerated().map { "\(name($0.element)) = ?\($0.offset + 1)" }.joined(separator: " AND ")
      let own = entity.key.enumerated().map { "\(name($0.element)) IS ?\($0.offset + 1 + columns.count)" }
      let removal = try connection.prepare(
        "DELETE FROM \(quoted(shape.name)) WHERE \(test) AND NOT (\(own.joined(separator: " AND ")))")
      return (columns, removal)
    }
  }

  /// A statement that stands on the row with a key and gives `expression`; `nil` when there is no such row.
  ///
  /// The caller resets it when it needs the value no more.
  func find(_ expression: String, _ key: Key) throws -> Statement? {
    let statement =
      try lookups[expression] ?? connection.prepare("SELECT \(expression) FROM \(quoted(shape.name)) WHERE \(keyTest)")
    lookups[expression] = statement
    statement.reset()
    for (index, value) in key.values.enumerated() { statement.bind(value, at: Int32(index + 1)) }
    return try statement.step() ? statement : nil
  }

  // MARK: - Very large contents

  /// Whether values of this table can be filled in pieces when `fakes` (places in the table) get zeros at first:
  /// nothing may test or index them by rules that cannot be put off.
  func canFillInPieces(from first: Int, fakes: Set<Int>, pageSize: Int) -> Bool {
    guard canPatch(fakes), RecordPatch.fits(columns: shape.columns.count, pageSize: pageSize) else { return false }
    // Columns that the archive does not know get their default, which may be data behind the zeros.
    let known = Set(places)
    for place in shape.columns.indices where place > first && !known.contains(place) && shape.columns[place].hasDefault
    {
      return false
    }
    return true
  }

  /// Whether values in these places of the table can be blobs at first: nothing tests or indexes them that cannot be
  /// put off.
  func canPatch(_ places: Set<Int>) -> Bool {
    guard shape.rowIDName != nil, !shape.isWithoutRowID, !shape.isStrict,
      !shape.columns.contains(where: \.isGenerated)
    else { return false }
    return indexes(on: places).allSatisfy { !$0.isUnique && $0.origin == "c" }
  }

  /// The indexes that look at one of these columns, or may do so by an expression.
  func indexes(on places: Set<Int>) -> [TableShape.Index] {
    shape.indexes.filter { $0.isPartial || $0.columns.contains { $0 == -2 || places.contains($0) } }
  }
}
