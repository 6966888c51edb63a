import NoteModel

/// The JSON Schema (draft 2020-12) of a report, for programs that read one: `noteferry schema report`.
///
/// Written beside the model on purpose, as the contract that it may not break; a test compares the two member by member.
public enum ReportSchema {
  public static var document: JSONValue {
    guard case .object(let members) = root.json else { return root.json }
    return .object(
      [
        .init("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
        .init("$id", .text("urn:noteferry:report:1")),
        .init("title", .text("The report of one run of noteferry, version 1")),
        .init(
          "$comment",
          .text(
            "Absent means not measured. Readers ignore unknown members and refuse another major version. Names carry "
              + "their unit: _ms, _bytes, _ratio (0 to 1), _per_s. Times are RFC 3339 with an offset.")),
      ] + members)
  }

  static let root = Shape.object([
    .init("schema_version", .pattern("^1\\.[0-9]+$"), isRequired: true),
    .init(
      "run",
      .object([
        .init("id", .string, isRequired: true), .init("tool_version", .string, isRequired: true),
        .init("command", .string, isRequired: true), .init("plan_hash", .string),
        .init("started_at", .string, isRequired: true), .init("finished_at", .string), .init("time_zone", .string),
        .init("wall_ms", .count), .init("host", .string),
      ]), isRequired: true),
    .init("source", store), .init("targets", .array(store)), .init("outcome", outcome), .init("verdict", verdict),
    .init("downtime", downtime),
    .init("phases", .array(phase)), .init("conservation", .array(conservation)), .init("ledger", ledger),
    .init("checks", .array(check)), .init("encodings", .array(encoding)), .init("deltas", deltas),
    .init("capacity", capacity), .init("impact", impact), .init("verification", .array(verification)),
    .init("run_sheet", runSheet), .init("environment", environment), .init("comparison", comparison),
    .init(
      "warnings",
      .array(
        .object([.init("code", .string), .init("text", wording, isRequired: true)]))),
  ])

  private static let wording = Shape.object([
    .init("en", .string, isRequired: true), .init("zh_hans", .string), .init("code", .string),
    .init("parameters", .array(.string)),
  ])

  private static let text = Shape.object([
    // 64 bytes are 88 characters in Base64.
    .init("b64", .pattern("^[A-Za-z0-9+/]{0,88}={0,2}$"), isRequired: true),
    .init("total_bytes", .count, isRequired: true),
  ])

  private static let store = Shape.object([
    .init("name", .string, isRequired: true), .init("product", .string), .init("product_version", .string),
    .init("engine", .string), .init("fingerprint", .string), .init("role", .string), .init("notes", .count),
  ])

  private static let outcome = Shape.object([
    .init("word", .oneOf(OutcomeRecord.Word.allCases.map(\.rawValue)), isRequired: true),
    .init("service", .oneOf(OutcomeRecord.Service.allCases.map(\.rawValue)), isRequired: true),
    .init("reason", wording), .init("next", .array(.string)),
  ])

  private static let verdict = Shape.object([
    .init("word", .oneOf(Verdict.Word.allCases.map(\.rawValue)), isRequired: true),
    .init("grade", .oneOf(Verdict.Grade.allCases.map(\.rawValue))),
    .init("reasons", .array(wording), isRequired: true), .init("blockers", .array(wording)),
    .init(
      "levers",
      .array(
        .object([
          .init("action", wording, isRequired: true), .init("gain_ms", .integer),
          .init("command", .string),
        ]))), .init("next", .array(.string)), .init("approvals_needed", .count), .init("exit_code", .count),
    .init(
      "evidence",
      .object([
        .init("runs", .count), .init("scale_ratio", .number), .init("age_ms", .count),
        .init("expires_at", .string),
      ])),
  ])

  private static let downtime = Shape.object([
    .init("p50_ms", .count), .init("p90_ms", .count), .init("budget_ms", .count), .init("rollback_reserve_ms", .count),
    .init("margin_ms", .integer), .init("actual_ms", .count), .init("basis", wording),
    .init(
      "terms",
      .array(
        .object([
          .init("name", .string, isRequired: true), .init("p50_ms", .count), .init("p90_ms", .count),
          .init("worst_ms", .count), .init("samples", .count), .init("basis", wording),
        ]))),
  ])

  private static let phase = Shape.object([
    .init("name", .string, isRequired: true), .init("number", .count), .init("start_ms", .count),
    .init("wall_ms", .count), .init("items", .count),
    .init("bytes", .count), .init("source_frozen", .boolean, isRequired: true), .init("critical", .boolean),
    .init("simulated", .boolean),
  ])

  private static let conservation = Shape.object(
    [.init("kind", .string, isRequired: true)]
      + ["source", "identical", "repaired", "adapted", "degraded", "quarantined", "skipped_by_rule", "missing"].map {
        .init($0, .count, isRequired: true)
      })

  private static let ledger = Shape.object([
    .init("limit", .count, isRequired: true), .init("total", .count, isRequired: true),
    .init(
      "entries",
      .array(
        .object([
          .init("item", .string, isRequired: true), .init("kind", .string, isRequired: true),
          .init("outcome", .oneOf(LedgerEntry.Outcome.allCases.map(\.rawValue)), isRequired: true),
          .init("reason", .string, isRequired: true), .init("field", .string), .init("offset_bytes", .count),
          .init("title", text), .init("before", text), .init("after", text), .init("reversible", .boolean),
        ])), isRequired: true),
    .init(
      "reasons",
      .array(
        .object([
          .init("reason", .string, isRequired: true), .init("count", .count, isRequired: true), .init("means", wording),
        ])), isRequired: true),
    .init("file", .string), .init("file_sha256", .string),
  ])

  private static let check = Shape.object([
    .init("id", .string, isRequired: true), .init("title", wording),
    .init("result", .oneOf(CheckRecord.Result.allCases.map(\.rawValue)), isRequired: true),
    .init("purpose", wording, isRequired: true), .init("recommended", wording), .init("actual", wording),
    .init("fix", .array(wording)),
    .init("since_last", .oneOf(CheckRecord.Change.allCases.map(\.rawValue))),
  ])

  private static let encoding = Shape.object([
    .init("encoding", .string, isRequired: true), .init("rule", .string), .init("items", .count, isRequired: true),
    .init("repaired", .count), .init("reversible", .boolean),
    .init(
      "samples",
      .array(
        .object([
          .init("item", .string, isRequired: true), .init("before", text, isRequired: true), .init("after", text),
        ]))),
  ])

  private static let deltas = Shape.object([
    .init(
      "passes",
      .array(
        .object([
          .init("number", .count, isRequired: true), .init("wall_ms", .count), .init("scanned_items", .count),
          .init("changed_items", .count), .init("deleted_items", .count), .init("bytes", .count),
          .init("items_per_s", .number), .init("bytes_per_s", .number),
        ])), isRequired: true), .init("changed_items_per_s", .number), .init("caught_up_items_per_s", .number),
    .init("changed_bytes_per_s", .number), .init("caught_up_bytes_per_s", .number), .init("converged", .boolean),
    .init("stop_rule", wording), .init("bottleneck", wording),
  ])

  private static let capacity = Shape.object([
    .init(
      "volumes",
      .array(
        .object([
          .init("name", .string, isRequired: true), .init("total_bytes", .count), .init("used_bytes", .count),
          .init("peak_bytes", .count), .init("after_bytes", .count), .init("floor_bytes", .count),
        ])), isRequired: true)
  ])

  private static let impact = Shape.object([
    .init("write", latency), .init("read", latency), .init("wal_growth_bytes", .count),
    .init("wal_budget_bytes", .count),
    .init(
      "throttle",
      .array(.object([.init("reason", .string, isRequired: true), .init("wall_ms", .count, isRequired: true)]))),
    .init("footprint", .array(wording)),
  ])

  private static let latency = Shape.object([
    .init("p50_before_ms", .number), .init("p50_during_ms", .number), .init("p99_before_ms", .number),
    .init("p99_during_ms", .number), .init("samples", .count),
  ])

  private static let verification = Shape.object([
    .init("subject", wording, isRequired: true), .init("node", .string),
    .init("method", .oneOf(VerificationRecord.Method.allCases.map(\.rawValue)), isRequired: true),
    .init("checked_items", .count), .init("total_items", .count), .init("differences", .count),
    .init("not_compared", wording),
  ])

  private static let runSheet = Shape.object([
    .init("time_zone", .string),
    .init(
      "steps",
      .array(
        .object([
          .init("offset_ms", .integer), .init("clock", .string), .init("action", wording, isRequired: true),
          .init("command", .string), .init("who", .string), .init("abort", wording),
          .init("point_of_no_return", .boolean),
        ])), isRequired: true),
  ])

  private static let environment = Shape.object([
    .init("system", .string), .init("processor", .string), .init("cores", .count), .init("memory_bytes", .count),
    .init(
      "settings",
      .array(
        .object([
          .init("name", .string, isRequired: true), .init("value", .string, isRequired: true), .init("origin", .string),
        ]))),
  ])

  private static let comparison = Shape.object([
    .init("run_id", .string, isRequired: true), .init("same_plan", .boolean),
    .init(
      "changes",
      .array(
        .object([
          .init("metric", .string, isRequired: true), .init("before", .number, isRequired: true),
          .init("now", .number, isRequired: true), .init("regression", .boolean),
        ])), isRequired: true), .init("new_items", .count), .init("still_items", .count),
    .init("fixed_items", .count),
  ])
}

/// The form of one value of a report.
indirect enum Shape: Sendable {
  case string, boolean, number, integer
  /// A whole number that is not below 0.
  case count
  case pattern(String)
  case oneOf([String])
  case array(Shape)
  case object([Member])

  struct Member: Sendable {
    var name: String
    var shape: Shape
    var isRequired: Bool

    init(_ name: String, _ shape: Shape, isRequired: Bool = false) {
      self.name = name
      self.shape = shape
      self.isRequired = isRequired
    }
  }

  var json: JSONValue {
    func type(_ name: String, _ more: [JSONValue.Member] = []) -> JSONValue {
      .object([.init("type", .text(name))] + more)
    }
    switch self {
    case .string: return type("string")
    case .boolean: return type("boolean")
    case .number: return type("number")
    case .integer: return type("integer")
    case .count: return type("integer", [.init("minimum", .integer(0))])
    case .pattern(let pattern): return type("string", [.init("pattern", .text(pattern))])
    case .oneOf(let words): return type("string", [.init("enum", .array(words.map { .text($0) }))])
    case .array(let element): return type("array", [.init("items", element.json)])
    case .object(let members):
      return type(
        "object",
        [
          .init("required", .array(members.filter(\.isRequired).map { .text($0.name) })),
          .init("properties", .object(members.map { .init($0.name, $0.shape.json) })),
        ])
    }
  }
}
