import NoteModel

/// Who works on a store at present: a row in the store itself, so that a second cutover from another machine finds it.
///
/// The lease stops nobody from writing. It runs out by itself on the store's clock when it is not taken anew, so a holder
/// that is dead gives way. Used by one thread at a time.
public protocol StoreLease: AnyObject {
  var name: String { get }

  /// Takes the lease, or takes one's own anew: it holds for `duration` from now.
  ///
  /// - Throws: `.leaseHeld` where another run has it, with its holder and for how long; `.storeLocked`, `.noPermission`.
  func take(_ claim: RunClaim, lasting duration: Duration) throws

  /// Who has the lease; `nil` where nobody has, or it has run out.
  func holder() throws -> (claim: RunClaim, remaining: Duration)?

  /// Gives one's own lease back and removes its table. Harmless when repeated, and where another run has it.
  func give(run: String) throws

  /// Lets the store go; the lease stays. Harmless when repeated.
  func close()
}

extension StoreLease {
  package func held(by claim: RunClaim, remaining: Duration) -> MigrationError {
    MigrationError(
      .leaseHeld, "another cutover works on \(name)",
      cause:
        "run \(claim.run) (\(claim.holder)); its lease ends in \(remaining.components.seconds) s unless it is alive",
      safeNow: "nothing was changed",
      next: ["ask that run for its state", "or repeat the command when its lease has ended"])
  }
}
