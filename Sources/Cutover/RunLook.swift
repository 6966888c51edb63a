import DurableIO
import NoteModel

/// What a journal says of its run, for whoever only looks.
public struct RunLook: Sendable {
  public var header: CutoverJournal.Header
  public var entries: [CutoverJournal.Entry]

  public init(header: CutoverJournal.Header, entries: [CutoverJournal.Entry]) {
    self.header = header
    self.entries = entries
  }

  public var state: CutoverState { entries.last?.state ?? .idle }
  public var since: Timestamp? { entries.last?.time }

  /// When the way forward ends; `nil` where users are not frozen.
  public var forwardUntil: Timestamp? {
    guard state.isFrozen else { return nil }
    return entries.last { $0.event == .confirmed }?.details.first { $0.name == "forward_until" }
      .flatMap { Timestamp(rfc3339: $0.value) }
  }

  /// How long users could not write in all: from the confirmation to the switch or the source's release, and on a way back
  /// from the switch. `nil` where they were never frozen.
  public var frozenTime: Duration? {
    var sum: Int64?
    var start: Int64?
    for entry in entries {
      let time = entry.time.milliseconds
      switch entry.event {
      case .confirmed: start = time
      case .givenUp where entry.state == .returning: start = start ?? time
      case .switchDone, .sourceReleased:
        if let begin = start { sum = (sum ?? 0) + max(0, time - begin) }
        start = nil
      default: break
      }
    }
    return sum.map { .milliseconds($0) }
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
