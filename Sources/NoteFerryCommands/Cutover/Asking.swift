import Cutover
import DurableIO
import NoteModel

/// Asks the process that has a run for something, and waits for its answer.
struct Asking {
  let folder: RunFolder
  let session: Session

  /// Whether another process has the run.
  var hasHolder: Bool { folder.holder() != nil }

  /// - Throws: `.locked` where another request waits; `.cutoverMissing` where no process has the run; `.linkLost` where
  ///   it does not answer in time.
  func ask(_ request: RunRequest, patience: Duration = .seconds(120)) throws -> RunAnswer {
    guard hasHolder else {
      throw MigrationError(
        .cutoverMissing, "no process has the run \(folder.run)", cause: "so nobody is there to answer",
        safeNow: "nothing was changed", next: ["noteferry status \(folder.run)"])
    }
    if let other = folder.pendingRequest() {
      throw MigrationError(
        .locked, "another request waits for its answer",
        cause: "\(other.what.rawValue), asked by \(other.by) at \(other.at.rfc3339)", safeNow: "nothing was changed",
        next: ["wait for its answer", "noteferry cutover abort \(folder.run) --withdraw"])
    }
    try folder.ask(request)
    let end = ContinuousClock.now + patience
    while ContinuousClock.now < end {
      if let answer = folder.answer(to: request) { return answer }
      if session.stop.isRequested || !hasHolder { break }
      for _ in 0..<10 { pauseBriefly() }
    }
    if let answer = folder.answer(to: request) { return answer }
    if request.what != .proceed { try? folder.withdraw() }
    throw MigrationError(
      .cutoverPaused, "the run has not answered yet",
      cause: hasHolder ? "it is busy, or not at the gate" : "its process has ended",
      safeNow: waiting(request),
      next: [
        "noteferry status \(folder.run)", "noteferry cutover abort \(folder.run) --withdraw",
      ])
  }

  private func waiting(_ request: RunRequest) -> String {
    switch request.what {
    case .proceed: "the request waits at most ten minutes for the gate"
    case .abort: "if the run has seen the request, it gives up as soon as it can; users may write where status says"
    default: "nothing was changed"
    }
  }

  /// Takes a request back that waits.
  func withdraw() throws -> Outcome {
    guard let request = folder.pendingRequest() else {
      return Outcome(text: "No request waits for run \(folder.run).")
    }
    try folder.withdraw()
    return Outcome(text: "Withdrawn: \(request.what.rawValue), asked by \(request.by) at \(request.at.rfc3339).")
  }

  func outcome(_ answer: RunAnswer, refused status: ExitStatus = .gate) -> Outcome {
    Outcome(
      answer.isGranted ? .ok : status,
      text: "\(folder.run): \(SafeText(answer.words).text)\n  state \(answer.state.rawValue)",
      members: [
        .init("run", .text(folder.run)), .init("granted", .bool(answer.isGranted)),
        .init("state", .text(answer.state.rawValue)), .init("answer", .text(answer.words)),
      ], reasons: answer.isGranted ? [] : [status], next: ["noteferry status \(folder.run)"])
  }
}
