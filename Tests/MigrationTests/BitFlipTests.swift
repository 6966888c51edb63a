import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

/// One bit is turned over in every region of an archive.
@Suite struct BitFlipTests {
  /// What a flipped bit lies in.
  private enum Region { case header, body, padding, end }

  private struct Flip {
    var offset: Int
    var bit: UInt8
    var region: Region
    /// Index of the member; `nil` behind the last.
    var member: Int?
  }

  private let bench: Workbench
  private let store: SmallStore
  private let bytes: [UInt8]
  private let image: ArchiveImage
  private let rows: [ArchiveImage.Row]
  private let isLarge: Bool

  init() throws { try self.init(isLarge: false) }

  private init(isLarge: Bool) throws {
    self.isLarge = isLarge
    bench = try Workbench()
    store = try SmallStore.make(in: bench.file("source"), isLarge: isLarge)
    bytes = try bench.exported(store)
    image = try ArchiveImage(bytes, bench: bench)
    rows = try image.rows()
  }

  private func flips(_ dice: inout Dice, perBody: Int, perHeader: Int) -> [Flip] {
    var flips: [Flip] = []
    func add(_ range: Range<Int>, _ region: Region, _ member: Int?, _ count: Int, _ dice: inout Dice) {
      guard !range.isEmpty else { return }
      for offset in Set([range.lowerBound, range.upperBound - 1]) {
        flips.append(Flip(offset: offset, bit: 1, region: region, member: member))
      }
      for _ in 0..<count {
        let offset = Int.random(in: range, using: &dice)
        flips.append(
          Flip(offset: offset, bit: 1 << UInt8.random(in: 0..<8, using: &dice), region: region, member: member))
      }
    }
    for (index, member) in image.members.enumerated() {
      // The rest of a large archive is as in a small one.
      if isLarge, !member.name.contains("/attachment/") { continue }
      add(member.headerOffset..<member.bodyOffset, .header, index, perHeader, &dice)
      add(member.bodyOffset..<member.bodyEnd, .body, index, perBody, &dice)
      add(member.bodyEnd..<member.end, .padding, index, 1, &dice)
    }
    add(image.members.last!.end..<bytes.count, .end, nil, 8, &dice)
    return flips
  }

  private func withFlipped(_ flip: Flip, _ file: File, _ body: () throws -> Void) throws {
    try file.seek(to: Int64(flip.offset))
    try [bytes[flip.offset] ^ flip.bit].withUnsafeBytes { try file.write($0) }
    try body()
    try file.seek(to: Int64(flip.offset))
    try [bytes[flip.offset]].withUnsafeBytes { try file.write($0) }
  }

  private func words(_ flip: Flip, _ dice: Dice) -> Comment {
    let name = flip.member.map { image.members[$0].name } ?? "the end"
    return "bit \(flip.bit) of byte \(flip.offset), \(flip.region) of \(name), seed \(dice.seed)"
  }

  @Test(arguments: [false, true])
  func `verify notices every flipped bit at both levels`(isLarge: Bool) throws {
    try Self(isLarge: isLarge).verifyFlips()
  }

  private func verifyFlips() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "flip.tar")
    let file = try File.write(path)
    for flip in flips(&dice, perBody: isLarge ? 2 : 4, perHeader: isLarge ? 1 : 4) {
      try withFlipped(flip, file) {
        for level in [VerifyLevel.checksums, .full] {
          do {
            let result = try bench.verified(path, level)
            #expect(!result.isWhole && result.damageCount > 0, "\(level) \(words(flip, dice))")
            if flip.region == .body, let member = flip.member,
              case .content = SegmentLayout.kind(of: image.members[member].name)
            {
              let name = image.members[member].name
              #expect(result.damage.contains { $0.explanation.contains(name) }, "\(level) \(words(flip, dice))")
            }
          } catch let error as MigrationError {
            // Only in the members without which nothing can be read.
            #expect((flip.member ?? 9) < 4, "\(error) \(level) \(words(flip, dice))")
            let codes: [ErrorCode] = [.archiveDamaged, .archiveVersion, .archiveHostile]
            #expect(codes.contains(error.code), "\(error.code) \(words(flip, dice))")
          }
        }
      }
    }
    #expect(try bench.verified(path, .full).isWhole)
  }

  @Test func `no import of an archive with a flipped bit is approved`() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "flip.tar")
    let file = try File.write(path)
    for flip in flips(&dice, perBody: 0, perHeader: 0) {
      let words = words(flip, dice)
      try withFlipped(flip, file) {
        let error = try #require(throws: MigrationError.self, words) { try bench.imported(path) }
        let isHead = (flip.member ?? 9) < 4
        #expect(error.code == .archiveDamaged || isHead && error.exitStatus != .internal, "\(error.code) \(words)")
        guard FileStatus.of(bench.target.path) != nil else { return }
        #expect(try Database(bench.target.path).number("SELECT count(*) FROM noteferry_import") == 1, words)
      }
    }
  }

  @Test(arguments: [false, true])
  func `salvage carries what a flipped bit did not touch and names the rest`(isLarge: Bool) throws {
    try Self(isLarge: isLarge).salvageFlips()
  }

  private func salvageFlips() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "flip.tar")
    let file = try File.write(path)
    for flip in flips(&dice, perBody: 0, perHeader: 0) where (flip.member ?? 9) >= 4 {
      let words = words(flip, dice)
      try withFlipped(flip, file) {
        let result = try bench.imported(path, salvages: true)
        #expect(!result.isApproved && result.isSalvaged && result.damageCount > 0, words)
        var lost: Set<String> = []
        if let member = flip.member, flip.region != .padding {
          lost = Set(rows.filter { $0.needs.contains(member) }.map { $0.entity + $0.key })
        }
        try Salvage(bench: bench, store: store, rows: rows).check(result, mayBeLost: lost, words)
        guard flip.region == .body, let row = rows.first(where: { $0.own == flip.member }) else { return }
        // The attachment that was hit is named, and not carried as if it were whole.
        #expect(lost.contains(row.entity + row.key), words)
        #expect(
          try store.keys(of: "attachment", notIn: bench.target.path).contains(row.key) || row.key == "[8]"
            || row.key == "[12]", words)
        #expect(try bench.ledger().contains { $0.entity == row.entity && $0.key == row.key }, words)
      }
    }
  }
}
