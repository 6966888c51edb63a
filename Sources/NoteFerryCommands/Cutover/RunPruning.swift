import Cutover
import DurableIO
import NoteModel

/// Which folders of runs may go. Pure: what is removed is decided before anything is.
struct RunPruning {
  /// A run as the folder and its lock show it.
  struct Candidate {
    var run: String
    /// `nil` where the journal cannot be read.
    var look: RunLook?
    var isAlive: Bool
  }

  /// Why a run is kept.
  enum Reason: String {
    /// Nobody can tell how it ended.
    case unreadable
    /// A process has it.
    case alive
    case notEnded = "not-ended"
    /// It has switched, and a rollback still needs its journal.
    case wayBackOpen = "way-back-open"
    case newestOfPlan = "newest-of-plan"
    /// Among those that `--keep` asks for.
    case kept
    /// Not as old as `--older-than` asks for.
    case young
  }

  /// How many ended runs of each plan stay, the newest; at least one.
  var keep = 1
  /// How long ago a run must have ended.
  var age: Duration = .zero
  var now: Timestamp

  /// - Parameter candidates: The newest first.
  /// - Returns: For each the reason why it is kept; `nil`: it may go.
  func judge(_ candidates: [Candidate]) -> [Reason?] {
    var seen: [String: Int] = [:]
    return candidates.map { candidate in
      guard let look = candidate.look else { return .unreadable }
      let place = seen[look.header.plan, default: 0]
      seen[look.header.plan] = place + 1
      if candidate.isAlive { return .alive }
      if look.state == .soak { return .wayBackOpen }
      guard look.state.isFinal, let end = look.since else { return .notEnded }
      if place == 0 { return .newestOfPlan }
      if place < keep { return .kept }
      return Duration.milliseconds(now.milliseconds - end.milliseconds) < age ? .young : nil
    }
  }
}

extension RunPruning.Reason {
  var words: String {
    switch self {
    case .unreadable: "its journal cannot be read"
    case .alive: "a process has it"
    case .notEnded: "it has not ended"
    case .wayBackOpen: "its way back is open until cutover finish"
    case .newestOfPlan: "it is the newest of its plan"
    case .kept: "--keep"
    case .young: "--older-than"
    }
  }
}
