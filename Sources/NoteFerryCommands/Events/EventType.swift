/// The types of events, version 1.
enum EventType: String, CaseIterable, Sendable {
  case runStarted = "run.started"
  case phaseStarted = "phase.started"
  case progress
  case phaseFinished = "phase.finished"
  case item
  case check
  case cutoverState = "cutover.state"
  case notice
  case error
  case delta
  case verdict
  case reportWritten = "report.written"
  case checkpoint
  case heartbeat
  case runFinished = "run.finished"

  /// A field of an event.
  struct Field: Sendable {
    enum Kind: String, Sendable { case string, integer, number, boolean, strings }
    var name: String
    var kind: Kind
    var isRequired: Bool
    /// The only values it may have; empty: any.
    var values: [String] = []
  }

  /// What every event has. `prev` is absent in the first line of a run, `phase` outside of phases.
  static let envelope: [Field] = [
    required("v", .integer), required("seq", .integer), required("t", .string), required("run", .string),
    required("type", .string), optional("phase", .string), optional("prev", .string),
  ]

  /// What this type has beside the envelope. A number that is not known is absent.
  var fields: [Field] {
    switch self {
    case .runStarted:
      [
        Self.required("schema", .string), Self.required("tool_version", .string), Self.required("command", .string),
        Self.required("args_redacted", .strings), Self.required("host", .string), Self.required("lang", .string),
      ]
    case .phaseStarted:
      [
        Self.required("name", .string), Self.required("index", .integer), Self.required("of", .integer),
        Self.optional("total_items", .integer), Self.optional("total_bytes", .integer),
        Self.optional("node", .string),
      ]
    case .progress:
      [
        Self.required("done_items", .integer), Self.optional("total_items", .integer),
        Self.required("done_bytes", .integer), Self.optional("total_bytes", .integer),
        Self.optional("rate_items_per_s", .number), Self.optional("rate_bytes_per_s", .number),
        Self.optional("eta_low_ms", .integer), Self.optional("eta_high_ms", .integer),
        Self.required("eta_basis", .string, ["throughput", "none"]), Self.optional("throttled_by", .string),
        Self.required("notes", .integer), Self.required("warnings", .integer), Self.required("losses", .integer),
      ]
    case .phaseFinished:
      [
        Self.required("name", .string), Self.required("wall_ms", .integer), Self.required("items", .integer),
        Self.required("bytes", .integer), Self.required("outcome", .string, ["ok"]),
        Self.optional("node", .string),
      ]
    case .item:
      [
        Self.required("item", .string), Self.required("entity", .string),
        Self.required("severity", .string, ["info", "warning", "loss"]),
        Self.required(
          "outcome", .string,
          ["identical", "repaired", "degraded", "quarantined", "skipped_by_rule", "adapted", "missing"]),
        Self.required("reason", .string), Self.optional("field", .string), Self.required("text", .string),
      ]
    case .check:
      [
        Self.required("id", .string),
        Self.required("result", .string, ["pass", "warn", "block", "not_checked", "not_applicable"]),
        Self.required("name", .string), Self.required("side", .string, ["source", "target", "machine"]),
        Self.required("required", .boolean), Self.required("purpose", .string), Self.required("recommended", .string),
        Self.required("actual", .string), Self.required("fix", .strings), Self.required("wall_ms", .integer),
      ]
    case .cutoverState:
      [
        Self.required("from", .string), Self.required("to", .string), Self.required("event", .string),
        Self.required("service", .string, ["source", "target", "neither", "as_the_fences_say"]),
        Self.optional("reason", .string),
      ]
    case .notice:
      [
        Self.required("level", .string, ["info", "warn"]), Self.required("code", .string),
        Self.required("text", .string), Self.required("next", .strings),
      ]
    case .error:
      [
        Self.required("code", .string), Self.required("text", .string), Self.optional("cause", .string),
        Self.optional("safe_now", .string), Self.required("next", .strings), Self.required("doc", .string),
        Self.required("retryable", .boolean), Self.required("exit_code", .integer),
      ]
    case .delta:
      [
        Self.required("pass", .integer), Self.required("changed_items", .integer),
        Self.required("deleted_items", .integer), Self.required("changed_bytes", .integer),
        Self.required("wall_ms", .integer), Self.optional("glance", .boolean),
      ]
    case .verdict:
      [
        Self.required("verdict", .string, ["go", "go_with_care", "no_go", "unproven"]),
        Self.required("grade", .string, ["perfect", "good", "investigate", "poor"]),
        Self.required("reasons", .strings), Self.optional("downtime_p50_ms", .integer),
        Self.optional("downtime_p90_ms", .integer), Self.optional("margin_ms", .integer),
        Self.required("levers", .strings),
      ]
    case .reportWritten:
      [
        Self.required("format", .string), Self.required("file", .string), Self.required("bytes", .integer),
        Self.required("sha256", .string),
      ]
    case .checkpoint: [Self.required("id", .string), Self.required("bytes_state", .integer)]
    case .heartbeat:
      [
        Self.required("uptime_ms", .integer), Self.optional("rss_bytes", .integer),
        Self.optional("open_files", .integer),
      ]
    case .runFinished:
      [
        Self.required("exit_code", .integer), Self.required("exit_name", .string), Self.required("reasons", .strings),
        Self.required("wall_ms", .integer), Self.required("next", .strings), Self.optional("resume_command", .string),
      ]
    }
  }

  private static func required(_ name: String, _ kind: Field.Kind, _ values: [String] = []) -> Field {
    Field(name: name, kind: kind, isRequired: true, values: values)
  }

  private static func optional(_ name: String, _ kind: Field.Kind) -> Field {
    Field(name: name, kind: kind, isRequired: false)
  }
}
