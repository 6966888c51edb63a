import DurableIO
import NoteArchive
import NoteModel
import Testing

/// Numbers that no honest writer makes.
struct NumberTests {
  private static let description = SegmentDescription(
    kind: .base, toolVersion: "0.0.0", id: "00", created: "2026-01-01T00:00:00.000Z", algorithm: .sha256,
    fingerprint: "ff", secretsIncluded: false, sourceCounts: [("note", 17)], expectedBytes: 19)
  private static let summary = SegmentSummary(
    isFuzzy: false, renewals: 0,
    entities: [.init(entity: "note", role: .note, sourceRows: 17, rows: 17, degradedRows: 17, pages: 17)],
    findings: [.init(kind: "x", severity: "info", count: 17)])

  static let impossible = ["-1", "9223372036854775807", "8796093022209", "1.5", "null"]

  @Test(arguments: impossible)
  func `a description with an impossible number is refused`(number: String) throws {
    let text = String(decoding: Self.description.encoded, as: UTF8.self)
    for member in ["\"note\":17", "\"expected_bytes\":19"] {
      // More bytes than rows are possible.
      if number == "8796093022209", member.contains("bytes") { continue }
      let changed = replacing(member, by: number, in: text)
      let error = #expect(throws: MigrationError.self) {
        _ = try Array(changed.utf8).withUnsafeBytes { try SegmentDescription(decoding: $0) }
      }
      #expect(error?.code == .archiveDamaged)
    }
  }

  @Test(arguments: impossible)
  func `a summary with an impossible number is refused`(number: String) throws {
    let text = Self.summary.json.text
    for name in ["source_rows", "rows", "degraded_rows", "pages", "count"] {
      let changed = replacing("\"\(name)\":17", by: number, in: text)
      #expect(SegmentSummary(try JSONReader.parse(Array(changed.utf8))) == nil, "\(name)")
    }
    #expect(SegmentSummary(try JSONReader.parse(Array(text.utf8))) == Self.summary)
  }

  @Test func `a journal with an impossible number is none, and its checkpoints end in front of it`() throws {
    let header = SegmentJournal.Header(
      id: "00", created: Timestamp(milliseconds: 1), algorithm: .sha256, fingerprint: "ff", secretsIncluded: false,
      expectedBytes: 19, identity: "", sourceCounts: [("note", 17)])
    try withScratch { directory in
      let path = directory + "/journal"
      let journal = try SegmentJournal(path, header: header)
      try journal.append(
        SegmentJournal.Checkpoint(position: .init(), entity: "note", key: nil, summary: Self.summary))
      let room = GrowingBuffer(capacity: 4096)
      try room.appendUninitialized(4096) { try File.read(path).read(into: $0) }
      let whole = String(decoding: room.bytes, as: UTF8.self)
      for (member, isHeader) in [("\"created_ms\":1", true), ("\"note\":17", true), ("\"offset\":0", false)] {
        try write(Array(replacing(member, by: "-9223372036854775808", in: whole).utf8), to: path)
        let found = try SegmentJournal.resume(path)
        #expect((found == nil) == isHeader && found?.2 == nil, "\(member)")
      }
    }
  }

  /// Replaces the number of a member: `"rows":17` → `"rows":-1`.
  private func replacing(_ member: String, by number: String, in text: String) -> String {
    let name = member[...member.lastIndex(of: ":")!]
    return text.split(separator: member, omittingEmptySubsequences: false).joined(separator: name + number)
  }
}
