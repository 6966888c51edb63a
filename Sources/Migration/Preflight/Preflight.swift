import DurableIO
import NoteModel
import NoteStore

/// What all checks found together.
public struct PreflightReport: Sendable {
  public enum Verdict: String, Sendable {
    case go
    case goWithCare = "go_with_care"
    case noGo = "no_go"
    case unproven
  }

  public var checks: [CheckReport]
  public var wall: Duration

  public init(checks: [CheckReport], wall: Duration) {
    self.checks = checks
    self.wall = wall
  }

  public func count(_ result: PreflightCheck.Result) -> Int { checks.count { $0.result == result } }
  public var blockers: [CheckReport] { checks.filter { $0.result == .block } }
  /// Required checks that could not be made.
  public var gaps: [CheckReport] { checks.filter { $0.check.isRequired && $0.result == .notChecked } }

  public var verdict: Verdict {
    if !blockers.isEmpty { return .noGo }
    if !gaps.isEmpty { return .unproven }
    return checks.contains { $0.result == .warn || $0.result == .notChecked } ? .goWithCare : .go
  }
}

/// Makes every check, one after the other. Nothing is changed on either side, and nothing is held from check to check.
///
/// - Parameter checks: Those to be made, in their order.
/// - Throws: `.interrupted`, `.terminated`. What a check meets is part of its report.
public func preflight(
  _ request: PreflightRequest, checks: [PreflightCheck] = PreflightCheck.all, observer: any RunObserver,
  stop: StopRequest
) throws -> PreflightReport {
  let start = ContinuousClock.now
  let context = PreflightContext(request, observer: observer, stop: stop)
  var stuck: [PreflightCheck.Side: String] = [:]
  var late: [PreflightCheck.Side: Int] = [:]
  var hangs = false
  var reports: [CheckReport] = []
  for check in checks {
    try stop.check(safeNow: "nothing was changed")
    let begin = ContinuousClock.now
    let judgement: Judgement
    if let culprit = stuck[check.side] {
      judgement = .notChecked(.sideStuck, Sentence.said(check.side.phrase), culprit)
    } else if let made = LimitedCheck(check, context).result(within: request.limit(of: check)) {
      judgement = made
    } else {
      stuck[check.side] = check.id
      hangs = true
      judgement = .notChecked(.noAnswer, request.limit(of: check).span)
    }
    if context.wasLate {
      late[check.side, default: 0] += 1
      if late[check.side] == 2 { stuck[check.side] = stuck[check.side] ?? check.id }
    }
    let report = CheckReport(
      check: check, result: judgement.result, actual: judgement.actual,
      recommended: judgement.recommended ?? check.wording.recommended,
      fix: judgement.fix.isEmpty ? [check.wording.fix] : judgement.fix, wall: .now - begin)
    reports.append(report)
    observer.observe(.check(report))
  }
  try stop.check(safeNow: "nothing was changed")
  // Sessions of a side that hangs are left to the end of the process.
  if !hangs { context.close() }
  return PreflightReport(checks: reports, wall: .now - start)
}

/// Makes one check on a thread of its own, so that a disk or a server that hangs holds nobody up.
private final class LimitedCheck: @unchecked Sendable {
  private let monitor = Monitor()
  private var found: Judgement?
  private let check: PreflightCheck
  private let context: PreflightContext

  init(_ check: PreflightCheck, _ context: PreflightContext) {
    self.check = check
    self.context = context
  }

  /// - Returns: `nil` when there was no answer. Engines give up by themselves at the limit; what does not is left behind
  ///   some seconds later.
  func result(within limit: Duration) -> Judgement? {
    context.begin(limit: limit)
    let thread = WorkerThread { [self] in
      let judgement = judge()
      monitor.locked { found = judgement }
    }
    let end = ContinuousClock.now + limit + .seconds(5)
    while ContinuousClock.now < end {
      if let found = monitor.locked({ found }) {
        thread.join()
        return found
      }
      pauseBriefly()
    }
    return nil
  }

  private func judge() -> Judgement {
    do {
      return try check.judge(context)
    } catch let error as MigrationError {
      return Judgement(.notChecked, .said(error))
    } catch {
      return .notChecked(.failed, String(describing: error))
    }
  }
}
