/// Unicode's composition (the second half of NFC), for names that a file system had decomposed.
enum Composition {
  private static let pairs: [UInt64: UInt32] = {
    let seconds = CompositionData.second.unpacked()
    let results = CompositionData.composed.unpacked()
    var pairs: [UInt64: UInt32] = [:]
    for (index, first) in CompositionData.first.unpacked().enumerated() {
      pairs[UInt64(first) << 32 | UInt64(seconds[index])] = results[index]
    }
    return pairs
  }()

  private static let classes = Dictionary(
    uniqueKeysWithValues: zip(CompositionData.marks.unpacked(), CompositionData.classes.unpacked()))

  /// Composes `text`, whose marks are in their canonical order, as file systems write them.
  static func compose(_ text: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var starter: Int?
    var lastClass: UInt32 = 0
    for scalar in text {
      let own = classes[scalar] ?? 0
      if let at = starter, lastClass < own || lastClass == 0 && at == result.count - 1,
        let composed = pair(result[at], scalar)
      {
        result[at] = composed
        continue
      }
      if own == 0 { starter = result.count }
      lastClass = own
      result.append(scalar)
    }
    return result
  }

  private static func pair(_ first: UInt32, _ second: UInt32) -> UInt32? {
    // Hangul: a leading consonant with a vowel, then with a trailing consonant.
    if first &- 0x1100 < 19, second &- 0x1161 < 21 { return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28 }
    if first &- 0xAC00 < 11172, (first - 0xAC00) % 28 == 0, second &- 0x11A8 < 27 { return first + second - 0x11A7 }
    return pairs[UInt64(first) << 32 | UInt64(second)]
  }
}
