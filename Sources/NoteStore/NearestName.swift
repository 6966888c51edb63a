/// Finds the name that was probably meant.
package enum NearestName {
  /// The most single-character changes between two names that are still taken for a slip.
  static let maximumDistance = 2

  /// The known name nearest to `name`, at most two changes away; the first of equals.
  package static func find(_ name: String, in known: [String]) -> String? {
    guard name.utf8.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in known {
      let distance = self.distance(name, candidate)
      // A short name is as far from any other, so at least half of it must agree.
      guard distance <= maximumDistance, distance * 2 <= max(candidate.utf8.count, name.utf8.count) else { continue }
      if best == nil || distance < best!.distance { best = (candidate, distance) }
    }
    return best?.name
  }

  /// How many insertions, removals, replacements and swaps of neighbours lead from one name to the other, without
  /// regard to case; `-` and `_` count as equal.
  static func distance(_ left: String, _ right: String) -> Int {
    let left = left.utf8.map(folded)
    let right = right.utf8.map(folded)
    guard abs(left.count - right.count) <= maximumDistance else { return maximumDistance + 1 }
    var before = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        var cost = min(previous[column + 1] + 1, current[column] + 1)
        cost = min(cost, previous[column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, before[column - 1] + 1)
        }
        current.append(cost)
      }
      before = previous
      previous = current
    }
    return previous[right.count]
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case UInt8(ascii: "_"): UInt8(ascii: "-")
    default: byte
    }
  }
}
