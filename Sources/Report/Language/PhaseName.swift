/// The phases that a report knows by name. Another name is shown as it stands.
public enum PhaseName: String, Sendable, CaseIterable {
  case survey, preflight, scan, precopy, delta, gate, freeze, fence
  case finalDelta = "final_delta"
  case verify, seal, journal
  case `switch`
  case smoke, soak, rollback, finish, export, `import`

  public var wording: Wording {
    switch self {
    case .survey: Wording("survey", "勘察")
    case .preflight: Wording("preflight", "预检")
    case .scan: Wording("scan", "扫描")
    case .precopy: Wording("pre-copy", "预拷贝")
    case .delta: Wording("delta", "增量")
    case .gate: Wording("gate", "放行点")
    case .freeze: Wording("freeze", "冻结")
    case .fence: Wording("fence", "围栏")
    case .finalDelta: Wording("final delta", "最终增量")
    case .verify: Wording("verify", "校验")
    case .seal: Wording("seal", "封存")
    case .journal: Wording("journal", "日志")
    case .switch: Wording("switch", "切换")
    case .smoke: Wording("smoke tests", "冒烟测试")
    case .soak: Wording("soak", "观察期")
    case .rollback: Wording("rollback", "回退")
    case .finish: Wording("finish", "收尾")
    case .export: Wording("export", "导出")
    case .import: Wording("import", "导入")
    }
  }

  /// The words for any name.
  static func wording(_ name: String) -> Wording { PhaseName(rawValue: name)?.wording ?? Wording(name) }
}

extension Wording {
  /// The words for a kind of item.
  static func kind(_ name: String) -> Wording {
    switch name {
    case "note": Wording("notes", "笔记")
    case "attachment": Wording("attachments", "附件")
    case "notebook": Wording("notebooks", "笔记本")
    case "owner": Wording("owners", "所有者")
    case "tag": Wording("tags", "标签")
    case "setting": Wording("settings", "设置")
    case "other": Wording("other", "其他")
    case "link": Wording("links", "链接")
    case "user": Wording("users", "用户")
    case "memo": Wording("memos", "备忘")
    default: Wording(name)
    }
  }

  /// The words for the rule by which a text was repaired.
  static func rule(_ name: String) -> Wording {
    switch name {
    case "lossless": Wording("one right answer", "答案唯一")
    case "policy": Wording("by a rule", "按规则")
    case "inferred": Wording("a guess", "推测")
    default: Wording(name)
    }
  }

  /// The words for who does a step.
  static func who(_ name: String) -> Wording { name == "person" ? Wording("a person", "值班人员") : Wording(name) }

  /// The words for where a setting comes from.
  static func origin(_ name: String) -> Wording {
    switch name {
    case "plan": Wording("plan", "方案")
    case "flag": Wording("flag", "命令行")
    case "environment": Wording("environment", "环境变量")
    case "default": Wording("default", "默认值")
    default: Wording(name)
    }
  }

  /// The words for a disk that a run uses.
  static func volume(_ name: String) -> Wording {
    switch name {
    case "source": Wording("source", "源库")
    case "archive": Wording("archive", "归档")
    case "target": Wording("target", "目标库")
    case "target log": Wording("target log", "目标库日志")
    default: Wording(name)
    }
  }

  /// The words for why a run held itself back.
  static func wait(_ name: String) -> Wording {
    switch name {
    case "source_latency": Wording("the source became slower", "源库变慢")
    default: Wording(name)
    }
  }
}

extension OutcomeRecord.Word {
  var wording: Wording {
    switch self {
    case .switched: Wording("SWITCHED", "已切换")
    case .finished: Wording("FINISHED", "已收尾")
    case .rolledBack: Wording("ROLLED BACK", "已回退")
    case .waiting: Wording("WAITING", "等待放行")
    case .stopped: Wording("STOPPED", "中途停止")
    }
  }
}

extension OutcomeRecord.Service {
  var wording: Wording {
    switch self {
    case .source: Wording("Users write to the source.", "用户写入源库。")
    case .target: Wording("Users write to the target.", "用户写入目标库。")
    case .none: Wording("Neither side takes writes.", "两侧均不接受写入。")
    case .unknown: Wording("Which side users write to, noteferry status tells.", "用户写入哪一侧，请运行 noteferry status 查看。")
    }
  }
}

extension Verdict.Word {
  var wording: Wording {
    switch self {
    case .go: Wording("GO", "可以割接")
    case .goWithCare: Wording("GO WITH CARE", "谨慎割接")
    case .noGo: Wording("NO-GO", "不可割接")
    case .unproven: Wording("UNPROVEN", "证据不足")
    }
  }
}

extension Verdict.Grade {
  var wording: Wording {
    switch self {
    case .perfect: Wording("Perfect", "完美")
    case .good: Wording("Good", "良好")
    case .investigate: Wording("Investigate", "需要查看")
    case .poor: Wording("Poor", "较差")
    }
  }
}

extension LedgerEntry.Outcome {
  var wording: Wording {
    switch self {
    case .missing: Wording("missing", "缺失")
    case .quarantined: Wording("quarantined", "已隔离")
    case .degraded: Wording("degraded", "部分降级")
    case .skippedByRule: Wording("skipped by rule", "按规则跳过")
    case .repaired: Wording("repaired", "已修复")
    case .adapted: Wording("adapted", "已适配")
    }
  }
}

extension CheckRecord.Result {
  var wording: Wording {
    switch self {
    case .block: Wording("block", "阻断")
    case .warn: Wording("warn", "警告")
    case .notChecked: Wording("not checked", "未检查")
    case .pass: Wording("pass", "通过")
    case .notApplicable: Wording("not applicable", "不适用")
    }
  }
}

extension CheckRecord.Change {
  var wording: Wording {
    switch self {
    case .new: Wording("new", "新增")
    case .still: Wording("still", "仍存在")
    case .fixed: Wording("fixed", "已解决")
    }
  }
}

extension VerificationRecord.Method {
  var wording: Wording {
    switch self {
    case .counts: Wording("counts", "数量")
    case .sampled: Wording("sampled", "抽样")
    case .checksums: Wording("checksums", "校验和")
    case .full: Wording("full, every byte", "逐字节全量")
    }
  }
}
