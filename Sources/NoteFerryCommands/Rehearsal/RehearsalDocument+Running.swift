import DurableIO
import Migration
import NoteModel
import Report

// What a rehearsal measured while it ran.
extension RehearsalDocument {
  var deltas: DeltaRecord? {
    guard !result.passes.isEmpty else { return nil }
    var record = DeltaRecord(passes: result.passes.map(pass))
    let made = result.passes.dropFirst()
    let time = made.reduce(0) { $0 + $1.interval.inSeconds }
    if time > 0 {
      record.changedItemsPerS = Double(made.reduce(0) { $0 + $1.items }) / time
      record.changedBytesPerS = Double(made.reduce(0) { $0 + $1.bytes }) / time
    }
    if let base = result.passes.first {
      record.caughtUpItemsPerS = Double(base.items) / max(base.wall.inSeconds, 1e-6)
      record.caughtUpBytesPerS = Double(base.bytes) / max(base.wall.inSeconds, 1e-6)
    }
    if let convergence = result.convergence {
      record.converged = [.atFloor, .still].contains(convergence.state)
      record.stopRule = Self.wording(of: convergence.state)
    }
    record.bottleneck = result.bottleneck.map(Self.wording)
    return record
  }

  private func pass(_ pass: RehearsedPass) -> DeltaRecord.Pass {
    var record = DeltaRecord.Pass(number: Int64(pass.number))
    record.wallMs = pass.wall.milliseconds
    record.scannedItems = pass.scanned > 0 ? pass.scanned : nil
    record.changedItems = pass.changed
    record.deletedItems = pass.deleted
    record.bytes = pass.bytes
    record.itemsPerS = Double(pass.items) / max(pass.wall.inSeconds, 1e-6)
    record.bytesPerS = Double(pass.bytes) / max(pass.wall.inSeconds, 1e-6)
    return record
  }

  private static func wording(of state: Convergence.State) -> Wording {
    switch state {
    case .open: Wording("more passes were needed", "还需要更多轮次")
    case .atFloor: Wording("three passes gained less than a tenth", "连续三轮的缩短不足十分之一")
    case .still: Wording("nothing changed, and the passes were equally long", "没有变化，各轮耗时相同")
    case .diverging: Wording("the source changes too fast for the passes to shrink", "源库变化过快，各轮无法缩短")
    case .exhausted: Wording("the most passes were made", "已达到最多轮次")
    }
  }

  private static func wording(of bottleneck: Bottleneck) -> Wording {
    switch bottleneck.cause {
    case .rateLimit: Wording("the plan's rate", "方案中的限速")
    case .brake: Wording("rests for the sake of production", "为生产让路的停顿")
    case .processor: Wording("the processors of this machine", "本机处理器")
    case .sourceRead: Wording("reading the source", "读取源库")
    case .targetWrite: Wording("writing the target and reading it back", "写入并读回目标库")
    }
  }

  // MARK: - Production and room

  var impact: ImpactRecord? {
    guard let found = result.impact else { return nil }
    var record = ImpactRecord()
    record.read = latency(found.readBefore, found.readDuring)
    record.write = latency(found.waitBefore, found.waitDuring)
    record.walGrowthBytes = found.logGrowth
    record.walBudgetBytes = found.logBudget
    record.throttle = [.init(reason: "source_latency", wallMs: found.rested.milliseconds)]
    record.footprint = []
    return record
  }

  private func latency(
    _ before: SourceImpact.Latency?, _ during: SourceImpact.Latency?
  ) -> ImpactRecord.Latency? {
    guard before != nil || during != nil else { return nil }
    func milliseconds(_ duration: Duration?) -> Double? {
      duration.map { ($0.inSeconds * 1_000_000).rounded() / 1000 }
    }
    var record = ImpactRecord.Latency()
    record.p50BeforeMs = milliseconds(before?.median)
    record.p99BeforeMs = milliseconds(before?.p99)
    record.p50DuringMs = milliseconds(during?.median)
    record.p99DuringMs = milliseconds(during?.p99)
    record.samples = Int64((before?.count ?? 0) + (during?.count ?? 0))
    return record
  }

  var capacity: CapacityRecord? {
    guard !result.space.isEmpty else { return nil }
    return CapacityRecord(
      volumes: result.space.map { use in
        var volume = CapacityRecord.Volume(name: use.name)
        volume.totalBytes = use.total
        volume.usedBytes = use.total - use.free
        volume.peakBytes = use.total - use.free + use.needed
        volume.afterBytes = use.total - use.free + (use.name == "source" ? 0 : use.needed)
        volume.floorBytes = use.floor
        return volume
      })
  }

  var warnings: [WarningRecord]? {
    var found: [WarningRecord] = []
    if let gap = result.impact?.gap, !gap.isEmpty {
      let words = SafeText(gap).text
      found.append(
        WarningRecord(Wording("a probe of the source failed: \(words)", "对源库的一次探测失败：\(words)"), code: "probe-failed"))
    }
    return found.isEmpty ? nil : found
  }
}
