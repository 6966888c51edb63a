import DurableIO
import NoteArchive
import NoteModel

/// The findings of an archive's segments that are still true of the newest state.
///
/// A finding about a row counts where the newest state of the row is in the segment that told it; one about the store
/// where that is the newest segment. Memory: `limit` findings of one entity; where there are more, those beyond it are told
/// without looking at their rows.
struct ArchivedFindings {
  static let limit = 200_000

  private let segments: [(path: String, digest: DigestAlgorithm)]

  init(_ segments: [(path: String, digest: DigestAlgorithm)]) { self.segments = segments }

  /// Those about no row, from the newest segment.
  func ofStore() throws -> [Finding] {
    var found: [Finding] = []
    try read(segments.count - 1) { if $0.key.isEmpty, $0.kind != .snapshotRenewed { found.append($0) } }
    return found
  }

  /// Those about rows of an entity, by segment and key, and those beyond the limit.
  func of(_ entity: String) throws -> (rows: [Place: [Finding]], others: [Finding]) {
    var rows: [Place: [Finding]] = [:]
    var others: [Finding] = []
    var count = 0
    for index in segments.indices {
      try read(index) { finding in
        guard finding.entity == entity, !finding.key.isEmpty else { return }
        count += 1
        if count <= Self.limit {
          rows[Place(segment: index, key: finding.key), default: []].append(finding)
        } else {
          others.append(finding)
        }
      }
    }
    return (rows, others)
  }

  struct Place: Hashable {
    var segment: Int
    var key: String
  }

  private func read(_ index: Int, _ body: @escaping (Finding) -> Void) throws {
    let scanner = try TarScanner(file: File.read(segments[index].path))
    while let member = try scanner.next() {
      let name = member.name.utf8.dropFirst((scanner.root?.utf8.count ?? -1) + 1)
      guard name.elementsEqual(SegmentLayout.findings.utf8) else { continue }
      let check = FindingsCheck { if let finding = Finding(json: $0) { body(finding) } }
      let room = GrowingBuffer(capacity: 256 << 10)
      var left = member.byteCount
      while left > 0 {
        room.removeAll()
        try room.appendUninitialized(Int(min(left, 256 << 10))) { try scanner.read(into: $0) }
        guard room.count > 0 else { break }
        left -= Int64(room.count)
        try check.append(room.bytes)
      }
      return try check.end()
    }
  }
}

extension Finding {
  /// Reads a finding of an archive; nil for one of a kind that is not known here.
  init?(json: JSONValue) {
    guard let kind = json["kind"]?.string.flatMap(Kind.init),
      let severity = json["severity"]?.string.flatMap(Severity.init),
      let entity = json["entity"]?.string
    else { return nil }
    self.init(
      kind, severity, entity: entity, key: json["key"]?.string ?? "", column: json["column"]?.string ?? "",
      explanation: json["explanation"]?.string ?? "")
  }
}
