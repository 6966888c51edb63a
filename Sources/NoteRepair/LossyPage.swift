/// A page that UTF-8 was read by, and the bytes that such a reading lost.
struct LossyPage: Sendable {
  let page: CodePage
  let damage: Damage
  /// For each byte from 80 to FF and each that may follow, 256 for the end: whether the page's readers replaced it there.
  private let lost: [Bool]
  /// Whether readers of the page may have taken two bytes for one that they could not read.
  let swallows: Bool

  /// The pages in the order in which they are tried.
  static let all: [LossyPage] = [
    LossyPage(pairs: .gb18030, .utf8AsChineseLossy), LossyPage(pairs: .shiftJIS, .utf8AsOtherCJK),
    LossyPage(pairs: .eucKR, .utf8AsOtherCJK), LossyPage(pairs: .big5, .utf8AsOtherCJK),
    LossyPage(singles: .windows1252, [0x81, 0x8D, 0x8F, 0x90, 0x9D]),
    LossyPage(singles: .iso8859x1, Array(0x80...0x9F)), LossyPage(singles: .windows1251, [0x98]),
  ]

  private init(singles page: CodePage, _ bytes: [UInt8]) {
    (self.page, swallows) = (page, false)
    damage = page == .windows1251 ? .utf8AsSingleByte : .doubleEncoded
    lost = (0..<128 * 257).map { (index: Int) -> Bool in bytes.contains(UInt8(0x80 + index / 257)) }
  }

  private init(pairs page: CodePage, _ damage: Damage) {
    (self.page, self.damage, swallows) = (page, damage, true)
    var lost: [Bool] = []
    for byte in UInt8(0x80)...0xFF {
      for next in UInt8.min...UInt8.max { lost.append(Self.isLost(byte, next, page)) }
      lost.append(Self.isLost(byte, nil, page))
    }
    self.lost = lost
  }

  /// Whether readers of `page` find no character in `byte` and the one after it.
  private static func isLost(_ byte: UInt8, _ next: UInt8?, _ page: CodePage) -> Bool {
    var text: [UInt32] = []
    let bytes = [byte] + (next.map { [$0] } ?? [])
    let failure = bytes.withUnsafeBufferPointer { page.decode($0, into: &text) }
    // Tables differ in the user's own characters and in the single bytes at both ends of GBK.
    if let first = text.first { return (0xE000..<0xF900).contains(first) || first == 0x20AC || first == 0x80 }
    return failure == 0
  }

  /// Whether `byte` was replaced before `next`, which is −1 where it is unknown and 256 for the end.
  func loses(_ byte: UInt8, before next: Int) -> Bool {
    let row = Int(byte - 0x80) * 257
    return next >= 0 ? lost[row + next] : lost[row + 256] || lost[row + 0xE5]
  }

  /// The bytes of `text` as the page writes them, −1 for each `hole`, and the index of the character of each; nil where
  /// the page lacks a character.
  func slots(of text: [UInt32], hole: UInt32) -> (bytes: [Int16], origins: [Int32])? {
    var (slots, origins): ([Int16], [Int32]) = ([], [])
    var bytes: [UInt8] = []
    for (index, scalar) in text.enumerated() {
      if scalar == hole {
        slots.append(-1)
      } else {
        bytes.removeAll(keepingCapacity: true)
        guard withUnsafePointer(to: scalar, { page.encode(.init(start: $0, count: 1), into: &bytes) }) == nil else {
          return nil
        }
        slots.append(contentsOf: bytes.map { Int16($0) })
      }
      origins.append(contentsOf: repeatElement(Int32(index), count: slots.count - origins.count))
    }
    return (slots, origins)
  }
}
