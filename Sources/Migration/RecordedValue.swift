import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// A repaired value as a repairs file tells of it, whether in one record or in parts.
struct RecordedValue {
  var page: Int64
  var place: ValuePlace
  var tier: RepairTier
  /// Places in the whole original, at most `LongTextRepair.findingLimit` of them.
  var damage: [RepairRecord.Place]
  var original: RowText
  var repaired: RowText

  /// Whether it stood outside of its row.
  var isLong: Bool { if case .content = original { true } else { false } }
}

extension RepairBookReader {
  /// Reads the other parts of a value and sums it up. Memory: one part and what two rows hold of the value.
  ///
  /// - Returns: nil if a plan does not give the text that was recorded.
  func value(from first: RepairRecord, _ algorithm: DigestAlgorithm) throws -> RecordedValue? {
    var damage: [RepairRecord.Place] = []
    var isWhole = true
    var offset = 0
    var original = RowTextBuilder(byteCount: first.byteCount, algorithm)
    var repaired: RowTextBuilder?
    try eachPart(from: first) { part in
      for place in part.damage where damage.count < LongTextRepair.findingLimit {
        let range = place.range.lowerBound + offset..<place.range.upperBound + offset
        damage.append(.init(damage: place.damage, range: range))
      }
      offset += part.original.count
      guard isWhole, let text = part.repaired else {
        isWhole = false
        return
      }
      let byteCount = first.part?.repairedByteCount ?? Int64(text.count)
      repaired = repaired ?? RowTextBuilder(byteCount: byteCount, algorithm)
      part.original.withUnsafeBytes { original.append($0) }
      text.withUnsafeBytes { repaired?.append($0) }
    }
    guard isWhole, let repaired else { return nil }
    return RecordedValue(
      page: first.page, place: first.place, tier: first.tier, damage: damage, original: original.finish(),
      repaired: repaired.finish())
  }
}
