import DurableIO
import NoteModel

/// Where a reading of one entity stands.
///
/// Two cursors run over the same rows in the same order: the first one tells how much the next rows weigh, so that the
/// second can be asked for as many as fit into a page. Neither side ever holds more than that.
final class Reading {
  /// What is asked for.
  enum Mode {
    case whole
    /// Attachments are measured; files that were changed since then are suspect.
    case measuring(since: Timestamp?)
    /// Rows by their keys.
    case keys(() throws -> Key?)
  }

  private static let sizes = "noteferry_sizes"
  private static let rows = "noteferry_rows"
  /// Weights that are fetched at once.
  private static let step = 2048

  let plan: EntityPlan
  let mode: Mode
  private var connection: Connection
  private var weights: QueryResult?
  private var nextWeight = 0
  private var isOpen = false
  private var lastKey: Key?

  var isAtEnd = false
  var rowCount: Int64 = 0
  /// Whether all rows are of one view from the first on, so that they can be counted.
  var isWhole: Bool

  init(_ plan: EntityPlan, _ connection: Connection, after key: Key?, mode: Mode = .whole) {
    self.plan = plan
    self.mode = mode
    self.connection = connection
    lastKey = key
    if case .keys = mode { isWhole = false } else { isWhole = key == nil }
  }

  deinit { pause() }

  private var message: String { "cannot read the table \(plan.entity.table)" }

  /// The next rows, as many as the page has room for; at least one unless the end is reached, where it is `nil`.
  func nextRows(for page: RecordPage) throws -> QueryResult? {
    if case .keys(let keys) = mode { return try nextRow(keys) }
    try open()
    var count = 0
    var rows = page.rows.count
    var payload = page.payload.count
    while page.rowCount + count < RecordPage.maximumRows, let weight = try weight() {
      rows += weight.row
      payload += weight.payload
      if count + page.rowCount > 0, rows > RecordPage.rowLimit || payload > RecordPage.payloadLimit { break }
      count += 1
      nextWeight += 1
    }
    // A page that has rows and no room for the next one is full, whatever it says of itself.
    guard count > 0 else { return nil }
    let result = try connection.query("FETCH \(count) FROM \(Self.rows)", message: message)
    guard result.rowCount == count else {
      throw MigrationError(
        .sourceCorrupt, message, cause: "\(count) rows were to come, \(result.rowCount) did: an index is damaged",
        safeNow: "the source was not changed", next: ["check the table and its indexes with pg_amcheck"])
    }
    return result
  }

  /// The row with the next key that has one. A view that was taken away meanwhile asks for the same key again.
  private func nextRow(_ keys: () throws -> Key?) throws -> QueryResult? {
    while let key = try wanted ?? keys() {
      wanted = key
      let result = try connection.query(plan.statementForKey, plan.parameters(key), message: message)
      wanted = nil
      if result.rowCount > 0 { return result }
    }
    haveKeysEnded = true
    return nil
  }

  private var wanted: Key?
  private var haveKeysEnded = false

  /// Whether all rows were given.
  func hasEnded() throws -> Bool {
    if case .keys = mode { return haveKeysEnded }
    return try weight() == nil
  }

  private func weight() throws -> (row: Int, payload: Int)? {
    if weights == nil || nextWeight == weights!.rowCount {
      if let weights, weights.rowCount < Self.step { return nil }
      weights = nil
      weights = try connection.query("FETCH \(Self.step) FROM \(Self.sizes)", message: message)
      nextWeight = 0
    }
    guard nextWeight < weights!.rowCount else { return nil }
    return (Int(weights!.integer(nextWeight, 0)), Int(weights!.integer(nextWeight, 1)))
  }

  private func open() throws {
    guard !isOpen else { return }
    let parameters = lastKey.map(plan.parameters) ?? []
    var (sizes, results) = (plan.sizes, plan.results)
    if case .measuring = mode { (sizes, results) = (plan.measuringSizes, plan.measuringResults) }
    for (cursor, selection) in [(Self.sizes, sizes), (Self.rows, results.joined(separator: ", "))] {
      let statement = plan.statement(selection, isResumed: lastKey != nil)
      _ = try connection.query("DECLARE \(cursor) NO SCROLL CURSOR FOR \(statement)", parameters, message: message)
    }
    isOpen = true
  }

  func delivered(_ key: Key) { lastKey = key }

  /// Takes another session; the cursors went with the old one.
  func goOn(with connection: Connection) { self.connection = connection }

  /// Lets the cursors go, so that a transaction can end; the position stays.
  func pause() {
    weights = nil
    nextWeight = 0
    guard isOpen else { return }
    isOpen = false
    if connection.isAlive { try? connection.execute("CLOSE \(Self.sizes); CLOSE \(Self.rows)") }
  }
}
