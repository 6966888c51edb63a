import Testing

@testable import NoteRepair

@Suite struct LongTextRepairTests {
  private let engine = RepairEngine()

  /// Windows of a text that comes in pieces of `step` bytes, their repaired text, and what is said of the whole.
  private func run(_ text: [UInt8], step: Int) -> (windows: [Int], text: [UInt8], repair: LongTextRepair) {
    var repair = LongTextRepair(engine: engine, context: RepairContext())
    var repaired: [UInt8] = []
    func take(_ window: LongTextRepair.Window) { repaired += window.repair?.text ?? Array(window.original) }
    for start in stride(from: 0, to: text.count, by: step) {
      text[start..<min(start + step, text.count)].withUnsafeBytes { repair.append($0, take) }
    }
    repair.finish(take)
    return (repair.windows.map(\.byteCount), repaired, repair)
  }

  private func repeated(_ line: [UInt8], _ count: Int) -> [UInt8] {
    Array(repeatElement(line, count: count / line.count + 1).joined())
  }

  private static func image(_ count: Int) -> [UInt8] {
    var image = Array("BM".utf8) + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    image += (6..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    return Base64.encode(image)
  }

  private static let twice = Array("GrÃ¼ÃŸe aus MÃ¼nchen, schÃ¶ne StraÃŸe. ".utf8)
  private static let sound = Array("Grüße aus München, schöne Straße. ".utf8)

  @Test func `however a text comes, its windows are the same and all of it`() {
    let payload = Self.image(299_820)
    var text = repeated(Self.sound, 300_000) + Array("![](data:image/bmp;base64,".utf8)
    for start in stride(from: 0, to: payload.count, by: 76) { text += payload[start..<start + 76] + [0x0A] }
    text += Array(")\n".utf8) + repeated(Self.twice + [0x0A], 200_000)
    text += [UInt8](repeating: 0x61, count: 1_200_000)
    let once = run(text, step: text.count)
    #expect(once.windows.reduce(0, +) == text.count && once.windows.count > 5)
    for step in [1 << 20, 256 << 10, 100_003, 4099] {
      let other = run(text, step: step)
      #expect(other.windows == once.windows && other.text == once.text, "pieces of \(step)")
    }
    #expect(once.repair.isDoubtful && once.repair.isChanged && !once.repair.isUncertain)
  }

  @Test func `each window is repaired, and the whole is what a short text would be`() {
    let text = run(repeated(Self.twice, 600_000), step: 1 << 18)
    #expect(text.repair.windows.count > 2 && text.repair.tier == .lossless && !text.repair.isUncertain)
    #expect(text.text.starts(with: Self.sound) && text.text.count % Self.sound.count == 0)
    #expect(text.text == repeated(Self.sound, text.text.count - 1))
    let sound = run(repeated(Self.sound, 600_000), step: 1 << 18)
    #expect(!sound.repair.isDoubtful && sound.repair.windows.allSatisfy { !$0.isDamaged })
  }

  @Test func `UTF-16 is cut between characters`() {
    let line = "会议纪要：请大家准时参加明天上午的会议，谢谢 𝄞\n"
    var units: [UInt8] = []
    for unit in line.utf16 { units += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
    let wide = [0xFF, 0xFE] + repeated(units, 700_000)
    let found = run(wide, step: 100_001)
    #expect(found.repair.tier == .lossless && !found.repair.isUncertain)
    #expect(found.text == repeated(Array(line.utf8), found.text.count - 1))
  }

  @Test func `an image that is too long for a window is looked at and not repaired`() {
    let image = Self.image(TextCutter.longestImage)
    func text(_ payload: [UInt8]) -> [UInt8] {
      Array("![](data:image/bmp;base64,".utf8) + payload + Array(") und Text\n".utf8) + repeated(Self.sound, 300_000)
    }
    #expect(!run(text(image), step: 1 << 20).repair.isDoubtful)
    #expect(run(text(Base64.encode(image)), step: 1 << 20).repair.isUncertain)
    var broken = image
    broken[1_500_000] = 0x2D
    let found = run(text(broken), step: 1 << 20).repair
    #expect(found.isDoubtful && found.isUncertain && found.findings.map(\.damage) == [.image])
  }

  @Test func `escapes that stand for a whole text are told of, and beside other characters they are meant`() {
    let escaped = repeated(Array("Caf&eacute; cr&egrave;me\n".utf8), 300_000)
    #expect(run(escaped, step: 1 << 18).repair.isUncertain)
    #expect(!run(escaped + Self.sound, step: 1 << 18).repair.isDoubtful)
  }

  @Test func `a stretch without any place to cut is not repaired`() {
    let stretch = [UInt8](repeating: 0xE4, count: TextCutter.longestRun + 5000)
    #expect(run(stretch, step: 1 << 18).repair.isUncertain)
  }
}
