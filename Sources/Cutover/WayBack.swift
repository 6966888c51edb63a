import Migration
import NoteModel

/// Carries what users wrote to the target back into the source that was left as it was.
public protocol WayBack: AnyObject, Sendable {
  /// What is to remember the target in its last comparison; `nil` where there would be no way back for what users write.
  ///
  /// - Throws: What keeps the target from being asked.
  func memory() throws -> ReturnPass?

  /// The source was looked at once more, and what no pass had carried is in the archive: the source is what that says.
  /// May come again.
  func archiveHasGrown() throws

  /// Called when nobody writes to the target any more, and nobody to the source. May come again after a crash.
  ///
  /// - Returns: What was carried, for people and for the journal.
  /// - Throws: Where not everything could be carried: then both sides stay closed, and nothing is lost.
  func carryBack() throws -> String
}

/// The way back by the return pass; between stores of two kinds it can be gone only while users wrote nothing to the target,
/// which it proves by comparing every row.
public final class ReturnWayBack: WayBack {
  private let pass: @Sendable () -> ReturnPass
  private let differences: @Sendable () throws -> Int64

  /// - Parameters:
  ///   - pass: Made anew for each call; of one run.
  ///   - differences: Compares the archive with each node of the target.
  public init(pass: @escaping @Sendable () -> ReturnPass, differences: @escaping @Sendable () throws -> Int64) {
    self.pass = pass
    self.differences = differences
  }

  public func memory() throws -> ReturnPass? { try pass().ifPossible() }

  public func archiveHasGrown() throws { try pass().archiveHasGrown() }

  public func carryBack() throws -> String {
    do { return try pass().carryBack().words } catch let error as MigrationError where error.code == .returnImpossible {
      guard try differences() == 0 else { throw error }
      return "nothing was written to the target"
    }
  }
}

extension ReturnResult {
  fileprivate var words: String {
    isEmpty
      ? "nothing was written to the target"
      : "\(inserted) new, \(changed) changed and \(deleted) deleted rows came back"
  }
}
