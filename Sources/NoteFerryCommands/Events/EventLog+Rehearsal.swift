import Migration
import NoteModel

// The events of a rehearsal.
extension EventLog {
  static func members(of pass: RehearsedPass) -> [JSONValue.Member] {
    [
      .init("pass", .integer(Int64(pass.number))), .init("changed_items", .integer(pass.changed)),
      .init("deleted_items", .integer(pass.deleted)), .init("changed_bytes", .integer(pass.bytes)),
      .init("wall_ms", .integer(pass.wall.milliseconds)), .init("glance", .bool(pass.isGlance)),
    ]
  }

  static func members(of verdict: RehearsalVerdict) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("verdict", .text(verdict.word.reportWord.rawValue)), .init("grade", .text(verdict.grade.rawValue)),
      .init("reasons", .array(verdict.reasons.map { .text(SafeText($0.english).text) })),
    ]
    if let median = verdict.median { members.append(.init("downtime_p50_ms", .integer(median.milliseconds))) }
    if let p90 = verdict.p90 { members.append(.init("downtime_p90_ms", .integer(p90.milliseconds))) }
    if let margin = verdict.margin { members.append(.init("margin_ms", .integer(margin.milliseconds))) }
    return members + [.init("levers", .array(verdict.levers.map { .text(SafeText($0.action.english).text) }))]
  }
}
