import NoteModel
import NoteStore

/// Lets the transactions that bring rows back through the seal of their own run.
///
/// A transaction writes its own number into the fence's row, and takes it out before it commits. So nobody else ever sees
/// the number, and nobody else has it: no setting, role or session carries the permission, a pooler cannot hand it on, and
/// a crash takes it back. Only who may write to the fence's row, its owner, can have it, and not without meaning to.
struct FencePass {
  let run: String
  let schema: String

  private var row: String { FenceObjects(schema: schema).row }

  /// - Throws: `.fenceExpired` unless the run has sealed the store.
  func requireSeal(_ connection: Connection) throws {
    let record = try FenceObjects(schema: schema).read(connection)
    guard let record, record.isSealed, record.claim.run == run else {
      throw SealedStore.notSealed(connection.name, by: run, record.map { "run \($0.claim.run) \($0.words)" })
    }
  }

  /// Inside a transaction that has just begun.
  func begin(_ connection: Connection) throws {
    let done = try connection.query(
      "UPDATE \(row) SET passer = pg_current_xact_id() WHERE sealed AND run = $1", [Parameter(run)])
    guard done.tag != "UPDATE 1" else { return }
    throw SealedStore.notSealed(connection.name, by: run, nil)
  }

  /// Right before the same transaction ends.
  func end(_ connection: Connection) throws { try connection.execute("UPDATE \(row) SET passer = NULL") }
}
