import DurableIO
import Migration
import NoteModel
import NoteRepair
import Testing

/// What a base taught about its texts, kept for the deltas behind it.
@Suite struct KeptEvidenceTests {
  /// What is done with the file before the delta comes.
  enum Fate: CaseIterable { case kept, removed, cutOff, changed, replaced }

  /// "V rozpravě" in Windows-1250, where the bytes alone leave open which letter ends it.
  private static let doubtful: [UInt8] = Array("V rozprav".utf8) + [0xEC]

  /// Czech in UTF-8, and in Windows-1250.
  private static let clean = "Příliš žluťoučký kůň úpěl ďábelské ódy v rozpravě o řece, kterou nikdo neviděl."
  private static let damaged: [UInt8] = clean.unicodeScalars.map { scalar in
    let letters: [Unicode.Scalar: UInt8] = [
      "ř": 0xF8, "í": 0xED, "š": 0x9A, "ž": 0x9E, "ť": 0x9D, "č": 0xE8, "ý": 0xFD, "ů": 0xF9, "ň": 0xF2, "ú": 0xFA,
      "ě": 0xEC, "ď": 0xEF, "á": 0xE1, "é": 0xE9, "ó": 0xF3,
    ]
    return letters[scalar] ?? UInt8(scalar.value)
  }

  private static func insert(_ text: [UInt8], _ number: Int, into database: Database) throws {
    let digits = text.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    try database.run(
      "INSERT INTO memo (uid, creator_id, content) VALUES ('czech\(number)', 1, CAST(x'\(digits)' AS TEXT))")
  }

  /// Of a store that writes in French, and often the misread word.
  private static var misled: StoreEvidence {
    var evidence = StoreEvidence()
    let french: [UInt8] =
      Array("L'".utf8) + [0xE9, 0x74, 0xE9] + Array(" derni".utf8) + [0xE8]
      + Array("re, la for".utf8) + [0xEA] + Array("t ".utf8) + [0xE9] + Array("tait tr".utf8) + [0xE8, 0x73]
      + Array(" belle et le caf".utf8) + [0xE9] + Array(" o".utf8) + [0xF9] + Array(" nous allions aussi.".utf8)
    for _ in 0..<400 {
      Array("V rozpravì".utf8).withUnsafeBufferPointer { evidence.learn($0) }
      evidence.learn(RepairEngine().repair(french, context: RepairContext(kind: .body)), kind: .body)
    }
    return evidence
  }

  private static func evidenceFiles(_ bench: Workbench) throws -> [String] {
    try Folder.names(in: bench.file("state")).filter { $0.hasPrefix("evidence-") }.map { bench.file("state/" + $0) }
  }

  /// What the doubtful text of a delta became.
  private func repaired(_ fate: Fate) throws -> String {
    let bench = try Workbench()
    let store = try SmallStore.make(in: bench.path, isLarge: false)
    let database = try Database(store.path)
    for number in 0..<80 {
      try Self.insert(number < 40 ? Array(Self.clean.utf8) : Self.damaged, number, into: database)
    }
    let archive = bench.file("archive")
    _ = try bench.export(store)
    #expect(try bench.imported(archive, keepsOpen: true).isHeld)
    let path = try #require(try Self.evidenceFiles(bench).first)
    var bytes = try Workbench.read(path)
    switch fate {
    case .kept: break
    case .removed: try Folder.remove(path)
    case .cutOff: _ = try bytes.prefix(100).withUnsafeBytes { try File.write(path, truncate: true).write($0) }
    case .changed:
      bytes[bytes.count / 2] ^= 1
      try bytes.withUnsafeBytes { try File.write(path, truncate: true).write($0) }
    case .replaced:
      bytes = Self.misled.bytes
      bytes += bytes.withUnsafeBytes { Digest.checksum(.sha256, $0) }.bytes
      try bytes.withUnsafeBytes { try File.write(path, truncate: true).write($0) }
    }
    try Self.insert(Self.doubtful, 100, into: database)
    _ = try bench.export(store)
    #expect(try bench.imported(archive, goesOn: true).isApproved)
    #expect(try Self.evidenceFiles(bench) == [], "a target in service needs none")
    return try Database(bench.target.path).column("SELECT content FROM memo WHERE uid = 'czech100'").joined()
  }

  @Test func `a repair comes out alike, whether the lesson is remembered or repeated`() throws {
    let kept = try repaired(.kept)
    #expect(kept == "V rozpravě")
    for fate in [Fate.removed, .cutOff, .changed] { #expect(try repaired(fate) == kept, "\(fate)") }
  }

  @Test func `what is remembered is what repairs`() throws {
    #expect(try repaired(.replaced) != "V rozpravě", "another lesson tells another letter")
  }

  @Test func `evidence is the same behind its bytes, and other bytes are none`() throws {
    var evidence = StoreEvidence()
    for _ in 0..<40 {
      Array(Self.clean.utf8).withUnsafeBufferPointer { evidence.learn($0) }
      let repair = RepairEngine().repair(Self.damaged, context: RepairContext(kind: .title))
      evidence.learn(repair, kind: .title)
    }
    let again = try #require(StoreEvidence(bytes: evidence.bytes))
    #expect(again.bytes == evidence.bytes && evidence.bytes != StoreEvidence().bytes)
    let (first, second) = (RepairEngine(evidence: evidence), RepairEngine(evidence: again))
    let context = RepairContext(kind: .title)
    #expect(first.repair(Self.doubtful, context: context).text == second.repair(Self.doubtful, context: context).text)
    #expect(StoreEvidence(bytes: Array(evidence.bytes.dropLast())) == nil)
  }
}
