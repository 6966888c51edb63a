import DurableIO
import NoteModel
import NoteStore

// What bounds the speed, and what would make the frozen time shorter.
extension Rehearsal {
  func note(bottleneckOf base: RehearsedPass, rested: Duration, processor: Double) {
    let wall = max(base.wall.inSeconds, 1e-6)
    let export = base.exportWall.inSeconds / wall
    let rest = rested.inSeconds / wall
    let busy = processor / wall / Double(WorkerThread.processorCount)
    let rate = request.plan.budget.rate.map { Double(base.bytes) / wall / Double(max($0.rawValue, 1)) } ?? 0
    if rest > 0.25 {
      result.bottleneck = Bottleneck(cause: .brake, ratio: min(1, rest))
    } else if rate > 0.8 {
      result.bottleneck = Bottleneck(cause: .rateLimit, ratio: min(1, rate))
    } else if busy > 0.8 {
      result.bottleneck = Bottleneck(cause: .processor, ratio: min(1, busy))
    } else {
      result.bottleneck = Bottleneck(
        cause: export > 0.5 ? .sourceRead : .targetWrite, ratio: max(export, 1 - export))
    }
  }

  /// At most three things that can be done, the largest gain first. Each gain is the prediction made again without it.
  func levers(_ model: FrozenTimeModel) -> [RehearsalVerdict.Lever] {
    guard let p90 = result.prediction?.p90 else { return [] }
    func gain(_ change: (inout FrozenTimeModel) -> Void) -> Duration {
      var other = model
      change(&other)
      return max(.zero, p90 - other.predict().p90)
    }
    var levers: [RehearsalVerdict.Lever] = []
    for hook in model.hooks where request.hookTimes[HookName(rawValue: hook.name)!] == nil {
      levers.append(
        .init(
          action: .said(.measureHook, hook.name, hook.time.span),
          gain: gain { $0.hooks.removeAll { $0.name == hook.name } }))
    }
    levers.append(
      .init(
        action: .said(.freezeBetweenWriters),
        gain: gain { $0.drains = $0.drains.isEmpty ? [] : [$0.drains.sorted()[($0.drains.count - 1) / 2]] }))
    levers.append(
      .init(
        action: .said(.freezeAtQuietHour),
        gain: gain { model in
          for index in model.deltas.indices { model.deltas[index].interval = .seconds(86_400 * 365) }
        }))
    levers.append(
      .init(
        action: .said(.fasterTarget),
        gain: gain { $0.opening = $0.opening / 2 }))
    if request.plan.budget.rate != nil {
      levers.append(
        .init(
          action: .said(.raiseRate),
          gain: gain { model in
            for index in model.deltas.indices { model.deltas[index].exportWork = model.deltas[index].exportWork / 2 }
          }))
    }
    return Array(levers.filter { $0.gain ?? .zero > .milliseconds(1) }.sorted { $0.gain! > $1.gain! }.prefix(3))
  }

  /// - Throws: `.interrupted`, `.terminated`.
  func wait(_ time: Duration) throws {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
      try stop.check(safeNow: "nothing was changed on the source or the target")
      pauseBriefly()
    }
  }
}
