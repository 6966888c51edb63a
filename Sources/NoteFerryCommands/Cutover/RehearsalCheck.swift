import DurableIO
import Migration
import NoteModel

/// Whether the last rehearsal of a plan counts for its cutover.
struct RehearsalCheck {
  let plan: Plan
  let path: String
  let record: RehearsalRecord?

  /// - Parameter fingerprint: Of the source's tables now.
  /// - Returns: The rehearsal that counts.
  /// - Throws: `.rehearsalStale`, with everything that is wrong with it.
  @discardableResult
  func require(_ fingerprint: () throws -> String) throws -> RehearsalRecord {
    guard let record else { throw stale(["this plan was not rehearsed"]) }
    var causes = causes(record)
    if record.fingerprint != (try fingerprint()) { causes.append("the source's tables have changed since") }
    guard causes.isEmpty else { throw stale(causes) }
    return record
  }

  private func causes(_ record: RehearsalRecord) -> [String] {
    var causes: [String] = []
    let age = Duration.milliseconds(Timestamp.now.milliseconds - record.finished.milliseconds)
    if age > plan.rehearsalMaximumAge {
      causes.append("it is \(Format.duration(age)) old, and the plan allows \(plan.rehearsalMaximumAge.span)")
    }
    if record.toolVersion != ToolVersion.current {
      causes.append("it was made with noteferry \(record.toolVersion), and this is \(ToolVersion.current)")
    }
    if let wanted = plan.toolVersion, wanted != ToolVersion.current {
      causes.append("the plan is for noteferry \(wanted), and this is \(ToolVersion.current)")
    }
    if record.verdict == .noGo || record.verdict == .unproven {
      causes.append("its verdict was \(record.verdict.rawValue)")
    }
    return causes
  }

  private func stale(_ causes: [String]) -> MigrationError {
    MigrationError(
      .rehearsalStale, "no rehearsal counts for this cutover", cause: causes.joined(separator: "; "),
      safeNow: "nothing was changed; the source is in service",
      next: ["noteferry rehearse \(path)", "or go on without, with --allow-unrehearsed"])
  }
}
