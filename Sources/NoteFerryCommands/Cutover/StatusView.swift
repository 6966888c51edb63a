import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore

/// Where a cutover stands, for people and for programs.
enum StatusView {
  static func words(_ side: ServiceSide) -> String {
    switch side {
    case .source: "the source is in service"
    case .target: "the target is in service"
    case .neither: "neither side takes writes; readers have the source"
    case .asTheFencesSay: "users cannot write until the fence of the source is dropped or expires"
    }
  }

  static func members(_ folder: RunFolder, _ look: RunLook, fence: FenceStatus?) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("run", .text(folder.run)), .init("plan_hash", .text(look.header.plan)),
      .init("state", .text(look.state.rawValue)), .init("service", .text(service(look.state, fence).word)),
      .init("source", .text(look.header.source)), .init("targets", .array(look.header.targets.map { .text($0) })),
      .init("archive", .text(folder.archive)), .init("folder", .text(folder.path)),
    ]
    if let since = look.since { members.append(.init("since", .text(since.rfc3339))) }
    if let end = look.forwardUntil { members.append(.init("forward_until", .text(end.rfc3339))) }
    if let fence { members.append(.init("fence", .text(word(fence)))) }
    if let time = look.frozenTime { members.append(.init("frozen_ms", .integer(Int64(time.seconds * 1000)))) }
    if let likely = folder.likely { members.append(.init("likely_ms", .integer(Int64(likely.seconds * 1000)))) }
    if let worst = folder.atWorst { members.append(.init("at_worst_ms", .integer(Int64(worst.seconds * 1000)))) }
    if let rows = look.entries.lateRows { members.append(.init("late_rows", .integer(rows))) }
    if let reason = look.reason { members.append(.init("reason", .text(SafeText(reason).text))) }
    return members
  }

  /// Which side takes writes: the journal's word, and where that leaves it to the fence, the fence's.
  static func service(_ state: CutoverState, _ fence: FenceStatus?) -> ServiceSide {
    guard state.service == .asTheFencesSay, let fence else { return state.service }
    return fence.holds ? .neither : .source
  }

  static func word(_ fence: FenceStatus) -> String {
    switch fence {
    case .none: "none"
    case .raised: "raised"
    case .expired: "expired"
    case .sealed: "sealed"
    }
  }
}
