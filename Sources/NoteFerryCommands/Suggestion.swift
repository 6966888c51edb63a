/// Finds what somebody probably meant.
enum Suggestion {
  /// The nearest of `candidates`, at most two slips of the keyboard away (one for words below four letters); a longer
  /// candidate that begins with the word counts as near. `nil` when nothing is near.
  static func nearest(to word: String, in candidates: [String]) -> String? {
    let wanted = word.lowercased()
    guard !wanted.isEmpty, wanted.utf8.count <= 64 else { return nil }
    let most = wanted.count < 4 ? 1 : 2
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
      let distance = distance(Array(wanted.utf8), Array(candidate.lowercased().utf8))
      if distance <= most, best == nil || distance < best!.distance { best = (distance, candidate) }
    }
    if let best { return best.candidate }
    guard wanted.count >= 3 else { return nil }
    return candidates.first { $0.lowercased().hasPrefix(wanted) }
      ?? candidates.first { $0.lowercased().contains(wanted) }
  }

  /// Letters to add, drop, change or swap with their neighbour (optimal string alignment).
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for (row, letter) in left.enumerated() {
      var current = [row + 1] + [Int](repeating: 0, count: right.count)
      for (column, other) in right.enumerated() {
        var least = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
        if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current[column + 1] = least
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
