extension Metric {
  private static let time = ("duration", "时长")

  static let downtimeEntries: [Metric: Entry] = [
    .downtimeP50: entry(
      ("Likely downtime (p50)", "预计停机时间 (p50)"), time,
      measured: (
        "The sum of the frozen phases, each at the median of its measurements; the basis names how many there were.",
        "各冻结阶段按实测中位数相加；依据一栏给出测量次数。"
      ),
      matters: ("In half of all cutovers users wait no longer than this.", "一半的割接中，用户等待不会超过此值。"),
      good: ("well below the budget", "明显低于预算"),
      act: ("Plan the night with p90, not with this figure.", "安排当晚计划请以 p90 为准，不要用此值。")),
    .downtimeP90: entry(
      ("Downtime at worst (p90)", "最坏停机时间 (p90)"), time,
      measured: (
        "The ninetieth percentile of the sum of the frozen phases, from the spread of their measurements.",
        "由各冻结阶段实测值的离散程度得到的总和第九十百分位。"
      ),
      matters: ("In nine of ten cutovers users wait no longer than this.", "十次割接中有九次，用户等待不会超过此值。"),
      good: ("p90 plus the rollback reserve fits into the budget", "p90 加回退预留不超过预算"),
      act: (
        "Shorten the longest frozen phase, or choose a quieter hour; the levers name the gain of each.",
        "缩短最长的冻结阶段，或改到更空闲的时段；措施一栏列出各自收益。"
      )),
    .downtimeBudget: entry(
      ("Downtime budget", "停机预算"), time,
      measured: ("Taken from the plan.", "取自方案文件。"),
      matters: (
        "When it is used up, the cutover rolls back by itself.", "用尽时割接会自动回退。"
      ),
      good: ("what users were told", "与对用户的承诺一致"),
      act: ("Change it in the plan, and rehearse again.", "在方案文件中修改后重新演练。")),
    .rollbackReserve: entry(
      ("Rollback reserve", "回退预留"), time,
      measured: (
        "The time that a rollback takes, measured in the rehearsal, or the plan's own figure.", "演练中实测的回退用时，或方案文件给定的值。"
      ),
      matters: ("Without it a failure near the end would break the budget on the way back.", "没有它，临近结束时失败，回退会超出预算。"),
      good: ("at least the measured rollback", "不小于实测的回退用时"),
      act: ("Raise it in the plan when the measured rollback is longer.", "若实测回退更久，请在方案文件中调大。")),
    .downtimeMargin: entry(
      ("Spare time", "余量"), time,
      measured: ("Budget less p90 less rollback reserve.", "预算减去 p90，再减去回退预留。"),
      matters: ("Below zero the cutover does not fit.", "低于零表示割接放不下。"),
      good: ("above zero, better a quarter of the budget", "大于零，最好有预算的四分之一"),
      act: ("Enlarge the budget or pull a lever.", "增大预算，或采取所列措施。")),
    .downtimeActual: entry(
      ("Measured downtime", "实测停机时间"), time,
      measured: ("From the proven freeze to the first write on the new side.", "从冻结得到证实到新库接受第一次写入。"),
      matters: ("It is what users felt, and what the prediction is judged by.", "这是用户的实际感受，也用来检验预测。"),
      good: ("at most p90 of the rehearsal", "不超过演练的 p90"),
      act: ("When it was longer, compare the phases with the rehearsal's.", "若更久，请与演练逐阶段对比。")),
    .approvals: entry(
      ("Approvals needed", "待批准条目"), ("items", "条"),
      measured: ("Items whose outcome the plan does not allow without a person's word.", "按方案须由人批准才能接受的条目数。"),
      matters: ("Nobody may find out after the night that something was left behind.", "不能在割接之后才发现有内容被留下。"),
      good: ("0", "0"),
      act: ("Read the items in the loss ledger, then approve or repair them.", "在损失台账中逐条查看，然后批准或修复。")),
    .evidenceAge: entry(
      ("Age of the evidence", "证据时效"), time,
      measured: ("From the end of the rehearsal to the writing of this report.", "从演练结束到生成本报告的时间。"),
      matters: ("A store that has grown since takes longer than was measured.", "库在此后增长，用时会比实测更久。"),
      good: ("less than a day", "一天以内"),
      act: ("Rehearse again before the night.", "割接前请重新演练。")),
  ]

  static let phaseEntries: [Metric: Entry] = [
    .phaseWall: entry(
      ("Wall time", "实际用时"), time,
      measured: ("By a clock that does not jump, from the start of the phase to its end.", "用不跳变的时钟，从阶段开始到结束。"),
      matters: ("It is the time that somebody waits.", "这是人实际等待的时间。"),
      good: ("as in the previous rehearsal", "与上次演练相近"),
      act: ("Look at the bottleneck that is named, and at how long the run held itself back.", "查看所列的瓶颈，以及运行主动等待了多久。")),
    .frozenTime: entry(
      ("Frozen time", "冻结时间"), time,
      measured: ("The wall time of all phases in which users cannot write.", "用户不能写入的各阶段实际用时之和。"),
      matters: ("Only this part is downtime; everything before it runs while users work.", "只有这部分是停机；之前的阶段用户照常使用。"),
      good: ("a small part of the whole", "只占全程的一小部分"),
      act: ("Move work in front of the freeze: more delta passes, verification beforehand.", "把工作移到冻结之前：增加增量轮次，提前校验。")),
  ]
}
