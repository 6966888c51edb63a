import NoteModel

/// Reasons, levers and bases of a rehearsal.
package enum RehearsalPhrase: String, Phrase {
  // Blockers
  case sumUneven, targetUnproven, lossBeyondPlan, missing, quarantined, degraded, skippedByRule, checkFound
  case overBudget, spaceShort, spaceSource, spaceArchive, spaceTarget
  // Gaps
  case checkNotMade, nothingWritten, fewDeltas, frozenTimeUnknown, writersUnseen, writersUnseenBecause
  // Cares
  case diverging, exhausted, nobodyWrote, readsSlower, logGrew, baseNotOneMoment, hooksUnmeasured, fits
  // Levers
  case measureHook, freezeBetweenWriters, freezeAtQuietHour, fasterTarget, raiseRate
  // Bases
  case hookBasis, hookLimit, hookTold, fenceBasis, fenceTried, fenceOtherEngine, deltaBasis, openingBasis
  case journalBasis, predictionBasis

  package var words: (en: String, zh: String) {
    switch self {
    // Blockers
    case .sumUneven: ("the sum does not add up: not every row ends in one bucket", "合计不符：并非每一行都恰好归入一类")
    case .targetUnproven: ("the target does not hold what was carried into it", "目标库没有完整保存写入的内容")
    case .lossBeyondPlan: ("{1} items are {2}, and the plan allows {3}", "{1} 个条目{2}，而方案只允许 {3} 个")
    case .missing: ("missing", "缺失")
    case .quarantined: ("quarantined", "已隔离")
    case .degraded: ("degraded", "部分降级")
    case .skippedByRule: ("skipped by rule", "按规则跳过")
    case .checkFound: ("{1} {2}: {3}", "{1} {2}：{3}")
    case .overBudget:
      (
        "at worst users are kept from writing for {1}, {2} more than the budget less its reserve",
        "最坏情况下用户 {1} 不能写入，比预算减去预留多 {2}"
      )
    case .spaceShort: ("{1} are needed for the {2} and {3} are free", "{2}需要 {1}，而空闲 {3}")
    case .spaceSource: ("source", "源库")
    case .spaceArchive: ("archive", "归档")
    case .spaceTarget: ("target", "目标库")
    // Gaps
    case .checkNotMade: ("{1} {2} was not checked: {3}", "{1} {2} 未检查：{3}")
    case .nothingWritten:
      (
        "nothing was written, so the import, the proof and the opening are not known",
        "没有写入任何内容，因此导入、校验和开放所需时间未知"
      )
    case .fewDeltas: ("{1} deltas were made, and fewer than {2} are no evidence", "只做了 {1} 轮增量，少于 {2} 轮不足为证")
    case .frozenTimeUnknown: ("the frozen time could not be told", "无法得出冻结时间")
    case .writersUnseen: ("it cannot be seen how long writers hold the source", "看不到写入者占用源库多久")
    case .writersUnseenBecause: ("it cannot be seen how long writers hold the source ({1})", "看不到写入者占用源库多久（{1}）")
    // Cares
    case .diverging:
      (
        "the source changes nearly as fast as it is copied: the passes do not converge",
        "源库变化几乎与复制一样快：各轮没有收敛"
      )
    case .exhausted: ("the passes did not come to rest within {1}", "各轮在 {1} 轮之内没有稳定下来")
    case .nobodyWrote: ("nobody wrote while it was rehearsed, and the night may be busier", "演练期间没有人写入，割接当晚可能更忙")
    case .readsSlower:
      (
        "small reads of the source became slower: p99 {1} before, {2} beside the run",
        "源库的小读取变慢：p99 运行前 {1}，运行中 {2}"
      )
    case .logGrew: ("the source's log grew by {1}, and its budget is {2}", "源库日志增长了 {1}，而预算为 {2}")
    case .baseNotOneMoment:
      (
        "the base is not of one moment, because its view was renewed; deltas make it exact",
        "基线不是同一时刻的，因为读取视图中途更新过；增量会使其准确"
      )
    case .hooksUnmeasured: ("hooks are counted with their limits: {1}", "钩子按其时限计入：{1}")
    case .fits:
      (
        "users are expected to be kept from writing for {1}, at worst {2}; the budget leaves {3} to spare",
        "预计用户 {1} 不能写入，最坏 {2}；预算还余 {3}"
      )
    // Levers
    case .measureHook:
      (
        "measure the {1} hook and rehearse with --hook-time: {2} are counted",
        "实测 {1} 钩子并用 --hook-time 重新演练：目前按 {2} 计入"
      )
    case .freezeBetweenWriters: ("freeze when no writer holds the source for long", "在没有写入者长时间占用源库时冻结")
    case .freezeAtQuietHour:
      (
        "freeze at the quietest hour, when nothing changes between the last delta and the fence",
        "在最空闲的时段冻结，使最后一轮增量与围栏之间没有变化"
      )
    case .fasterTarget:
      (
        "give the target a faster disk or processor: comparing all of its rows in half of the time",
        "为目标库配备更快的磁盘或处理器：比较全部行的时间减半"
      )
    case .raiseRate:
      (
        "raise the plan's rate for the night: the last delta in half of the time",
        "割接当晚调高方案的限速：最后一轮增量的时间减半"
      )
    // Bases
    case .hookBasis: ("the {1} hook: {2}", "{1} 钩子：{2}")
    case .hookLimit: ("its limit, because nobody told its time", "其时限，因为未告知实际用时")
    case .hookTold: ("as told", "按告知的用时")
    case .fenceBasis: ("writers in flight on the source; {1}", "源库上正在进行的写入；{1}")
    case .fenceTried: ("a fence raised, proven and sealed on the scratch target", "在演练目标上实际升起、验证并封存的围栏")
    case .fenceOtherEngine:
      (
        "a fence on the scratch target, which is of another engine than the source",
        "演练目标上的围栏，其引擎与源库不同"
      )
    case .deltaBasis: ("deltas of the live source, with its rate of changes", "对在用源库所做的增量及其变更速率")
    case .openingBasis: ("the target opened once, spread as the applies", "目标库实际开放一次，离散程度按各次写入估计")
    case .journalBasis: ("the steps of a cutover made durable in the state directory", "在状态目录中持久写入割接的各个步骤")
    case .predictionBasis:
      (
        "{1} deltas, one opening, {2} looks at writers in flight, {3} fences; a freeze within {4} of the last delta",
        "{1} 轮增量、一次开放、{2} 次对写入者的观察、{3} 次围栏；冻结在最后一轮增量之后 {4} 之内"
      )
    }
  }
}
