import DurableIO
import NoteModel

@testable import Migration
@testable import NoteArchive

extension FuzzTarget {
  /// The schema of an archive.
  static let schema: FuzzTarget = FuzzTarget(
    name: "schema", seeds: { [Samples.shared.image.body(SegmentLayout.schema)] },
    words: [
      "\"kind\":\"rowNumber\"", "\"kind\":\"content\"", "\"key\":[]", "\"columns\":[", "\"note\":\"id\"", "\"size\":",
      "\"name\":\"../x\"", "\"sequences\":[{\"table\":\"memo\",\"value\":9223372036854775807}]",
    ],
    longest: 16 << 10,
    check: { input in
      guard let schema = try refusing({ try input.withUnsafeBytes { try SchemaCodec.decode($0) } }) else { return }
      for entity in schema.entities {
        try require(!entity.name.isEmpty && !entity.name.contains("/") && !entity.name.contains("."), "an unsafe name")
        try require(
          !entity.key.isEmpty && entity.key.allSatisfy(entity.columns.indices.contains), "a key without its column")
      }
      // Distinct by their bytes, which a set of texts would not be.
      for entity in schema.entities {
        let names = Set(entity.columns.map { Array($0.name.utf8) })
        try require(names.count == entity.columns.count, "a column stands twice")
      }
      let text = SchemaCodec.encode(schema)
      let back = try text.withUnsafeBytes { try SchemaCodec.decode($0) }
      try require(SchemaCodec.encode(back) == text && back.entities == schema.entities, "a schema does not read back")
    })

  /// `noteferry.json`.
  static let description: FuzzTarget = FuzzTarget(
    name: "description", seeds: { [Samples.shared.image.body(SegmentLayout.description)] },
    words: [
      "\"format\":2", "\"kind\":\"delta\"", "\"parent_seal\":\"\"", "\"source_rows\":{\"a\":9223372036854775807}",
      "null",
    ],
    check: { input in
      let value = try refusing(with: [.archiveDamaged, .archiveVersion]) {
        try input.withUnsafeBytes { try SegmentDescription(decoding: $0) }
      }
      guard let value else { return }
      let back = try value.encoded.withUnsafeBytes { try SegmentDescription(decoding: $0) }
      try require(back == value, "a description does not read back")
    })

  /// `data/summary.json`.
  static let summary: FuzzTarget = FuzzTarget(
    name: "summary", seeds: { [Samples.shared.image.body(SegmentLayout.summary)] },
    words: ["\"fuzzy\":true", "\"entities\":[]", "-1", "\"severity\":\"loss\"", "null"],
    check: { input in
      guard let value = (try? JSONReader.parse(input)).flatMap(SegmentSummary.init) else { return }
      try require(SegmentSummary(value.json) == value, "a summary does not read back")
    })

  /// The journal of an unfinished segment: what is taken up is a beginning of what is there, and stays what it is.
  static let journal: FuzzTarget = FuzzTarget(
    name: "journal", seeds: { [try sampleJournal()] },
    words: [
      "\n", "\"journal\":1", "\"offset\":-1", "\"key\":[{\"f64\":\"7ff8000000000000\"}]", "\"seal\":\"\"",
      "\"summary\":{}",
    ],
    check: { input in
      let path = try FuzzBench.shared.write(input, to: "journal")
      guard let (journal, header, checkpoint) = try SegmentJournal.resume(path) else { return }
      let kept = try FuzzBench.read(path)
      try require(input.starts(with: kept), "a journal that is taken up is not the beginning of what was there")
      guard let (again, header2, checkpoint2) = try SegmentJournal.resume(path) else {
        throw Violation(description: "a journal that was taken up is none any more")
      }
      try require(
        header == header2 && checkpoint?.json == checkpoint2?.json, "a journal taken up twice says something else")
      try require(journal.completion == again.completion, "a journal taken up twice ends otherwise")
      try Shown.check(line: header.created.rfc3339)
      guard let checkpoint else { return }
      try again.append(checkpoint)
      let last = try required(try SegmentJournal.resume(path)?.2, "a checkpoint that was appended is not there")
      try require(last.json == checkpoint.json, "a checkpoint does not read back")
    })

  private static func sampleJournal() throws -> [UInt8] {
    let path = FuzzBench.shared.file("sample-journal")
    let journal = try SegmentJournal(
      path,
      header: .init(
        id: "00", created: Timestamp(milliseconds: 1), algorithm: .sha256, fingerprint: "ff", secretsIncluded: false,
        expectedBytes: 9, identity: "x", sourceCounts: [("memo", 4)]))
    let value = try JSONReader.parse(Samples.shared.image.body(SegmentLayout.summary))
    let summary = try required(SegmentSummary(value), "the program's own summary cannot be read")
    var position = SegmentWriter.Position()
    position.offset = 512
    try journal.append(.init(position: position, entity: "memo", key: Key([.integer(3)]), summary: summary))
    try journal.append(.init(seal: Checksum(.sha256, Array(repeating: 7, count: 32)), byteCount: 9, summary: summary))
    return try FuzzBench.read(path)
  }

  /// The manifest as its comparison gets it: in chunks of any size.
  static let manifest: FuzzTarget = FuzzTarget(
    name: "manifest", seeds: { [Samples.shared.image.body(SegmentLayout.manifest(.sha256))] },
    words: ["  ", "data/", "%0A", "../", "\n\n"],
    check: { input in
      let whole = try compared(input, chunk: max(1, input.count))
      for chunk in [1, 7] {
        try require(try compared(input, chunk: chunk) == whole, "chunks of \(chunk) change the result")
      }
      for difference in whole { try Shown.check(line: difference) }
    })

  private static func compared(_ input: [UInt8], chunk: Int) throws -> [String] {
    let spool = Spool(directory: FuzzBench.shared.file("state"))
    let own = Samples.shared.image.body(SegmentLayout.manifest(.sha256))
    try own.withUnsafeBytes { try spool.append($0) }
    var found: [String] = []
    var comparison = ManifestComparison(spool) { found.append($0) }
    for start in stride(from: 0, to: input.count, by: chunk) {
      try input[start..<min(start + chunk, input.count)].withUnsafeBytes { try comparison.compare($0) }
    }
    try comparison.end()
    try require(input != own || found.isEmpty, "a manifest differs from itself")
    try require(input == own || !found.isEmpty, "another manifest is taken for the same")
    return found
  }

  /// The findings of an archive, in frames, in chunks of any size.
  static let findings: FuzzTarget = FuzzTarget(
    name: "findings",
    seeds: {
      try [Samples.shared.image.body(SegmentLayout.findings), Frames.frame(findingLine) + Frames.frame(findingLine)]
    },
    mutate: { input, dice in
      let text = Frames.text(input) ?? findingLine
      let frame = try Frames.frame(Mutator(words: FuzzTarget.json.words, others: []).changed(text, &dice))
      return dice.below(2) == 0 ? frame : input + frame
    },
    check: { input in
      let whole = try counted(input, chunk: max(1, input.count))
      for chunk in [1, 7] {
        try require(try counted(input, chunk: chunk) == whole, "chunks of \(chunk) change the result")
      }
    })

  private static let findingLine = Array(
    "{\"kind\":\"text-invalid-utf8\",\"severity\":\"info\",\"entity\":\"memo\"}\n".utf8)

  /// Whether the findings can be read, and are none.
  private static func counted(_ input: [UInt8], chunk: Int) throws -> Bool? {
    try refusing(with: [.archiveDamaged, .archiveHostile]) {
      let check = FindingsCheck()
      for start in stride(from: 0, to: input.count, by: chunk) {
        try input[start..<min(start + chunk, input.count)].withUnsafeBytes { try check.append($0) }
      }
      try check.end()
      return check.agrees(with: SegmentSummary(isFuzzy: false, renewals: 0, entities: [], findings: []))
    }
  }
}
