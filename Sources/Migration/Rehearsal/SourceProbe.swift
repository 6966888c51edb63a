import DurableIO
import NoteModel
import NoteStore

/// Watches what production feels: small reads of the source, waits of its writers and its log, on a thread of its own.
///
/// It reads twenty times a second in transactions of one statement, takes no lock and changes nothing. Memory: at most
/// 65,536 of each measurement, of which every second one goes when there are more.
final class SourceProbe: @unchecked Sendable {
  private let monitor = Monitor()
  private let inspector: () throws -> any StoreInspector
  private let brake: LoadBrake
  private var thread: WorkerThread?
  private var isOver = false
  private var isRunning = false
  private var governor: LoadGovernor?
  private var reads: (before: [Duration], during: [Duration]) = ([], [])
  private var waits: (before: [Duration], during: [Duration]) = ([], [])
  private var pending: (before: Int64?, most: Int64?) = (nil, nil)
  private var activity: (first: StoreActivity, last: StoreActivity, seconds: Double)?
  private var gap = ""
  private var writers = WriterWatch()

  private static let period = Duration.milliseconds(50)

  init(_ inspector: @escaping () throws -> any StoreInspector, brake: LoadBrake) {
    self.inspector = inspector
    self.brake = brake
  }

  func start() { thread = WorkerThread { [self] in watch() } }

  /// From now on reads count as made beside the run, and the brake follows them.
  func runBegins(brakes: Bool) {
    monitor.locked {
      isRunning = true
      governor = !brakes ? nil : SourceImpact.Latency(reads.before).map(LoadGovernor.init)
    }
  }

  /// Lets go of the brake for good, and of the source within one period. Returns at once.
  func letGo() {
    monitor.locked {
      isOver = true
      release()
    }
  }

  /// Lets go and waits until the source is not read any more.
  func stop() {
    letGo()
    thread?.join()
    thread = nil
  }

  private func release() {
    brake.ratio = 0
    brake.writeRatio = 0
  }

  var drains: [Duration] { monitor.locked { waits.before + waits.during } }

  /// By how much the source's log was longer at most since the run began than before, in bytes.
  var logGrowth: Int64 { monitor.locked { growth } }
  private var growth: Int64 { max(0, (pending.most ?? 0) - (pending.before ?? 0)) }

  func impact(budget: Int64?) -> SourceImpact {
    monitor.locked {
      var impact = SourceImpact()
      impact.readBefore = SourceImpact.Latency(reads.before)
      impact.readDuring = SourceImpact.Latency(reads.during)
      impact.waitBefore = SourceImpact.Latency(waits.before)
      impact.waitDuring = SourceImpact.Latency(waits.during)
      if pending.most != nil { impact.logGrowth = growth }
      impact.logBudget = budget
      if let activity, activity.seconds > 0.5 {
        impact.logBytesPerSecond = Double(activity.last.logBytes - activity.first.logBytes) / activity.seconds
      }
      impact.rested = brake.rested
      impact.gap = gap
      return impact
    }
  }

  // MARK: - The thread

  private func watch() {
    do {
      let inspector = try inspector()
      defer { inspector.close() }
      try inspector.readOnce()
      let begin = ContinuousClock.now
      var due = begin + Self.period
      var count = 0
      while !monitor.locked({ isOver }) {
        sleep(until: due)
        try inspector.readOnce()
        note(.now - due)
        if count % 4 == 0 { try lookAtWriters(inspector) }
        if count % 10 == 0 { try lookAtLog(inspector, since: begin) }
        count += 1
        // A read that was late is not made up for by a burst.
        due = max(due + Self.period, ContinuousClock.now)
      }
    } catch {
      let failure = error as? MigrationError
      monitor.locked {
        gap =
          failure.map { $0.message + ($0.cause.isEmpty ? "" : ": \($0.cause)") } ?? String(describing: error)
        release()
      }
    }
  }

  private func sleep(until due: ContinuousClock.Instant) {
    while ContinuousClock.now < due { pause(min(due - .now, .milliseconds(20))) }
  }

  private func note(_ latency: Duration) {
    monitor.locked {
      if isRunning { Self.note(latency, in: &reads.during) } else { Self.note(latency, in: &reads.before) }
      if !isOver, let ratio = governor?.note(latency) { brake.ratio = ratio }
    }
  }

  private static func note(_ span: Duration, in spans: inout [Duration]) {
    if spans.count == 65_536 { spans = stride(from: 0, to: spans.count, by: 2).map { spans[$0] } }
    spans.append(span)
  }

  private func lookAtWriters(_ inspector: any StoreInspector) throws {
    let wait: Duration?
    do { wait = try inspector.writerWait() } catch let error as MigrationError where error.code == .noPermission {
      monitor.locked { gap = error.message + ": " + error.cause }
      return
    }
    guard let wait else { return }
    monitor.locked {
      if isRunning { Self.note(wait, in: &waits.during) } else { Self.note(wait, in: &waits.before) }
    }
  }

  private func lookAtLog(_ inspector: any StoreInspector, since begin: ContinuousClock.Instant) throws {
    let log = try inspector.log().pending.rawValue
    let now = try inspector.activity()
    monitor.locked {
      if isRunning {
        pending.most = max(pending.most ?? 0, log)
      } else {
        pending.before = max(pending.before ?? 0, log)
      }
      let isInUse = writers.note(now)
      activity = (activity?.first ?? now, now, (ContinuousClock.now - begin).inSeconds)
      if !isOver { brake.writeRatio = governor != nil && isInUse ? WriterWatch.writeRatio : 0 }
    }
  }
}
