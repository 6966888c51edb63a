import NoteModel

/// Rows of one entity on their way to their table.
///
/// A row behind every row that is there travels by COPY straight into its table; one that may be there already goes into a
/// table of the session's own and is upserted from there by key. An archive gives rows in the order of their keys, so
/// nearly all of them go straight, at the price of a plain COPY.
///
/// The server buffers up to 1,000 rows of one COPY whatever their size, so a COPY ends after `copyLimit` bytes.
final class Stage {
  /// Bytes of one COPY, about.
  static let copyLimit = 16 << 20
  /// Rows of one COPY: their keys are remembered, to name the one that is refused, and so that no key comes twice in one
  /// upsert.
  static let rowLimit = 16_384

  let entity: Entity
  let table: TargetTable
  /// For each column of the entity how it is sent; `nil` for files.
  let forms: [FieldForm?]
  /// Where the rows with contents stand; nil where they have a key.
  let places: RowPlaces?
  private let name: String
  /// Columns of the entity that are sent, and those of them that are the key.
  private let sent: [Int]
  /// Whether the server knows that no key is there twice.
  private let isKeyUnique: Bool
  private let connection: Connection

  /// Whether the form of every value is the column's own, and the order of the keys is one that the server has.
  private let mayGoStraight: Bool
  /// No row of the table has a key behind this one; `nil` where that is not known.
  private var furthest: Key?
  /// Whether the server was asked for it.
  private var isAsked = false
  /// Whether the rows under way go straight.
  private var isStraight = false
  /// Whether one row alone is under way, whose place is to be known.
  private var isPlaced = false
  /// Whether the session's own table is there.
  private var hasTable = false

  /// Columns that the rows under way have no value for.
  private var left: [Int] = []
  private var keys: [Key] = []
  private var upserted: Set<Key> = []
  private var isCopying = false
  private(set) var rowCount = 0
  private var byteCount = 0
  private let buffer = GrowingBuffer(capacity: 96 << 10)

  /// - Throws: `.targetMismatch` for a column that the target does not have.
  init(_ connection: Connection, _ entity: Entity, _ table: TargetTable, number: Int) throws {
    self.connection = connection
    self.entity = entity
    self.table = table
    places = RowPlaces(connection, entity)
    name = "pg_temp." + quoted("noteferry_stage\(number)")
    var forms: [FieldForm?] = []
    for column in entity.columns {
      guard column.kind != .file, column.kind != .rowNumber else {
        forms.append(nil)
        continue
      }
      guard let found = table.column(column.name), !found.isGenerated else {
        throw Self.mismatch(connection, "its table \(table.name) has no column \(column.name)")
      }
      forms.append(FieldForm(type: found.type))
    }
    self.forms = forms
    sent = entity.columns.indices.filter { forms[$0] != nil }
    let keyNames = Set(entity.key.map { entity.columns[$0].name })
    isKeyUnique = table.uniqueKeys.contains { Set($0) == keyNames }
    mayGoStraight =
      !forms.contains(.ownText) && entity.key.allSatisfy { forms[$0] == nil || forms[$0]!.isOrderedAsKeys }
  }

  static func mismatch(_ connection: Connection, _ cause: String) -> MigrationError {
    MigrationError(
      .targetMismatch, "the target does not fit the archive", cause: "\(connection.name): \(cause)",
      safeNow: "the target was not changed",
      next: ["let the same version of the product initialise the target", "or import into an empty database"])
  }

  private static func place(_ column: Int) -> String { "c\(column)" }
  func sqlName(_ column: Int) -> String { quoted(entity.columns[column].name) }

  var isEmpty: Bool { rowCount == 0 && !isCopying }
  var isFull: Bool { byteCount >= Self.copyLimit || rowCount >= Self.rowLimit }

  // MARK: - Rows

  /// Begins a row, behind those that can travel with it. Inside a transaction.
  ///
  /// - Parameter hasContents: Whether other rows may share what this one holds.
  func beginRow(key: Key, without columns: [Int], hasContents: Bool) throws {
    let isAlone = hasContents && places != nil
    // A row of which something must be made up goes through the stage.
    var (isLast, isBehind) = try placeOfRow(key, without: columns)
    if isAlone { isBehind = false }
    if isFull || columns != left || isBehind != isStraight || upserted.contains(key) || isAlone || isPlaced {
      try settle()
    }
    if !isCopying {
      left = columns
      isStraight = isBehind
      isPlaced = isAlone
      try begin()
    }
    keys.append(key)
    if isLast { furthest = key }
    if !isBehind { upserted.insert(key) }
    rowCount += 1
    buffer.append(littleEndian: Int16(sent.count - left.count).bigEndian)
  }

  /// Whether no row of the table can have this key, and whether it may so go there without the stage.
  private func placeOfRow(_ key: Key, without columns: [Int]) throws -> (isLast: Bool, isStraight: Bool) {
    let isLast = try isBehindAll(key)
    return (isLast, isLast && empty(columns).isEmpty)
  }

  /// Those of the columns that a new row must name.
  private func empty(_ columns: [Int]) -> [Int] {
    columns.filter { forms[$0] != nil && table.column(entity.columns[$0].name)?.needsEmpty == true }
  }

  /// Whether no row of the table can have this key. Asks the server at the first row.
  private func isBehindAll(_ key: Key) throws -> Bool {
    guard mayGoStraight else { return false }
    let places = entity.key.indices.filter { forms[entity.key[$0]] != nil }
    // Rows without a key are only ever inserted.
    guard !places.isEmpty else { return true }
    // A value of another type than its column's may stand there as the value of another key.
    guard places.allSatisfy({ forms[entity.key[$0]]!.isOrdered(key.values[$0]) }) else { return false }
    if isAsked { return furthest.map { $0 < key } ?? false }
    isAsked = true
    let names = places.map { place in
      let column = entity.key[place]
      return sqlName(column) + (forms[column] == .text ? " COLLATE \"C\"" : "")
    }
    let numbers = places.indices.map { "$\($0 + 1)" }
    let isAnyBehind = try connection.integer(
      "SELECT EXISTS (SELECT FROM \(table.sql) WHERE (\(names.joined(separator: ", "))) "
        + ">= (\(numbers.joined(separator: ", "))))::int", places.map { Parameter(key: key.values[$0]) })
    return isAnyBehind == 0
  }

  private func begin() throws {
    let columns = sent.filter { !left.contains($0) }
    if !isStraight, !hasTable {
      let columns = sent.map { "\(Self.place($0)) \(forms[$0]!.stagedType)" }
      // A rollback may have taken the one that was here away, or not.
      try connection.execute(
        "DROP TABLE IF EXISTS \(name); CREATE TEMPORARY TABLE \(name.dropFirst("pg_temp.".count)) "
          + "(\(columns.joined(separator: ", ")))")
      hasTable = true
    }
    let place = isStraight ? table.sql : name
    let names = columns.map { isStraight ? sqlName($0) : Self.place($0) }
    try connection.beginCopyIn("COPY \(place) (\(names.joined(separator: ", "))) FROM STDIN (FORMAT binary)")
    isCopying = true
  }

  /// Appends a value; `false` when the column cannot hold it.
  @inline(__always)
  func append(_ value: ValueView, column: Int) throws -> Bool {
    guard forms[column]!.append(value, to: buffer) else { return false }
    if buffer.count >= 64 << 10 { try flush() }
    return true
  }

  /// Announces a value whose bytes follow by `put`.
  func announce(_ length: Int64, column: Int) throws {
    let prefix = forms[column]!.prefix
    FieldForm.append(Int32(length) + Int32(prefix.count), to: buffer)
    buffer.append(prefix)
  }

  func put(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count < 16 << 10 {
      buffer.append(bytes)
      if buffer.count >= 64 << 10 { try flush() }
    } else {
      try flush()
      byteCount += bytes.count
      try connection.put(bytes)
    }
  }

  private func flush() throws {
    byteCount += buffer.count
    try connection.put(buffer.bytes)
    buffer.removeAll()
  }

  // MARK: - Settling

  /// Brings the rows under way into the table.
  ///
  /// - Throws: `.targetRefusedRow` naming entity and key where a rule of the table forbids one; the transaction has
  ///   failed then.
  func settle() throws {
    guard isCopying else { return }
    try flush()
    do {
      try connection.endCopyIn()
      isCopying = false
      if isPlaced { try place(keys[0]) } else if !isStraight { try connection.execute(upsert()) }
      if !isStraight { try connection.execute("TRUNCATE \(name)") }
    } catch {
      let key = refusedKey()
      // A savepoint may take it away.
      hasTable = false
      reset()
      throw named(error, key)
    }
    reset()
  }

  /// Puts the row under way into its table, in the place of an earlier version of it, and remembers where it stands.
  private func place(_ key: Key) throws {
    guard let places else { return }
    try places.make()
    var statement = upsert()
    if try places.isKnown(key) {
      let kept = left.filter { forms[$0] != nil }
      let columns = sent.filter { !left.contains($0) }
      let values = columns.map(staged) + kept.map { "(SELECT o.\(sqlName($0)) FROM old o)" }
      statement =
        "WITH old AS (DELETE FROM \(table.sql) t WHERE t.ctid = \(places.place(of: key)) RETURNING t.*) "
        + "INSERT INTO \(table.sql) (\((columns + kept).map(sqlName).joined(separator: ", "))) "
        + "OVERRIDING SYSTEM VALUE SELECT \(values.joined(separator: ", ")) FROM \(name) s"
    }
    _ = try places.put(key, statement + " RETURNING ctid::text")
  }

  /// The key of the row that the server refused, where it says which one it was.
  private func refusedKey() -> Key? {
    if rowCount == 1 { return keys.first }
    guard isStraight, let line = connection.lastLine, keys.indices.contains(line - 1) else { return nil }
    return keys[line - 1]
  }

  /// Forgets the rows under way. The transaction has failed when some of them were sent.
  func abandon() {
    if isCopying { connection.abandonCopyIn() }
    hasTable = false
    reset()
  }

  private func reset() {
    isCopying = false
    isPlaced = false
    buffer.removeAll()
    keys.removeAll(keepingCapacity: true)
    upserted.removeAll(keepingCapacity: true)
    left = []
    rowCount = 0
    byteCount = 0
  }

  /// A value of the session's own table as its column takes it.
  private func staged(_ column: Int) -> String {
    forms[column] == .ownText
      ? "\(Self.place(column))::\(table.column(entity.columns[column].name)!.typeName)" : Self.place(column)
  }

  private func upsert() -> String {
    let columns = sent.filter { !left.contains($0) }
    let values = columns.map(staged)
    // As on SQLite, what is left out of a new row and must be there is empty.
    let empty = empty(left)
    let insert =
      "INSERT INTO \(table.sql) (\((columns + empty).map(sqlName).joined(separator: ", "))) OVERRIDING SYSTEM VALUE "
      + "SELECT \((values + empty.map { _ in "''" }).joined(separator: ", ")) FROM \(name) s"
    let key = entity.key.filter { forms[$0] != nil }
    guard !key.isEmpty else { return insert }
    let same = key.map { "t.\(sqlName($0)) IS NOT DISTINCT FROM s.\(Self.place($0))" }.joined(separator: " AND ")
    let others = zip(columns, values).filter { !entity.key.contains($0.0) }
    guard left.isEmpty else {
      // A value that is left out may be one that a new row must have, which an upsert asks for in rows that exist, too.
      let values = others.map { "\(sqlName($0.0)) = s.\($0.1)" }.joined(separator: ", ")
      let update =
        others.isEmpty ? "" : "UPDATE \(table.sql) t SET \(values) FROM \(name) s WHERE \(same); "
      return update + insert + " WHERE NOT EXISTS (SELECT FROM \(table.sql) t WHERE \(same))"
    }
    guard isKeyUnique else { return "DELETE FROM \(table.sql) t USING \(name) s WHERE \(same); " + insert }
    let changes = others.map { "\(sqlName($0.0)) = excluded.\(sqlName($0.0))" }
    return insert + " ON CONFLICT (\(key.map(sqlName).joined(separator: ", "))) DO "
      + (changes.isEmpty ? "NOTHING" : "UPDATE SET \(changes.joined(separator: ", "))")
  }

  private func named(_ error: any Error, _ key: Key?) -> any Error {
    guard var error = error as? MigrationError, error.code == .targetRefusedRow else { return error }
    error.message =
      "the target refuses a row of \(entity.name)" + (key.map { ", key \($0.description)" } ?? "")
    return error
  }
}
