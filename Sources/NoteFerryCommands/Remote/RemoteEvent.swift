import Migration
import NoteModel

extension RunEvent {
  /// What a line of another machine's event log tells; nil for lines about that process itself.
  ///
  /// - Parameter node: The node of a pair that the line is about; else empty.
  init?(_ line: JSONValue, node: String = "") {
    guard let type = line["type"]?.string.flatMap(EventType.init) else { return nil }
    func number(_ name: String) -> Int64 { line[name]?.integer ?? 0 }
    let phase = (line["name"] ?? line["phase"])?.string.flatMap(PhaseName.init)
    switch type {
    case .phaseStarted:
      guard let phase else { return nil }
      self = .phaseStarted(
        .init(
          name: phase, index: Int(number("index")), of: Int(number("of")), totalItems: line["total_items"]?.integer,
          totalBytes: line["total_bytes"]?.integer, node: node))
    case .progress:
      guard let phase else { return nil }
      self = .progress(
        .init(
          phase: phase, doneItems: number("done_items"), totalItems: line["total_items"]?.integer,
          doneBytes: number("done_bytes"), totalBytes: line["total_bytes"]?.integer, notes: number("notes"),
          losses: number("losses"), warnings: number("warnings"), throttledBy: line["throttled_by"]?.string))
    case .phaseFinished:
      guard let phase else { return nil }
      self = .phaseFinished(
        .init(
          name: phase, wall: .milliseconds(number("wall_ms")), items: number("items"), bytes: number("bytes"),
          node: node))
    case .item:
      guard let kind = line["reason"]?.string.flatMap(Finding.Kind.init),
        let severity = line["severity"]?.string.flatMap(Finding.Severity.init), let entity = line["entity"]?.string
      else { return nil }
      self = .finding(
        Finding(
          kind, severity, entity: entity, key: String((line["item"]?.string ?? "").dropFirst(entity.count)),
          column: line["field"]?.string ?? "", explanation: line["text"]?.string ?? ""))
    case .checkpoint: self = .checkpoint(id: line["id"]?.string ?? "", bytes: number("bytes_state"))
    case .notice:
      self = .notice(
        level: line["level"]?.string == "warn" ? .warn : .info, code: line["code"]?.string ?? "",
        text: line["text"]?.string ?? "", next: (line["next"]?.array ?? []).compactMap(\.string))
    default: return nil
    }
  }
}
