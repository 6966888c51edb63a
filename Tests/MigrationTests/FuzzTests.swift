import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Random changes of a valid archive: nothing crashes or hangs, and nothing else than the archive itself is whole.
///
/// `NOTEFERRY_FUZZ_SECONDS` makes it longer, `NOTEFERRY_FUZZ_SEED` repeats a round.
@Suite struct FuzzTests {
  private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

  private let bench: Workbench
  private let store: SmallStore
  private let bytes: [UInt8]
  private let image: ArchiveImage

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.file("source"), isLarge: false)
    bytes = try bench.exported(store)
    image = try ArchiveImage(bytes, bench: bench)
  }

  @Test(.timeLimit(.minutes(30)))
  func `a random change of an archive is never whole, never approved, and never fatal`() throws {
    let seed = Self.number("NOTEFERRY_FUZZ_SEED") ?? UInt64.random(in: 0...999_999)
    let limit = Duration.seconds(Int(Self.number("NOTEFERRY_FUZZ_SECONDS") ?? 8))
    let start = ContinuousClock.now
    var rounds: UInt64 = 0
    while ContinuousClock.now - start < limit, rounds == 0 || Self.number("NOTEFERRY_FUZZ_SEED") == nil {
      // Each round has a seed of its own, so that one can be repeated alone.
      var dice = Dice(seed + rounds)
      try round(&dice, imports: rounds % 3 == 0)
      rounds += 1
    }
    print("fuzz: \(rounds) rounds from seed \(seed)")
    #expect(rounds > 0)
  }

  private func round(_ dice: inout Dice, imports: Bool) throws {
    let words: Comment = "NOTEFERRY_FUZZ_SEED=\(dice.seed)"
    let isStructured = Bool.random(using: &dice)
    let changed = try isStructured ? changedMembers(&dice) : changedBytes(&dice)
    let path = try bench.write(changed, to: "fuzz.tar")
    let isSame = changed == bytes
    let level = VerifyLevel.allCases.randomElement(using: &dice)!
    do {
      let result = try bench.verified(path, level)
      if level == .full { #expect(!result.isWhole || isSame || isEquivalent(changed), words) }
    } catch let error as MigrationError {
      #expect([.damaged, .source, .version].contains(error.exitStatus), "\(error) \(words)")
    }
    guard imports else { return }
    let salvages = Bool.random(using: &dice)
    do {
      let result = try bench.imported(path, salvages: salvages)
      #expect(!result.isApproved || isSame || isEquivalent(changed), words)
      #expect(salvages || result.isApproved, words)
    } catch let error as MigrationError {
      #expect(error.exitStatus != .internal, "\(error) \(words)")
    }
  }

  /// Whether the payload is the same, byte for byte and in its order.
  private func isEquivalent(_ changed: [UInt8]) -> Bool {
    guard let other = try? ArchiveImage(changed, bench: bench) else { return false }
    func payload(_ image: ArchiveImage) -> [ArchiveImage.Member] { image.members.filter { $0.name.hasPrefix("data/") } }
    return payload(other).map(\.name) == payload(image).map(\.name)
      && payload(other).map(\.body) == payload(image).map(\.body)
  }

  private func changedBytes(_ dice: inout Dice) -> [UInt8] {
    var changed = bytes
    for _ in 0..<Int.random(in: 1...4, using: &dice) where changed.count > 2048 {
      let at = Int.random(in: 0..<changed.count - 1024, using: &dice)
      let block = at / 512 * 512
      let other = Int.random(in: 0..<changed.count / 512, using: &dice) * 512
      switch Int.random(in: 0..<8, using: &dice) {
      case 0: changed[at] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      case 1: changed[at] = UInt8.random(in: 0...255, using: &dice)
      case 2: changed.replaceSubrange(at..<at + 16, with: dice.bytes(16))
      case 3: changed.removeSubrange(block..<block + 512)
      case 4: changed.insert(contentsOf: Array(changed[block..<block + 512]), at: block)
      case 5: changed.replaceSubrange(block..<block + 512, with: repeatElement(0, count: 512))
      case 6: changed.insert(contentsOf: Array(changed[block..<block + 512]), at: min(other, changed.count))
      default: changed.removeLast(changed.count - at)
      }
    }
    return changed
  }

  /// Members are changed, and half of the time the manifests agree.
  private func changedMembers(_ dice: inout Dice) throws -> [UInt8] {
    var changed = image
    for _ in 0..<Int.random(in: 1...3, using: &dice) where changed.members.count > 4 {
      let at = Int.random(in: 0..<changed.members.count, using: &dice)
      let other = Int.random(in: 0..<changed.members.count, using: &dice)
      switch Int.random(in: 0..<8, using: &dice) {
      case 0: changed.members.remove(at: at)
      case 1: changed.members.insert(changed.members[at], at: other)
      case 2: changed.members.swapAt(at, other)
      case 3: changed.members[at].name = changed.members[other].name
      case 4: changed.members[at].body = changed.members[other].body
      case 5: changed.members[at].body = dice.bytes(Int.random(in: 0...3000, using: &dice))
      case 6: changed.members[at].body.removeLast(Int.random(in: 0...changed.members[at].body.count, using: &dice))
      default:
        guard !changed.members[at].body.isEmpty else { continue }
        let place = Int.random(in: 0..<changed.members[at].body.count, using: &dice)
        changed.members[at].body[place] = UInt8.random(in: 0...255, using: &dice)
      }
    }
    if Bool.random(using: &dice) { try changed.reseal() }
    return changed.encoded
  }
}
