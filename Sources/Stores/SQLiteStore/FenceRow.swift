import DurableIO
import NoteModel
import NoteStore

/// The one row of a fence, and the time at which it was read; times in milliseconds since 1970, by this machine's clock,
/// which is that of all who write to a file on it.
struct FenceRow {
  static let table = ReservedName.fence + "row"

  var claim: RunClaim
  var deadline: Int64
  var isSealed: Bool
  /// Whether a write has come through behind the deadline.
  var isBroken: Bool
  var now: Int64

  /// The present as SQL: every version of SQLite has it, and a trigger may use it.
  static let present = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

  /// The row of a store; `nil` where there is no fence.
  static func read(_ connection: Connection) throws -> FenceRow? {
    guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '\(table)'") != nil else {
      return nil
    }
    let rows = try connection.prepare("SELECT run, holder, deadline, sealed, broken, \(present) FROM \(table)")
    guard try rows.step() else { return nil }
    return FenceRow(
      claim: try RunClaim(run: rows.text(0), holder: rows.text(1)), deadline: rows.integer(2),
      isSealed: rows.integer(3) != 0, isBroken: rows.integer(4) != 0, now: rows.integer(5))
  }

  /// Writes the row of a new fence; inside the caller's transaction.
  static func create(_ connection: Connection, _ claim: RunClaim, lasting milliseconds: Int64) throws -> FenceRow {
    try connection.execute("DROP TABLE IF EXISTS \(table)")
    try connection.execute(
      "CREATE TABLE \(table)(run TEXT NOT NULL, holder TEXT NOT NULL, raised INTEGER NOT NULL, "
        + "deadline INTEGER NOT NULL, sealed INTEGER NOT NULL, broken INTEGER NOT NULL)")
    let insert = try connection.prepare("INSERT INTO \(table) VALUES (?, ?, \(present), \(present) + ?, 0, 0)")
    insert.bind(claim.run, at: 1)
    insert.bind(claim.holder, at: 2)
    insert.bind(milliseconds, at: 3)
    _ = try insert.step()
    return try read(connection)!
  }

  var status: FenceStatus {
    if isSealed { return .sealed(claim) }
    if isBroken || deadline <= now { return .expired(claim, broken: isBroken) }
    return .raised(claim, remaining: .milliseconds(deadline - now))
  }

  /// Until when, for people.
  var words: String {
    if isSealed { return "has sealed it" }
    let time = Timestamp(milliseconds: deadline).rfc3339
    return isBroken ? "had it until \(time), and somebody has written since" : "has it until \(time)"
  }
}
