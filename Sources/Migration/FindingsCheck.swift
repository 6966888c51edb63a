import NoteArchive
import NoteModel

/// Reads the findings of an archive as their bytes come, frame by frame, and counts them by kind and severity.
///
/// Memory: one frame of at most 2 MiB and its text of at most 2 MiB.
final class FindingsCheck {
  private static let frameLimit = 2 << 20
  private let decompressor = ZstdDecompressor()
  private let pending = GrowingBuffer(capacity: 64 << 10)
  private let text = GrowingBuffer(capacity: 64 << 10)
  private var counts: [String: Int64] = [:]
  private let found: (JSONValue) throws -> Void

  /// - Parameter found: Gets each finding.
  init(found: @escaping (JSONValue) throws -> Void = { _ in }) { self.found = found }

  /// - Throws: `.archiveDamaged` for what is not findings in frames.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    pending.append(bytes)
    try readFrames()
    guard pending.count <= Self.frameLimit else { throw damaged("a frame is longer than any can be") }
  }

  private func readFrames() throws {
    var start = 0
    while let length = decompressor.frameLength(pending.slice(start..<pending.count)) {
      text.removeAll()
      try decompressor.decompress(pending.slice(start..<start + length), into: text, limit: Self.frameLimit)
      for line in text.bytes.split(separator: UInt8(ascii: "\n")) {
        guard let value = try? JSONReader.parse(UnsafeRawBufferPointer(rebasing: line)),
          let kind = value["kind"]?.string, let severity = value["severity"]?.string, value["entity"]?.string != nil
        else { throw damaged("a line is not a finding") }
        counts["\(kind) \(severity)", default: 0] += 1
        try found(value)
      }
      start += length
    }
    let rest = Array(pending.slice(start..<pending.count))
    pending.removeAll()
    pending.append(rest)
  }

  /// - Throws: `.archiveDamaged` when a frame is incomplete.
  func end() throws { if pending.count > 0 { throw damaged("a frame is incomplete") } }

  func agrees(with summary: SegmentSummary) -> Bool {
    var said: [String: Int64] = [:]
    for finding in summary.findings { said["\(finding.kind) \(finding.severity)", default: 0] += finding.count }
    return said == counts
  }

  private func damaged(_ cause: String) -> MigrationError {
    MigrationError(
      .archiveDamaged, "the archive is damaged", cause: "\(SegmentLayout.findings): \(cause)",
      safeNow: "the archive was not changed", next: ["fetch the archive again from where it was made"])
  }
}
