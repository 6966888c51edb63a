/// A small repeatable generator (xorshift64*). The same seed gives the same numbers on every machine.
package struct SampleRandom: Sendable {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  package mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }

  /// A number from 0 to `limit` - 1.
  package mutating func below(_ limit: Int) -> Int { Int(next() >> 33) % limit }

  package mutating func append(_ count: Int, to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + count + 8)
    for _ in 0..<count / 8 {
      let word = next()
      withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
    }
    var rest = next()
    for _ in 0..<count % 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  private static let words = [
    "release", "notes", "meeting", "moved", "to", "Tuesday", "buy", "tea", "the", "server", "is", "full", "again",
    "明天", "会议", "记录", "数据库", "迁移", "Übung", "façade", "naïve", "список", "дел", "メモ", "を", "保存",
    "안녕하세요", "שלום", "مرحبا", "🚀", "- [ ] todo", "**bold**", "#tag", "`code`",
  ]

  /// A clean sentence of many languages, as UTF-8.
  package mutating func sentence() -> [UInt8] {
    var text = ""
    for _ in 0..<20 + below(60) { text += Self.words[below(Self.words.count)] + " " }
    return Array(text.utf8)
  }
}
