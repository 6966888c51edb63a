import DurableIO
import NoteModel

/// What a journal says of its run, for whoever only looks.
public struct RunLook: Sendable {
  public var header: CutoverJournal.Header
  public var entries: [CutoverJournal.Entry]

  public var state: CutoverState { entries.last?.state ?? .idle }
  public var since: Timestamp? { entries.last?.time }

  /// When the way forward ends; `nil` where users are not frozen.
  public var forwardUntil: Timestamp? {
    guard state.isFrozen else { return nil }
    return entries.last { $0.event == .confirmed }?.details.first { $0.name == "forward_until" }
      .flatMap { Timestamp(rfc3339: $0.value) }
  }

  /// How long users could not write: from the last confirmation to the switch, or to the source's release.
  public var frozenTime: Duration? {
    guard let start = entries.last(where: { $0.event == .confirmed })?.time,
      let end = entries.last(where: { $0.event == .switchDone || $0.event == .sourceReleased })?.time,
      end.milliseconds >= start.milliseconds
    else { return nil }
    return .milliseconds(end.milliseconds - start.milliseconds)
  }

  public var lastDelta: Duration? {
    entries.last { $0.event == .converged }?.details.first { $0.name == "last_ms" }.flatMap { Int64($0.value) }
      .map { .milliseconds($0) }
  }

  /// Why it was given up.
  public var reason: String? {
    guard let entry = entries.last(where: { $0.event == .givenUp }) else { return nil }
    let texts = ["reason", "cause"].compactMap { name in entry.details.first { $0.name == name }?.value }
    return texts.filter { !$0.isEmpty }.joined(separator: ": ")
  }
}
