/// Where the pieces of a layer begin before and after it, so that a place in the result leads back to the bytes it came
/// from.
struct LayerPlaces {
  private let pieces: [RepairPlan.Piece]
  /// Where each piece ends, in its input and in its output.
  private var inputEnds: [Int] = []
  private var outputEnds: [Int] = []

  init(_ layer: RepairPlan.Layer) {
    pieces = layer.pieces
    var (input, output) = (0, 0)
    for piece in pieces {
      input += piece.inputCount
      output += piece.outputCount
      inputEnds.append(input)
      outputEnds.append(output)
    }
  }

  /// The bytes of the input that `range` of the output came from, as near as the pieces tell.
  ///
  /// - Complexity: O(log *pieces*).
  func source(of range: Range<Int>) -> Range<Int> {
    let all = inputEnds.last ?? 0
    let first = index { outputEnds[$0] > range.lowerBound }
    var lower = all
    if first < pieces.count {
      let isExact = pieces[first].operation == .keep
      lower = inputEnds[first] - pieces[first].inputCount
      if isExact { lower += range.lowerBound - (outputEnds[first] - pieces[first].outputCount) }
    }
    let last = index { outputEnds[$0] >= range.upperBound }
    var upper = lower
    if last < pieces.count {
      let isExact = pieces[last].operation == .keep
      upper = isExact ? inputEnds[last] - (outputEnds[last] - range.upperBound) : inputEnds[last]
    }
    return lower..<max(lower, upper)
  }

  /// The first piece that `holds`, which is false up to a piece and then true.
  private func index(where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
