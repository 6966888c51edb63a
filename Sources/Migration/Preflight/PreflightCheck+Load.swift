import DurableIO
import NoteModel
import NoteStore

extension PreflightCheck {
  static let load: [PreflightCheck] = [
    PreflightCheck(
      "LIVE-01", "read latency", .source,
      purpose: "A source that is slow already is made slower by whoever reads it all.",
      measured: "The median and the slowest of 30 small reads within a second.",
      recommended: "at most 50 ms, the slowest 500 ms", fix: "run at a quieter hour, or set a rate in the plan"
    ) { context in
      let source = try context.source
      try source.readOnce()
      var times: [Duration] = []
      let end = ContinuousClock.now + .seconds(1)
      while times.count < 30, times.isEmpty || ContinuousClock.now < end {
        let start = ContinuousClock.now
        try source.readOnce()
        times.append(.now - start)
        pauseBriefly()
      }
      times.sort()
      let (median, slowest) = (times[times.count / 2], times[times.count - 1])
      let actual = "median \(milliseconds(median)), slowest \(milliseconds(slowest)) of \(times.count)"
      return median > .milliseconds(50) || slowest > .milliseconds(500) ? .warn(actual) : .pass(actual)
    },
    PreflightCheck(
      "LIVE-02", "change rate", .source,
      purpose: "Passes over the changes shrink only while copying is faster than changing.",
      measured: "Growth of the log and of the counts of written rows within some seconds (--watch), without writing.",
      recommended: "at most 0.7 of the plan's rate, or of 20 MiB/s",
      fix: "run at a quieter hour, or raise the rate in the plan"
    ) { context in
      let source = try context.source
      let first = try source.activity()
      let start = ContinuousClock.now
      var last = first
      while ContinuousClock.now - start < context.request.watchTime {
        for _ in 0..<10 { pauseBriefly() }
        last = try source.activity()
      }
      let seconds = (ContinuousClock.now - start).inSeconds
      let rate = Double(last.logBytes - first.logBytes) / seconds
      let changes = Double(last.changes - first.changes) / seconds
      let most = Double(context.plan.budget.rate?.rawValue ?? 20 << 20) * 0.7
      let words =
        "\(ByteCount(Int64(rate)))/s, \(tenths(changes)) \(last.countsRows ? "rows" : "commits or more")/s over \(tenths(seconds)) s"
      let recommended = "at most \(ByteCount(Int64(most)))/s"
      return rate > most ? .warn(words, recommended: recommended) : .pass(words, recommended: recommended)
    },
    PreflightCheck(
      "LIVE-03", "long transactions on the source", .source,
      purpose: "A freeze waits for the writers that are under way; one that never ends keeps it waiting for ever.",
      measured:
        "The age of the oldest transaction of other sessions; of a file, whether one writer holds it all the time.",
      recommended: "none older than 60 s, no writer of more than 1 s",
      fix: "end that transaction, or wait until it ends"
    ) { context in try transactions(context.source) },
    PreflightCheck(
      "LIVE-04", "long transactions on the target", .target,
      purpose: "An open transaction keeps the import from its locks.",
      measured: "As LIVE-03, of each node.", recommended: "none older than 60 s, no writer of more than 1 s",
      fix: "end that transaction, or wait until it ends"
    ) { context in try context.eachTarget { _, target in try transactions(target) } },
    PreflightCheck(
      "LIVE-05", "log state", .source,
      purpose: "A log that is kept from being folded back or given up fills the disk when more comes.",
      measured: "Frames that no checkpoint has folded back; of a server, what unread replication slots keep.",
      recommended: "at most 64 MiB",
      fix: "see who reads the store for so long; drop replication slots that nobody reads"
    ) { context in
      let log = try context.source.log()
      guard log.isConcurrent else { return .notApplicable("no write-ahead log") }
      let actual = "\(log.pending)\(log.reason.isEmpty ? "" : ", kept by \(log.reason)")"
      return log.pending > .mebibytes(64) || !log.reason.isEmpty ? .warn(actual) : .pass(actual)
    },
    PreflightCheck(
      "LIVE-06", "readers beside writers", .source,
      purpose: "Without a write-ahead log every writer waits while the store is read.",
      measured: "The journal mode of the store.", recommended: "a write-ahead log",
      fix: "let the product switch it on (PRAGMA journal_mode = WAL), or run while nobody writes"
    ) { context in
      try context.source.log().isConcurrent ? .pass("a write-ahead log") : .warn("a rollback journal: writers wait")
    },
  ]

  private static func transactions(_ inspector: any StoreInspector) throws -> Judgement {
    let age = try inspector.oldestTransaction()
    let limit: Duration = inspector.engine == "sqlite" ? .milliseconds(900) : .seconds(60)
    let actual = age == .zero ? "none" : "\(tenths(age.inSeconds)) s\(inspector.engine == "sqlite" ? " or more" : "")"
    return age > limit ? .warn(actual) : .pass(actual)
  }

  static func tenths(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func milliseconds(_ duration: Duration) -> String { tenths(duration.inSeconds * 1000) + " ms" }
}
