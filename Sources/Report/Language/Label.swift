/// The fixed words of a report: headings, columns, sentences of its own.
enum Label: String, CaseIterable {
  // Head
  case rehearsalReport, cutoverReport, preflightReport, runReport, language, both, print, run, tool, plan, reportHash
  case time, to, grade, notMeasured, atRehearsal, contents, skip
  // Decision
  case decision, downtimeBudget, likely, worst, reserve, spare, budget, over, approvals, approvalsNone, blockers
  case noBlockers, levers, noLevers, evidence, oneRun, runs, scale, age, expires, next, gain, basis
  case part, samples, worstSeen, actual, verdictMissing, because
  // Timeline
  case timeline, sourceLive, sourceFrozen, frozenWindow, critical, simulated, phase, start, wall, items
  case bytes, cumulative, asTable, total, speed
  // Conservation
  case conservation, kind, source, identical, sum, equalsSource, differsFromSource
  // Ledger
  case ledger, item, outcome, reason, field, before, after, reversible, approval, title, yes, no, hidden, unlisted
  case ledgerFile, filter, all, shown, findText, noEntries, noMatch, needsApproval, cut, meaning, count
  // Preflight
  case preflight, check, purpose, recommended, result, fix, sinceLast, notChecked, checksSummary
  // Encodings
  case encodings, encoding, rule, repairedCount, sample
  // Deltas
  case deltas, pass, base, changed, deleted, changeRate, catchUpRate, converging, notConverging, stopRule, bottleneck
  case secondsEach
  // Capacity, impact
  case capacity, volume, size, today, during, afterwards, floor
  case impact, measure, beforeRun, duringRun, change, walGrowth, throttled, footprint, footprintNone, write, read
  case median
  // Verification
  case verification, subject, node, method, coverage, differences, notCompared, everything
  // Run sheet
  case runSheet, clock, offsetColumn, step, command, who, abort, noReturn, done, fromFreeze
  // Environment
  case environment, system, processor, cores, memory, host, setting, value, origin, warnings, noWarnings, comparison
  case previousRun, samePlan, otherPlan, metric, now, regression, unchanged, ledgerChanges
  // Glossary
  case glossary, unit, measured, matters, good, act, howToRead
  // Signatures
  case signatures, customer, vendor, name, signature, date

  var wording: Wording {
    let (en, zh) = words
    return Wording(en, zh)
  }

  private var words: (String, String) {
    switch self {
    case .rehearsalReport: ("Rehearsal report", "演练报告")
    case .cutoverReport: ("Cutover report", "割接报告")
    case .preflightReport: ("Preflight report", "预检报告")
    case .runReport: ("Run report", "运行报告")
    case .language: ("Language", "语言")
    case .both: ("Both", "双语")
    case .print: ("Print", "打印")
    case .run: ("Run", "运行编号")
    case .tool: ("Tool", "工具版本")
    case .plan: ("Plan hash", "方案哈希")
    case .reportHash: ("SHA-256 of the JSON document", "JSON 文档的 SHA-256")
    case .time: ("Time", "时间")
    case .to: ("to", "至")
    case .grade: ("Grade", "评级")
    case .notMeasured: ("not measured", "未测量")
    case .atRehearsal: ("part of the rehearsal; its report has it", "属于演练，见演练报告")
    case .contents: ("Contents", "目录")
    case .skip: ("Skip to the decision", "跳到决策")
    case .decision: ("Decision", "决策")
    case .downtimeBudget: ("Downtime budget", "停机预算")
    case .likely: ("likely (p50)", "预计 (p50)")
    case .worst: ("at worst (p90)", "最坏 (p90)")
    case .reserve: ("rollback reserve", "回退预留")
    case .spare: ("spare", "余量")
    case .budget: ("budget", "预算")
    case .over: ("over budget", "超出预算")
    case .approvals: ("Approvals needed", "待批准")
    case .approvalsNone: ("none", "无")
    case .blockers: ("Blockers", "阻断项")
    case .noBlockers: ("none", "无")
    case .levers: ("What would change the verdict", "可改变结论的措施")
    case .noLevers: ("nothing is named", "未列出")
    case .evidence: ("Evidence", "证据")
    case .oneRun: ("run", "次演练")
    case .runs: ("runs", "次演练")
    case .scale: ("of the store", "的数据量")
    case .age: ("old", "前")
    case .expires: ("valid until", "有效期至")
    case .next: ("Next", "下一步")
    case .gain: ("Gain", "收益")
    case .basis: ("Basis", "依据")
    case .part: ("Part of the frozen time", "冻结时间的组成")
    case .samples: ("Samples", "样本数")
    case .worstSeen: ("Worst seen", "实测最坏")
    case .actual: ("Actual", "实测")
    case .verdictMissing: ("no verdict", "无结论")
    case .because: ("Given up because", "放弃原因")
    case .timeline: ("Timeline", "时间线")
    case .sourceLive: ("source live", "源库可写")
    case .sourceFrozen: ("source frozen", "源库冻结")
    case .frozenWindow: ("The frozen window, enlarged", "冻结窗口（放大）")
    case .critical: ("critical path", "关键路径")
    case .simulated: ("calculated from probes", "由探测推算")
    case .phase: ("Phase", "阶段")
    case .start: ("Start", "开始")
    case .wall: ("Wall time", "实际用时")
    case .items: ("Items", "条目")
    case .bytes: ("Bytes", "字节")
    case .cumulative: ("End", "结束")
    case .asTable: ("The same as a table", "以表格显示")
    case .total: ("Total", "合计")
    case .speed: ("Speed", "速度")
    case .conservation: ("Conservation", "数量守恒")
    case .kind: ("Kind", "类型")
    case .source: ("Source", "源库")
    case .identical: ("identical", "一致")
    case .sum: ("Sum", "合计")
    case .equalsSource: ("equals source", "与源库相等")
    case .differsFromSource: ("differs from source", "与源库不等")
    case .ledger: ("Loss ledger", "损失台账")
    case .item: ("Item", "条目")
    case .outcome: ("Outcome", "结果")
    case .reason: ("Reason", "原因")
    case .field: ("Field @ byte", "字段 @ 字节")
    case .before: ("Before", "之前")
    case .after: ("After", "之后")
    case .reversible: ("Reversible", "可还原")
    case .approval: ("Approval", "批准")
    case .title: ("Title", "标题")
    case .yes: ("yes", "是")
    case .no: ("no", "否")
    case .hidden:
      ("Titles and contents of notes are left out; --show-titles shows them.", "笔记标题与内容已略去；使用 --show-titles 可显示。")
    case .unlisted: ("more are counted and not listed here", "条已计数，未在此列出")
    case .ledgerFile: ("All entries", "全部条目")
    case .filter: ("Filter", "筛选")
    case .all: ("all", "全部")
    case .shown: ("shown", "已显示")
    case .findText: ("Find", "查找")
    case .noEntries: ("Every item arrived as it was.", "所有条目均原样到达。")
    case .noMatch: ("No entry matches.", "没有符合的条目。")
    case .needsApproval: ("needs approval", "待批准")
    case .cut: ("cut", "已截断")
    case .meaning: ("Meaning", "含义")
    case .count: ("Count", "数量")
    case .preflight: ("Preflight", "预检")
    case .check: ("Check", "检查项")
    case .purpose: ("Purpose", "目的")
    case .recommended: ("Recommended", "建议值")
    case .result: ("Result", "结果")
    case .fix: ("Fix", "处理办法")
    case .sinceLast: ("Since last run", "较上次")
    case .notChecked: ("Not checked", "未检查")
    case .checksSummary: ("checks", "项检查")
    case .encodings: ("Encoding findings", "编码问题")
    case .encoding: ("Encoding", "编码")
    case .rule: ("Repair rule", "修复规则")
    case .repairedCount: ("Repaired", "已修复")
    case .sample: ("Samples", "样例")
    case .deltas: ("Throughput and delta passes", "吞吐与增量轮次")
    case .pass: ("Pass", "轮次")
    case .base: ("base", "基线")
    case .changed: ("Changed", "变更")
    case .deleted: ("Deleted", "删除")
    case .changeRate: ("change rate", "变更速率")
    case .catchUpRate: ("catch-up rate", "追赶速率")
    case .converging: ("The passes converge.", "各轮正在收敛。")
    case .notConverging: ("The passes do not converge.", "各轮没有收敛。")
    case .stopRule: ("Stopped because", "停止原因")
    case .bottleneck: ("Bottleneck", "瓶颈")
    case .secondsEach: ("Wall time of each pass", "每轮实际用时")
    case .capacity: ("Room on the disks", "磁盘空间")
    case .volume: ("Volume", "卷")
    case .size: ("Size", "容量")
    case .today: ("Used today", "当前已用")
    case .during: ("At its peak", "峰值")
    case .afterwards: ("Afterwards", "完成后")
    case .floor: ("Must stay free", "最低空闲")
    case .impact: ("Production impact", "对生产的影响")
    case .measure: ("Measure", "指标")
    case .beforeRun: ("Before", "运行前")
    case .duringRun: ("During", "运行中")
    case .change: ("Change", "变化")
    case .walGrowth: ("Log growth", "日志增长")
    case .throttled: ("Held back", "主动限速")
    case .footprint: ("Left behind on the source", "源库上的残留")
    case .footprintNone: ("nothing", "无")
    case .write: ("Write latency", "写延迟")
    case .read: ("Read latency", "读延迟")
    case .median: ("median", "中位数")
    case .verification: ("Verification", "校验")
    case .subject: ("What", "内容")
    case .node: ("Node", "节点")
    case .method: ("How", "方式")
    case .coverage: ("Coverage", "覆盖率")
    case .differences: ("Differences", "差异")
    case .notCompared: ("Not compared", "未比较")
    case .everything: ("nothing left out", "无遗漏")
    case .runSheet: ("Run sheet for the night", "割接当晚流程单")
    case .clock: ("Clock", "时刻")
    case .offsetColumn: ("Offset", "偏移")
    case .step: ("Step", "步骤")
    case .command: ("Command", "命令")
    case .who: ("Who", "负责人")
    case .abort: ("Way back", "回退点")
    case .noReturn: ("point of no return", "不可回头点")
    case .done: ("Done", "完成")
    case .fromFreeze: ("Offsets count from the freeze.", "偏移以冻结时刻为零点。")
    case .environment: ("Environment and settings", "环境与设置")
    case .system: ("System", "系统")
    case .processor: ("Processor", "处理器")
    case .cores: ("Cores", "核数")
    case .memory: ("Memory", "内存")
    case .host: ("Host", "主机")
    case .setting: ("Setting", "设置")
    case .value: ("Value", "值")
    case .origin: ("Origin", "来源")
    case .warnings: ("Warnings", "警告")
    case .noWarnings: ("none", "无")
    case .comparison: ("Since the previous rehearsal", "与上次演练相比")
    case .previousRun: ("Compared with", "对比对象")
    case .samePlan: ("same plan", "方案相同")
    case .otherPlan: ("another plan", "方案不同")
    case .metric: ("Metric", "指标")
    case .now: ("Now", "本次")
    case .regression: ("worse", "变差")
    case .unchanged: ("no difference", "无差异")
    case .ledgerChanges: ("Ledger", "台账")
    case .glossary: ("Glossary", "术语表")
    case .unit: ("Unit", "单位")
    case .measured: ("How it is measured", "测量方法")
    case .matters: ("Why it matters", "为何重要")
    case .good: ("Good range", "正常范围")
    case .act: ("What to do", "如何处理")
    case .howToRead: ("How to read these figures", "如何解读这些数字")
    case .signatures: ("Signatures", "签字")
    case .customer: ("Customer", "客户")
    case .vendor: ("Vendor", "服务方")
    case .name: ("Name", "姓名")
    case .signature: ("Signature", "签名")
    case .date: ("Date", "日期")
    }
  }
}
