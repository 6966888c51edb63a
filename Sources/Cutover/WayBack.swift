import Migration
import NoteModel

/// Carries what users wrote to the target back into the source that was left as it was.
public protocol WayBack: AnyObject, Sendable {
  /// Called once, when every node of the target is proven and before the first of them is opened: what the target holds
  /// now is what the source holds.
  func remember() throws

  /// Called when nobody writes to the target any more, and nobody to the source. May come again after a crash.
  ///
  /// - Returns: What was carried, for people and for the journal.
  /// - Throws: Where not everything could be carried: then both sides stay closed, and nothing is lost.
  func carryBack() throws -> String
}

/// A way back that can be gone only while users wrote nothing to the target, which it proves by comparing every row.
public final class UnwrittenWayBack: WayBack {
  private let differences: @Sendable () throws -> Int64

  /// - Parameter differences: Compares the archive with each node of the target.
  public init(differences: @escaping @Sendable () throws -> Int64) { self.differences = differences }

  public func remember() throws {}

  public func carryBack() throws -> String {
    let count = try differences()
    guard count == 0 else {
      throw MigrationError(
        .cutoverAttention, "users wrote to the target, and their notes are not in the source",
        cause: "\(count) rows of the target differ from what was moved",
        safeNow: "nothing is lost: the target holds these notes, and both sides are closed for writing",
        next: ["bring the target back into service, or carry these rows by hand"])
    }
    return "nothing was written to the target"
  }
}
