import CSQLite
import NoteModel

/// Where a reading of one entity stands.
///
/// The statement is stepped across pages. It is made anew behind the last row after a renewal, a value too long for it,
/// or a corrupt page.
final class Reading {
  let plan: EntityPlan
  private let connection: Connection
  private var statement: Statement?

  /// The last row that was delivered: its row number, or its key where rows are not read by row number.
  private(set) var lastRow: Int64?
  private(set) var lastKey: Key?
  /// Whether the row with the number `lastRow` is still to be read: the one that follows a corrupt page. To look behind
  /// the page's last row SQLite would have to enter the page.
  private(set) var isInclusive = false
  var isAtEnd = false
  var rowCount: Int64 = 0
  /// Whether rows were stepped over because they cannot be read.
  var hasGaps = false
  /// Whether all rows are of one view from the first on, so that they can be counted.
  var isWhole: Bool

  init(_ plan: EntityPlan, _ connection: Connection, after key: Key?) {
    self.plan = plan
    self.connection = connection
    isWhole = key == nil
    if plan.isKeyedByRowID {
      if case .integer(let row)? = key?.values.first { lastRow = row }
    } else {
      lastKey = key
    }
    let limit = plan.shape.isWithoutRowID || plan.rowID < 0 ? Int32.max : SQLiteSnapshot.lengthLimit
    _ = sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, limit)
  }

  var hasPosition: Bool { lastRow != nil || lastKey != nil }

  /// The statement, ready to give the row behind the last one.
  @inline(__always)
  func current() throws -> Statement {
    if let statement { return statement }
    return try prepared()
  }

  private func prepared() throws -> Statement {
    let statement = try connection.prepare(plan.statement(isResumed: hasPosition, isInclusive: isInclusive))
    bindPosition(statement)
    self.statement = statement
    return statement
  }

  /// Binds the last key to the parameters of a statement that reads behind it.
  func bindPosition(_ statement: Statement) {
    if let lastRow { statement.bind(lastRow, at: 1) }
    for (index, value) in (lastKey?.values ?? []).enumerated() { statement.bind(value, at: Int32(index + 1)) }
  }

  /// Lets the statement go, so that a transaction can end; the position stays.
  func pause() { statement = nil }

  @inline(__always)
  func delivered(row: Int64) {
    lastRow = row
    isInclusive = false
  }

  /// Goes on with the first row from a number on.
  func goOn(from row: Int64) {
    lastRow = row
    isInclusive = true
  }
  func delivered(key: Key) { lastKey = key }
}
