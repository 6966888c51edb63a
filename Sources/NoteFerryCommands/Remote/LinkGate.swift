import DurableIO
import Migration
import NoteModel
import RemoteLink

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Lets an import on this machine end only when its whole segment has come, and as a node of a pair when the caller says.
///
/// A line that is cut looks like the end of the segment. An import that salvages could take that for the end of a damaged
/// archive and call the rest lost; behind this gate it cannot.
final class LinkGate: ImportGate {
  private struct State {
    var hasAll = false
    var isLost = false
    var answer: Bool?
  }

  private let writer: LinkWriter
  private let state = Monitor(State())

  init(_ writer: LinkWriter) { self.writer = writer }

  func endOfData() { state.change { $0.hasAll = true } }
  func linkLost() { state.change { $0.isLost = true } }
  func answer(_ go: Bool) { state.change { $0.answer = go } }

  func prepared() { try? writer.send(.gate, #"{"step":"prepared"}"#) }

  func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) throws -> Bool {
    drain()
    guard state.wait(while: { !$0.hasAll && !$0.isLost }, then: { $0.hasAll }) == true else { return false }
    var members: [JSONValue.Member] = [.init("step", .text("proven")), .init("proven", .bool(isProven))]
    if let sums {
      members.append(.init("expected", .text(sums.expected.description)))
      members.append(.init("extra", .text(sums.extra.description)))
    }
    try writer.send(.gate, JSONValue.object(members).text)
    return state.wait(while: { $0.answer == nil && !$0.isLost }, then: { $0.answer ?? false }) ?? false
  }

  /// Takes what stands behind the segment's end, so that the end of the data is reached.
  private func drain() {
    var room = [UInt8](repeating: 0, count: 4096)
    while retrying({ read(0, &room, room.count) }) > 0 {}
  }
}
