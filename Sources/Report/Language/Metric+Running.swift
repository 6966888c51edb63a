extension Metric {
  private static let time = ("duration", "时长")
  private static let size = ("bytes", "字节")

  static let runningEntries: [Metric: Entry] = [
    .passWall: entry(
      ("Wall time of a pass", "每轮用时"), time,
      measured: (
        "From the first row that a pass reads until its last change is durable in the target.", "从本轮读取第一行到最后一处变更在目标库落盘。"
      ),
      matters: ("The last pass runs while users wait; it must be short.", "最后一轮在用户等待时进行，必须短。"),
      good: ("each pass shorter than the one before", "一轮比一轮短"),
      act: ("When they stop shrinking, choose a quieter hour.", "若不再缩短，请改到更空闲的时段。")),
    .changeRate: entry(
      ("Change rate", "变更速率"), ("items a second", "条/秒"),
      measured: (
        "Items that changed in the source between two passes, divided by the time between them.", "两轮之间源库变更的条目数除以间隔时间。"
      ),
      matters: ("Divided by the catch-up rate it says whether passes shrink at all.", "与追赶速率之比决定各轮能否收敛。"),
      good: ("below 0.7 of the catch-up rate", "低于追赶速率的 0.7"),
      act: ("Cut over at the hour with the lowest rate.", "选择变更最少的时段割接。")),
    .catchUpRate: entry(
      ("Catch-up rate", "追赶速率"), ("items a second", "条/秒"),
      measured: ("Changed items that a pass carried, divided by its wall time.", "一轮带走的变更条目数除以该轮用时。"),
      matters: ("It bounds how fast the target can come near the source.", "它决定目标库追上源库的速度上限。"),
      good: ("well above the change rate", "明显高于变更速率"),
      act: ("Relieve the bottleneck that is named.", "缓解所列的瓶颈。")),
    .latencyP50: entry(
      ("Median latency (p50)", "延迟中位数 (p50)"), ("milliseconds", "毫秒"),
      measured: (
        "A probe's own small operations on the source, before the run and while it works.", "在源库上用探测操作分别于运行前和运行中测得。"
      ),
      matters: ("It is what users feel most of the time.", "这是用户大多数时候的感受。"),
      good: ("at most a fifth above before", "不高于运行前的 1.2 倍"),
      act: ("Lower the rate in the plan.", "在方案中降低速率。")),
    .latencyP99: entry(
      ("Latency of the slowest hundredth (p99)", "最慢百分之一的延迟 (p99)"), ("milliseconds", "毫秒"),
      measured: ("As the median, from the slowest hundredth of the operations.", "与中位数相同，取最慢的百分之一。"),
      matters: ("It is what users complain about.", "用户抱怨的正是这一部分。"),
      good: ("at most a fifth above before", "不高于运行前的 1.2 倍"),
      act: ("Lower the rate in the plan, or run at night.", "在方案中降低速率，或在夜间运行。")),
    .walGrowth: entry(
      ("Log growth", "日志增长"), size,
      measured: ("The largest size of the source's log during the run, less its size before.", "运行期间源库日志的最大值减去运行前的值。"),
      matters: (
        "A reader keeps the log from being folded back, and a full disk stops production.", "读取会阻止日志回收，磁盘写满会使生产停止。"
      ),
      good: ("below its budget", "低于其预算"),
      act: ("Lower the budget of the log or let the view be renewed more often.", "调低日志预算，或更频繁地更新视图。")),
    .throttle: entry(
      ("Held back", "主动限速"), time,
      measured: ("Time in which the run waited on purpose, by reason.", "运行主动等待的时间，按原因统计。"),
      matters: ("It is the price for leaving production alone.", "这是不打扰生产的代价。"),
      good: ("any value outside the frozen window", "冻结窗口之外不限"),
      act: ("When it is too long, give the run a quieter hour.", "若过长，请改到更空闲的时段。")),
    .coverage: entry(
      ("Coverage", "覆盖率"), ("percent", "百分比"),
      measured: (
        "Items that were compared, divided by all items of that kind; 100 % is said only when all were.",
        "已比较条目占该类全部条目的比例；只有全部比较才显示 100 %。"
      ),
      matters: ("What was not compared is not proven.", "没有比较的内容等于没有证实。"),
      good: ("100 %", "100 %"),
      act: ("Compare the rest while the source is live, before the night.", "割接前在源库可写时比较其余部分。")),
    .verifyDifferences: entry(
      ("Differences", "差异"), ("items", "条"),
      measured: (
        "Items that differ between archive or source and target, without recorded repairs.", "目标库与归档或源库不同的条目，不含已记录的修复。"
      ),
      matters: ("Each one is unexplained.", "每一处都没有得到解释。"),
      good: ("0", "0"),
      act: ("Do not cut over before each one is explained.", "逐一查明之前不要割接。")),
  ]

  static let roomEntries: [Metric: Entry] = [
    .volumePeak: entry(
      ("Peak of the volume", "卷占用峰值"), size,
      measured: ("The largest use of the volume during the run, or its estimate before it.", "运行期间该卷的最大占用，或事先的估计值。"),
      matters: ("A volume that fills up stops the run, or production.", "卷写满会使运行或生产停止。"),
      good: ("below the size less what must stay free", "低于容量减去最低空闲"),
      act: ("Free space, or send the archive elsewhere.", "释放空间，或将归档写到别处。")),
    .volumeFloor: entry(
      ("Must stay free", "最低空闲"), size,
      measured: ("Taken from the plan; by default 5 percent and 2 GiB.", "取自方案；默认 5 % 和 2 GiB。"),
      matters: ("The run stops by itself before the volume falls below it.", "低于此值之前运行会自行停止。"),
      good: ("never reached", "从未触及"),
      act: ("Free space before the night.", "割接前释放空间。")),
  ]
}
