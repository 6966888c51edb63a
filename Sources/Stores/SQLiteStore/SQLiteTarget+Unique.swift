import CSQLite
import NoteModel
import NoteStore

// Which columns must not repeat, and what they hold.
extension SQLiteTarget {
  public func forms(of entity: Entity) throws -> [ValueForm] {
    // One that is complete already was not opened.
    guard connection != nil else { return Array(repeating: .any, count: entity.columns.count) }
    let shape = try TableShape.all(connection).first { foldedCase($0.name) == foldedCase(entity.table) }
    return entity.columns.map { column in
      guard let shape, let place = shape.index(of: column.name), !isCreated else { return .any }
      return ValueForm(
        engine: SQLiteEngine.scheme, declaredType: shape.columns[place].declaredType, source: column.declaredType,
        isNullable: !shape.columns[place].isNotNull)
    }
  }

  public func uniqueColumns(of entity: Entity) throws -> Set<Int> {
    var shapes = try TableShape.all(connection)
    if isCreated { shapes += try shapesAfterLoad() }
    let table = foldedCase(entity.table)
    var found: Set<Int> = []
    for shape in shapes where foldedCase(shape.name) == table {
      for index in shape.indexes where index.isUnique {
        // An expression may look at any column.
        let places = index.columns.contains(-2) ? Array(shape.columns.indices) : index.columns.filter { $0 >= 0 }
        found.formUnion(places.compactMap { entity.index(of: shape.columns[$0].name) })
      }
    }
    return found
  }

  /// The archive's tables with all their indexes, made in an empty database in memory. What SQLite refuses is left out
  /// here and refused again when the load has ended.
  private func shapesAfterLoad() throws -> [TableShape] {
    let empty = try Connection(
      "definitions", role: .target, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY)
    defer { empty.close() }
    for definition in definitions { try? Permission.make(definition, empty) }
    return try TableShape.all(empty)
  }
}
