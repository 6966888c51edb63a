import Foundation
import NoteArchive
import NoteModel
import NoteStore
import Testing

struct TopologyTests {
  private func description(_ topology: SourceTopology?) -> SegmentDescription {
    SegmentDescription(
      kind: .base, toolVersion: "1", id: "0", created: "", algorithm: .sha256, fingerprint: "", secretsIncluded: false,
      sourceCounts: [("note", 1)], expectedBytes: 1, topology: topology)
  }

  private func decoded(_ text: [UInt8]) throws -> SegmentDescription {
    try text.withUnsafeBytes { try SegmentDescription(decoding: $0) }
  }

  private static let dual = SourceTopology(
    nodes: [
      .init(label: "A", role: .primary, engine: "sqlite"), .init(label: "B", role: .standby, engine: "postgresql"),
    ], read: "B", differences: 3, ownRows: [.init(entity: "node_setting", column: "node", values: ["a", "b"])])

  @Test func `the nodes of a source stand in the description`() throws {
    #expect(try decoded(description(Self.dual).encoded).topology == Self.dual)
  }

  @Test func `a description without nodes is read`() throws {
    #expect(try decoded(description(nil).encoded).topology == nil)
  }

  @Test(arguments: [
    "\"read\":\"C\"", "\"read\":null", "\"nodes_differ\":-1", "\"node_scoped\":[{}]", "\"node\":\"A\"",
    "\"role\":\"boss\"",
  ])
  func `nodes that cannot be are damage`(_ part: String) throws {
    var text = String(decoding: description(Self.dual).encoded, as: UTF8.self)
    let name = part.split(separator: ":")[0] + ":"
    // Of a member that stands twice the last one: the standby's.
    let start = try #require(text.range(of: String(name), options: .backwards))
    let end = text[start.upperBound...].firstIndex { ",]}".contains($0) }!
    let isList = text[start.upperBound] == "["
    let close = isList ? text.index(after: text[start.upperBound...].lastIndex(of: "]")!) : end
    text.replaceSubrange(start.lowerBound..<close, with: part)
    #expect(throws: MigrationError.self) { _ = try decoded(Array(text.utf8)) }
  }
}
