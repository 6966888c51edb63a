/// Byte order marks, NULs, characters that XML forbids, and controls that stand for punctuation.
enum ControlRepair {
  static func run(_ bench: inout Workbench) {
    let wanted: GateFlags = [.nul, .control, .upperControl, .mark]
    guard !bench.flags.isDisjoint(with: wanted) else { return }
    let bytes = bench.bytes
    var text: [UInt32] = []
    guard bytes.withUnsafeBufferPointer({ CodePage.utf8.decode($0, into: &text) }) == nil else { return }
    guard text.contains(where: isContent) else { return }
    let changes = Changes(text)
    var builder = LayerBuilder(bytes)
    var at = 0
    for (index, scalar) in text.enumerated() {
      let length = UnicodeCoding.length(scalar)
      defer { at += length }
      guard let (damage, replacement) = changes.change(at: index) else { continue }
      builder.keep(upTo: at)
      var new: [UInt8] = []
      if let replacement { UnicodeCoding.append(replacement, to: &new) }
      builder.replace(upTo: at + length, with: new)
      bench.note(damage, at..<at + length, tier: replacement == nil ? .policy : .lossless)
    }
    bench.take(builder)
  }

  /// Whether a character is more than a control, a mark or a space; a text without any is left alone.
  private static func isContent(_ scalar: UInt32) -> Bool {
    scalar > 0x20 && !(0x7F..<0xA1).contains(scalar) && scalar != 0xFEFF && scalar & 0xFFFE != 0xFFFE
  }
}

extension UnicodeCoding {
  /// How many bytes UTF-8 takes for `scalar`.
  static func length(_ scalar: UInt32) -> Int {
    scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
  }
}

/// Decides what becomes of each control character of a text.
private struct Changes {
  private let text: [UInt32]
  private let dropsForbidden: Bool
  private let mapsUpper: Bool
  private let mapsNextLine: Bool

  init(_ text: [UInt32]) {
    self.text = text
    // Sequences of controls are someone's doing: a terminal's, or a list of them. Strays come alone or in pairs.
    dropsForbidden = !text.contains(0x1B) && Self.longestRun(text) < 3
    let upper = text.count { (0x80..<0xA0).contains($0) }
    // Beside replacement characters they are what is left of other bytes.
    mapsUpper = upper * 3 < text.count && !text.contains(0xFFFD)
    mapsNextLine = text.contains { (0x80..<0xA0).contains($0) && $0 != 0x85 }
  }

  /// What stands at `index` and what takes its place; nil where it stays.
  func change(at index: Int) -> (Damage, UInt32?)? {
    let scalar = text[index]
    switch scalar {
    case 0: return (.nul, nil)
    case 0xEF, 0xBB, 0xBF: return index < 3 && text.starts(with: [0xEF, 0xBB, 0xBF]) ? (.byteOrderMark, nil) : nil
    case 0xFEFF: return index == 0 || text[index - 1] == 10 ? (.byteOrderMark, nil) : nil
    case 0x80..<0xA0: return upper(scalar, at: index)
    default: return dropsForbidden && Self.isForbidden(scalar) ? (.forbidden, nil) : nil
    }
  }

  /// A next-line control is a line end, unless a space follows it or it stands beside others; the five bytes that
  /// Windows-1252 leaves undefined mean nothing.
  private func upper(_ scalar: UInt32, at index: Int) -> (Damage, UInt32?)? {
    guard mapsUpper else { return nil }
    if scalar == 0x85 {
      let isBeforeSpace = index > 0 && text[index - 1] > 0x40 && index + 1 < text.count && text[index + 1] == 0x20
      guard isBeforeSpace || mapsNextLine else { return nil }
    }
    let meant = SingleByteTable.windows1252.scalars[Int(scalar) - 0x80]
    return meant == scalar ? nil : (.controlsAsPunctuation, meant)
  }

  private static func longestRun(_ text: [UInt32]) -> Int {
    var (longest, run) = (0, 0)
    for scalar in text {
      run = isForbidden(scalar) ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  /// Form feeds are layout in pasted documents, though XML forbids them; NULs are counted apart.
  private static func isForbidden(_ scalar: UInt32) -> Bool {
    scalar < 0x20 && scalar != 0 && scalar != 0x0C && scalar != 9 && scalar != 10 && scalar != 13
      || scalar & 0xFFFE == 0xFFFE
  }
}
