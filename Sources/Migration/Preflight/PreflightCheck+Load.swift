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
      let isSlow = median > .milliseconds(50) || slowest > .milliseconds(500)
      return Judgement(
        isSlow ? .warn : .pass, .said(.readTimes, milliseconds(median), milliseconds(slowest), times.count))
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
      return Judgement(
        rate > most ? .warn : .pass,
        .said(last.countsRows ? .rowRate : .commitRate, ByteCount(Int64(rate)), tenths(changes), tenths(seconds)),
        recommended: .said(.rateAtMost, ByteCount(Int64(most))))
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
      guard log.isConcurrent else { return .notApplicable(.noWriteAheadLog) }
      guard log.reason.isEmpty else { return .warn(.logKept, log.pending, log.reason) }
      return log.pending > .mebibytes(64) ? .warn(.asFound, log.pending) : .pass(.asFound, log.pending)
    },
    PreflightCheck(
      "LIVE-06", "readers beside writers", .source,
      purpose: "Without a write-ahead log every writer waits while the store is read.",
      measured: "The journal mode of the store.", recommended: "a write-ahead log",
      fix: "let the product switch it on (PRAGMA journal_mode = WAL), or run while nobody writes"
    ) { context in
      try context.source.log().isConcurrent ? .pass(.writeAheadLog) : .warn(.rollbackJournal)
    },
  ]

  private static func transactions(_ inspector: any StoreInspector) throws -> Judgement {
    let age = try inspector.oldestTransaction()
    let limit: Duration = inspector.engine == "sqlite" ? .milliseconds(900) : .seconds(60)
    let actual: Sentence =
      age == .zero
      ? .said(.none) : .said(inspector.engine == "sqlite" ? .ageSecondsOrMore : .ageSeconds, tenths(age.inSeconds))
    return Judgement(age > limit ? .warn : .pass, actual)
  }

  static func tenths(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func milliseconds(_ duration: Duration) -> String { tenths(duration.inSeconds * 1000) + " ms" }
}
