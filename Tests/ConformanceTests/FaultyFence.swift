import NoteModel
import NoteStore

/// A fence that does one thing wrong.
final class FaultyFence: WriteFence {
  enum Fault: String, Sendable, CaseIterable {
    case isNotRaised, neverExpires, forgetsSeal, staysBehind, ignoresHolders, provesNothing, unsealsUnasked
    case sealsTooLate, extendsNothing, overlooksChanges
  }

  private let fence: any WriteFence
  private let fault: Fault

  init(_ fence: any WriteFence, _ fault: Fault) {
    self.fence = fence
    self.fault = fault
  }

  var name: String { fence.name }

  func status() throws -> FenceStatus { try fence.status() }

  func raise(_ claim: RunClaim, lasting duration: Duration) throws -> Duration {
    switch fault {
    case .isNotRaised: return duration
    case .neverExpires: return try fence.raise(claim, lasting: .seconds(3600))
    case .ignoresHolders:
      if let holder = try fence.status().claim { _ = try fence.drop(run: holder.run, unsealing: true) }
      return try fence.raise(claim, lasting: duration)
    default: return try fence.raise(claim, lasting: duration)
    }
  }

  func extend(run: String, lasting duration: Duration) throws {
    if fault != .extendsNothing { try fence.extend(run: run, lasting: duration) }
  }

  func seal(run: String) throws {
    switch fault {
    case .forgetsSeal: return
    case .sealsTooLate:
      do { try fence.seal(run: run) } catch let error as MigrationError where error.code == .fenceExpired {}
    default: try fence.seal(run: run)
    }
  }

  func drop(run: String, unsealing: Bool) throws -> FenceRemoval {
    if fault == .staysBehind { return FenceRemoval() }
    return try fence.drop(run: run, unsealing: unsealing || fault == .unsealsUnasked)
  }

  func prove(run: String) throws -> FenceProof {
    fault == .provesNothing ? FenceProof(tables: [], attempts: 0, open: []) : try fence.prove(run: run)
  }

  func changeMark() throws -> ChangeMark { try fence.changeMark() }

  func changes(since mark: ChangeMark) throws -> ChangesSince {
    fault == .overlooksChanges ? .none : try fence.changes(since: mark)
  }

  func close() { fence.close() }
}
