import Migration
import Report

extension ReportDocument {
  /// Says what is new against the rehearsal before.
  ///
  /// - Parameter previous: Its report, where that can still be read.
  mutating func compare(with record: RehearsalRecord, _ previous: ReportDocument?) {
    var comparison = ComparisonRecord(runId: record.run, changes: [])
    comparison.samePlan = true
    comparison.add("downtime.p50", record.likely, downtime?.p50Ms)
    comparison.add("downtime.p90", record.atWorst, downtime?.p90Ms)
    if let previous {
      comparison.count(ledger, since: previous.ledger)
      note(checksSince: previous.checks ?? [])
    }
    self.comparison = comparison
  }

  private mutating func note(checksSince previous: [CheckRecord]) {
    let before = Dictionary(previous.map { ($0.id, $0.result.isTrouble) }) { first, _ in first }
    for index in (checks ?? []).indices {
      guard let was = before[checks![index].id] else { continue }
      switch (was, checks![index].result.isTrouble) {
      case (true, true): checks![index].sinceLast = .still
      case (true, false): checks![index].sinceLast = .fixed
      case (false, true): checks![index].sinceLast = .new
      case (false, false): break
      }
    }
  }
}

extension CheckRecord.Result {
  fileprivate var isTrouble: Bool { self == .block || self == .warn || self == .notChecked }
}

extension ComparisonRecord {
  fileprivate mutating func add(_ metric: String, _ before: Duration?, _ now: Int64?) {
    guard let before, let now else { return }
    var change = Change(metric: metric, before: Double(before.milliseconds), now: Double(now))
    change.regression = Double(now) > 1.25 * Double(before.milliseconds)
    changes.append(change)
  }

  /// Only where both ledgers list all of their entries: else one that is not listed would be taken for fixed.
  fileprivate mutating func count(_ now: LossLedger?, since before: LossLedger?) {
    guard let now, let before, now.unlisted == 0, before.unlisted == 0 else { return }
    func identities(_ ledger: LossLedger) -> Set<String> {
      Set(ledger.entries.map { "\($0.item) \($0.field ?? "") \($0.reason)" })
    }
    let (old, new) = (identities(before), identities(now))
    newItems = Int64(new.subtracting(old).count)
    stillItems = Int64(new.intersection(old).count)
    fixedItems = Int64(old.subtracting(new).count)
  }
}
