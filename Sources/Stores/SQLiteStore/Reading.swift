import CSQLite
import DurableIO
import NoteModel

/// Where a reading of one entity stands.
///
/// The statement is stepped across pages. It is made anew behind the last row after a renewal, a value too long for it,
/// or a corrupt page.
final class Reading {
  /// What is asked for.
  enum Mode {
    case whole
    /// Attachments are measured; files that were changed since then are suspect.
    case measuring(since: Timestamp?, isGlance: Bool = false)
    /// Rows by their keys.
    case keys(() throws -> Key?)
  }

  let plan: EntityPlan
  let mode: Mode
  private let connection: Connection
  private var statement: Statement?
  /// Gives the results that the first statement has no room for, row by row with it.
  private(set) var rest: Statement?

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

  init(_ plan: EntityPlan, _ connection: Connection, after key: Key?, mode: Mode = .whole) {
    self.plan = plan
    self.mode = mode
    self.connection = connection
    if case .keys = mode { isWhole = false } else { isWhole = key == nil }
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
    if case .keys = mode { return try preparedForKeys() }
    var selection: String?
    if case .measuring(_, let isGlance) = mode {
      selection = isGlance && !plan.glancingSelection.isEmpty ? plan.glancingSelection : plan.measuringSelection
    }
    let statement = try connection.prepare(
      plan.statement(isResumed: hasPosition, isInclusive: isInclusive, selection: selection))
    bindPosition(statement)
    if !plan.restSelection.isEmpty {
      let rest = try connection.prepare(
        plan.statement(isResumed: hasPosition, isInclusive: isInclusive, isRest: true))
      bindPosition(rest)
      self.rest = rest
    }
    self.statement = statement
    return statement
  }

  private func preparedForKeys() throws -> Statement {
    let statement = try connection.prepare(plan.statementForKey())
    if !plan.restSelection.isEmpty { rest = try connection.prepare(plan.statementForKey(isRest: true)) }
    self.statement = statement
    return statement
  }

  /// Goes to the row with the next key that has one.
  private func step(_ statement: Statement, _ keys: () throws -> Key?) throws -> Int32 {
    while let key = try keys() {
      if plan.isKeyedByRowID {
        if case .integer(let row)? = key.values.first { goOn(from: row) }
      } else {
        goOn(fromKey: key)
      }
      statement.reset()
      bindPosition(statement)
      rest?.reset()
      if let rest { bindPosition(rest) }
      let result = statement.rawStep()
      if result == SQLITE_ROW, let rest { return rest.rawStep() }
      if result != SQLITE_DONE { return result }
    }
    return SQLITE_DONE
  }

  /// Steps the statement, and the one beside it.
  ///
  /// What the second one reads is part of what the first has read, so it fails where the first does, if at all.
  @inline(__always)
  func step(_ statement: Statement) throws -> Int32 {
    if case .keys(let keys) = mode { return try step(statement, keys) }
    let result = statement.rawStep()
    if let rest, result == SQLITE_ROW { return rest.rawStep() }
    return result
  }

  /// Binds the last key to the parameters of a statement that reads behind it.
  func bindPosition(_ statement: Statement) {
    if let lastRow { statement.bind(lastRow, at: 1) }
    for (index, value) in (lastKey?.values ?? []).enumerated() { statement.bind(value, at: Int32(index + 1)) }
  }

  /// Lets the statement go, so that a transaction can end; the position stays.
  func pause() {
    statement = nil
    rest = nil
  }

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
  func delivered(key: Key) {
    lastKey = key
    isInclusive = false
  }

  private func goOn(fromKey key: Key) {
    lastKey = key
    isInclusive = true
  }
}
