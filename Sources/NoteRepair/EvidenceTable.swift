/// Counts of keys in a fixed space.
///
/// Each slot holds a part of its key, so that what was never counted hardly ever seems to have been; once the space is
/// full, new keys are not counted.
struct EvidenceTable: Sendable {
  /// 16 bits of the key's hash above 16 bits of count; 0 where free.
  var slots: [UInt32]
  private let shift: Int

  /// Counters stop here; what matters is settled long before.
  static let most = 4095
  private static let probes = 6

  init(bits: Int) {
    slots = Array(repeating: 0, count: 1 << bits)
    shift = 64 - bits
  }

  mutating func count(_ key: UInt64) {
    let (start, mark) = place(of: key)
    for probe in 0..<Self.probes {
      let index = (start + probe) & (slots.count - 1)
      let slot = slots[index]
      if slot == 0 {
        slots[index] = mark | 1
      } else if slot & 0xFFFF_0000 == mark {
        if slot & 0xFFFF < Self.most { slots[index] = slot + 1 }
      } else {
        continue
      }
      return
    }
  }

  /// How often `key` was counted.
  func count(of key: UInt64) -> Int {
    let (start, mark) = place(of: key)
    for probe in 0..<Self.probes {
      let slot = slots[(start + probe) & (slots.count - 1)]
      if slot == 0 { return 0 }
      if slot & 0xFFFF_0000 == mark { return Int(slot & 0xFFFF) }
    }
    return 0
  }

  @inline(__always)
  private func place(of key: UInt64) -> (Int, UInt32) {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    let hash = (mixed ^ mixed >> 31) &* 0xBF58_476D_1CE4_E5B9
    return (Int(hash >> UInt64(shift)), UInt32(hash & 0xFFFF) << 16 | 0x1_0000)
  }
}
