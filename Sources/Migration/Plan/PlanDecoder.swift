import NoteModel
import NoteStore

/// Takes a plan out of the tables of its file.
enum PlanDecoder {
  /// - Returns: `nil` after a problem with a part that has no default; the others are reported as well.
  static func plan(_ table: inout TableReader) -> Plan? {
    guard let schema = table.integer("schema", required: true) else { return nil }
    guard schema == PlanReader.schema else {
      // Another schema may have other keys, so nothing else is judged.
      table.problem("schema", "is \(schema); this version reads plans of schema \(PlanReader.schema)")
      return nil
    }
    let name = confirmName(&table)
    let toolVersion = table.string("tool-version")
    let archive = place("archive", in: &table)
    let source = source(&table)
    let target = target(&table, source)
    let carry = carry(&table)
    let budget = budget(&table)
    let loss = loss(&table)
    let hooks = hooks(&table)
    let freeze = freeze(&table, hooks)
    let (window, age) = schedule(&table)
    checkTogether(budget, hooks, in: table)
    table.finish()
    guard let name, let source, let target, let freeze else { return nil }
    var plan = Plan(
      source: source, target: target, archive: archive == "-" ? nil : archive, budget: budget, freeze: freeze,
      confirmName: name)
    (plan.carry, plan.loss, plan.hooks, plan.window, plan.toolVersion) = (carry, loss, hooks, window, toolVersion)
    if let age { plan.rehearsalMaximumAge = age }
    return plan
  }

  // MARK: - Places

  private static func confirmName(_ table: inout TableReader) -> String? {
    guard let name = table.string("confirm-name", required: true) else { return nil }
    let letters = name.utf8.allSatisfy {
      ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || [0x2D, 0x2E, 0x5F].contains($0)
    }
    if letters, (2...40).contains(name.utf8.count) { return name }
    table.problem("confirm-name", "must be 2 to 40 of A-Z a-z 0-9 . _ -, because it is typed on every keyboard")
    return nil
  }

  private static func place(_ key: String, in table: inout TableReader, required: Bool = false) -> String? {
    guard let text = table.string(key, required: required) else { return nil }
    return judge(text, key, in: table) ? text : nil
  }

  private static func judge(_ text: String, _ key: String, in table: TableReader) -> Bool {
    if text.isEmpty {
      table.problem(key, "is empty")
    } else if let secret = PlanSecret.problem(in: text) {
      table.problem(key, "\(secret); secrets stand in ~/.pgpass, a service file or the environment, never in a plan")
    } else {
      return true
    }
    return false
  }

  private static func source(_ table: inout TableReader) -> Plan.Source? {
    guard var part = table.table("source", required: true, noun: "a source") else { return nil }
    let place = place("place", in: &part, required: true)
    let node = self.place("node", in: &part)
    let profile = part.string("profile")
    let file = self.place("profile-file", in: &part)
    if profile != nil, file != nil { part.problem("profile-file", "and `profile` exclude each other") }
    if let node, node == place { part.problem("node", "is the same place as `place`") }
    part.finish()
    return place.map { Plan.Source(place: $0, node: node, profile: profile, profileFile: file) }
  }

  private static func target(_ table: inout TableReader, _ source: Plan.Source?) -> Plan.Target? {
    guard var part = table.table("target", required: true, noun: "a target") else { return nil }
    let nodes = (part.strings("nodes", required: true) ?? []).map(\.text)
    let isSound = nodes.allSatisfy { judge($0, "nodes", in: part) }
    if part.members["nodes"] != nil, !(1...2).contains(nodes.count) {
      part.problem("nodes", "must be one place or two, not \(nodes.count)")
    }
    if nodes.count == 2, nodes[0] == nodes[1] { part.problem("nodes", "are the same place twice") }
    for node in nodes where node == source?.place || node == source?.node {
      part.problem("nodes", "has the source in it")
    }
    var target = Plan.Target(nodes: nodes, createsSchema: part.boolean("create-schema") ?? false)
    target.nodePolicy = choice("node-policy", in: &part) ?? target.nodePolicy
    part.finish()
    return isSound && (1...2).contains(nodes.count) ? target : nil
  }

  // MARK: - What and how much

  private static func carry(_ table: inout TableReader) -> Plan.Carry {
    var carry = Plan.Carry()
    guard var part = table.table("carry", noun: "what is carried") else { return carry }
    if let select = part.string("select"), select != "all" {
      part.problem("select", "must be \"all\"; this version carries everything")
    }
    carry.secrets = choice("secrets", in: &part) ?? carry.secrets
    carry.attachments = choice("attachments", in: &part) ?? carry.attachments
    carry.repair = choice("repair", in: &part) ?? carry.repair
    part.finish()
    return carry
  }

  private static func budget(_ table: inout TableReader) -> Plan.Budget {
    var budget = Plan.Budget()
    guard var part = table.table("budget", required: true, noun: "a budget") else { return budget }
    budget.downtime = span("downtime", in: &part, required: true) ?? budget.downtime
    let reserve = span("rollback-reserve", in: &part)
    if budget.downtime < .seconds(10) { part.problem("downtime", "must be at least 10s") }
    budget.rollbackReserve = reserve ?? min(budget.rollbackReserve, .seconds(budget.downtime.components.seconds / 4))
    budget.freeFloor = size("free-floor", in: &part)
    budget.rate = size("rate", in: &part, isRate: true)
    budget.wal = size("wal", in: &part)
    budget.snapshotAge = span("snapshot-age", in: &part) ?? budget.snapshotAge
    if let rate = budget.rate, rate.rawValue < 1 { part.problem("rate", "must be above 0") }
    if let reserve, reserve >= budget.downtime {
      part.problem("rollback-reserve", "must be shorter than the downtime of \(budget.downtime.span)")
    }
    part.finish()
    return budget
  }

  private static func loss(_ table: inout TableReader) -> LossAllowance {
    var loss = LossAllowance()
    guard var part = table.table("loss", noun: "a loss allowance") else { return loss }
    loss.repaired = limit("repaired", in: &part) ?? loss.repaired
    loss.adapted = limit("adapted", in: &part) ?? loss.adapted
    loss.skippedByRule = limit("skipped-by-rule", in: &part) ?? loss.skippedByRule
    loss.degraded = limit("degraded", in: &part) ?? loss.degraded
    loss.quarantined = limit("quarantined", in: &part) ?? loss.quarantined
    loss.missing = limit("missing", in: &part) ?? loss.missing
    part.finish()
    return loss
  }

  private static func limit(_ key: String, in table: inout TableReader) -> LossAllowance.Limit? {
    switch table.take(key, required: false)?.content {
    case nil: return nil
    case .string("any"): return .any
    case .integer(let most) where most >= 0: return .atMost(Int64(most))
    default:
      table.problem(key, "must be a whole number from 0, or \"any\"")
      return nil
    }
  }

  // MARK: - The night

  private static func freeze(_ table: inout TableReader, _ hooks: [HookName: Hook]) -> Plan.FreezeMethod? {
    guard var part = table.table("freeze", required: true, noun: "a freeze") else { return nil }
    let hasMethod = part.members["method"] != nil
    let method: Plan.FreezeMethod? = choice("method", in: &part)
    if !hasMethod { part.problem("method", "is required and missing") }
    if let method, method.usesHook {
      for name in [HookName.freeze, .thaw] where hooks[name] == nil {
        part.problem("method", "\"\(method.rawValue)\" needs [hooks.\(name.rawValue)]")
      }
    }
    part.finish()
    return method
  }

  private static func hooks(_ table: inout TableReader) -> [HookName: Hook] {
    guard var part = table.table("hooks", noun: "the hooks") else { return [:] }
    var hooks: [HookName: Hook] = [:]
    for name in HookName.allCases {
      guard var entry = part.table(name.rawValue, noun: "a hook") else { continue }
      let command = (entry.strings("command", required: true) ?? []).map(\.text)
      if let program = command.first {
        if !program.contains("/") {
          entry.problem("command", "must begin with the path of a program; no shell and no PATH is asked")
        }
      } else if entry.members["command"] != nil {
        entry.problem("command", "is empty")
      }
      let isSound = command.dropFirst().allSatisfy { $0.isEmpty || judge($0, "command", in: entry) }
      let limit = span("limit", in: &entry) ?? .seconds(60)
      entry.finish()
      if isSound, !command.isEmpty { hooks[name] = Hook(command: command, limit: limit) }
    }
    if hooks[.switchBack] == nil, hooks[.switch] != nil {
      part.problem("switch", "needs [hooks.switch-back], so that there is a way back")
    }
    part.finish()
    return hooks
  }

  private static func schedule(_ table: inout TableReader) -> (PlanWindow?, Duration?) {
    guard var part = table.table("schedule", noun: "a schedule") else { return (nil, nil) }
    var zone = PlanWindow.Zone.local
    if let text = part.string("time-zone") {
      if let known = PlanWindow.Zone(text) {
        zone = known
      } else {
        part.problem("time-zone", "must be \"local\", \"UTC\" or an offset such as \"+08:00\"")
      }
      if part.members["window"] == nil { part.problem("time-zone", "says nothing without `window`") }
    }
    var window: PlanWindow?
    if let text = part.string("window") {
      window = PlanWindow(text, zone: zone)
      if window == nil { part.problem("window", "must be two times of the day, such as \"22:00-23:30\"") }
    }
    let age = span("rehearsal-max-age", in: &part)
    part.finish()
    return (window, age)
  }

  /// The programs alone must not be able to use up the time that users are frozen.
  private static func checkTogether(_ budget: Plan.Budget, _ hooks: [HookName: Hook], in table: TableReader) {
    let forward = [HookName.freeze, .switch, .smoke].compactMap { hooks[$0]?.limit }.reduce(.zero, +)
    guard forward >= budget.forwardTime, budget.forwardTime > .zero else { return }
    table.problem(
      "hooks",
      "may take \(forward.span) together, and the downtime without its reserve is \(budget.forwardTime.span)")
  }

  // MARK: - Values

  private static func choice<T: RawRepresentable & CaseIterable>(_ key: String, in table: inout TableReader) -> T?
  where T.RawValue == String {
    guard let text = table.string(key) else { return nil }
    if let value = T(rawValue: text) { return value }
    let known = T.allCases.map(\.rawValue)
    table.problem(
      key, "must be one of \(known.joined(separator: ", "))", suggestion: NearestName.find(text, in: known))
    return nil
  }

  private static func span(_ key: String, in table: inout TableReader, required: Bool = false) -> Duration? {
    guard let text = table.string(key, required: required) else { return nil }
    if let span = Duration(span: text) { return span }
    table.problem(key, "must be a whole number above 0 and one of s, min, h, d: \"30min\"")
    return nil
  }

  private static func size(_ key: String, in table: inout TableReader, isRate: Bool = false) -> ByteCount? {
    guard let text = table.string(key) else { return nil }
    let bare = isRate && text.hasSuffix("/s") ? String(text.dropLast(2)) : text
    if let size = ByteCount(parsing: bare) { return size }
    table.problem(key, "must be a number with a unit: \"\(isRate ? "20MiB/s" : "5GiB")\"")
    return nil
  }
}
