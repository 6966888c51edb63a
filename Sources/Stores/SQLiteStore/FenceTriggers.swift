import CSQLite
import NoteModel
import NoteStore

/// The triggers of a fence; all of this inside the caller's transaction.
enum FenceTriggers {
  private static let events = ["INSERT", "UPDATE", "DELETE"]

  /// Puts triggers on every table that has rows of its own.
  ///
  /// SQLite takes only a literal as the words of a refusal, so the deadline in them is as of now.
  static func create(_ connection: Connection, _ row: FenceRow) throws {
    let words = refusal(row)
    for (number, table) in try tables(connection).enumerated() {
      for event in events {
        try connection.execute(
          """
          CREATE TRIGGER \(quoted(name(event, number))) BEFORE \(event) ON \(quoted(table))
          WHEN EXISTS (SELECT 1 FROM \(FenceRow.table) WHERE broken = 0)
          BEGIN
            SELECT RAISE(ABORT, \(literal(words))) FROM \(FenceRow.table)
              WHERE sealed = 1 OR deadline > \(FenceRow.present);
            UPDATE \(FenceRow.table) SET broken = 1;
          END
          """)
      }
    }
  }

  /// What the product gets to read.
  static func refusal(_ row: FenceRow) -> String {
    row.isSealed
      ? "noteferry: this store was moved by run \(row.claim.run); it is kept for reading"
      : "noteferry: writing is stopped by run \(row.claim.run), which \(row.words)"
  }

  static func remove(_ connection: Connection) throws {
    let rows = try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    var names: [String] = []
    while try rows.step() { names.append(rows.text(0)) }
    rows.reset()
    for name in names where ReservedName.isPassedOver(name) { try connection.execute("DROP TRIGGER \(quoted(name))") }
  }

  /// Tables of the store that take triggers, in the order of their names.
  static func tables(_ connection: Connection) throws -> [String] {
    try TableShape.all(connection).filter { shape in
      let folded = foldedCase(shape.name)
      return shape.kind == .ordinary && !folded.hasPrefix("sqlite_") && !ReservedName.isPassedOver(folded)
    }.map(\.name)
  }

  /// What cannot be fenced.
  static func open(_ connection: Connection) throws -> [FenceProof.OpenPlace] {
    try TableShape.all(connection).filter { $0.kind == .virtual }.map {
      FenceProof.OpenPlace(name: $0.name, reason: "a virtual table takes no triggers; it is not carried either")
    }
  }

  /// Tables that lack a trigger of the fence: they have come since it was raised.
  static func missing(_ connection: Connection) throws -> [String] {
    let rows = try connection.prepare(
      "SELECT tbl_name, name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'noteferry!_fence!_%' ESCAPE '!'")
    var found: [String: Int] = [:]
    while try rows.step() { found[foldedCase(rows.text(0)), default: 0] += 1 }
    return try tables(connection).filter { found[foldedCase($0)] != events.count }
  }

  private static func name(_ event: String, _ number: Int) -> String {
    ReservedName.fence + event.lowercased() + "_\(number)"
  }
}
