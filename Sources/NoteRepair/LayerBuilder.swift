/// Builds a layer of a plan and its output, piece by piece from the start of the input.
///
/// A piece that its chain cannot undo exactly is stored as a replacement with its original bytes, so that every layer
/// can be run backwards.
struct LayerBuilder {
  private let input: [UInt8]
  private(set) var output: [UInt8] = []
  private(set) var layer = RepairPlan.Layer()
  private(set) var position = 0
  private(set) var isChanged = false

  init(_ input: [UInt8]) {
    self.input = input
    output.reserveCapacity(input.count + input.count / 2)
  }

  /// Keeps the bytes up to `end`.
  mutating func keep(upTo end: Int) {
    guard end > position else { return }
    output.append(contentsOf: input[position..<end])
    add(.keep, count: end - position, output: end - position)
    position = end
  }

  /// Puts `bytes` in the place of the bytes up to `end`.
  mutating func replace(upTo end: Int, with bytes: [UInt8]) {
    let old = Array(input[position..<end])
    output.append(contentsOf: bytes)
    if old == bytes {
      add(.keep, count: old.count, output: old.count)
    } else {
      isChanged = true
      add(.replace(old, with: bytes), count: old.count, output: bytes.count)
    }
    position = end
  }

  /// Puts `bytes` in the place of the bytes up to `end`, keeping what both have in common.
  ///
  /// - Complexity: O(*bytes*): where the two part, only a few bytes ahead are looked at.
  mutating func replaceAligned(upTo end: Int, with bytes: [UInt8]) {
    var at = 0
    while position < end, at < bytes.count {
      if input[position] == bytes[at] {
        let length = zip(input[position..<end], bytes[at...]).prefix { $0 == $1 }.count
        keep(upTo: position + length)
        at += length
        continue
      }
      guard let (old, new) = distance(end, bytes, at) else { break }
      replace(upTo: position + old, with: Array(bytes[at..<at + new]))
      at += new
    }
    if position < end || at < bytes.count { replace(upTo: end, with: Array(bytes[at...])) }
  }

  /// How many bytes of the input and of `bytes` to pass over until both go on alike.
  private func distance(_ end: Int, _ bytes: [UInt8], _ at: Int) -> (Int, Int)? {
    for new in 0...3 where at + new + 8 <= bytes.count {
      for old in 0...12 where position + old + 8 <= end && old + new > 0 {
        if input[position + old..<position + old + 8].elementsEqual(bytes[at + new..<at + new + 8]) {
          return (old, new)
        }
      }
    }
    return nil
  }

  /// Puts `text`, which `chain` made of the bytes up to `end`, in their place.
  mutating func recode(upTo end: Int, by chain: PageChain, to text: [UInt32]) {
    guard let bytes = RepairPlan.Layer.utf8(text) else { return keep(upTo: end) }
    let isSame = input[position..<end].elementsEqual(bytes)
    guard !isSame, let back = chain.encode(text), back.elementsEqual(input[position..<end]) else {
      return replace(upTo: end, with: bytes)
    }
    isChanged = true
    output.append(contentsOf: bytes)
    add(.recode(chain), count: end - position, output: bytes.count)
    position = end
  }

  /// Keeps what is left.
  mutating func finish() { keep(upTo: input.count) }

  /// Neighbours of one kind become one piece: what was decoded apart decodes together, since every piece begins and
  /// ends with the page in its initial state.
  private mutating func add(_ operation: RepairPlan.Piece.Operation, count: Int, output: Int) {
    guard let last = layer.pieces.last, let joined = Self.join(last.operation, operation) else {
      layer.pieces.append(.init(operation: operation, inputCount: count, outputCount: output))
      return
    }
    layer.pieces[layer.pieces.count - 1] = .init(
      operation: joined, inputCount: last.inputCount + count, outputCount: last.outputCount + output)
  }

  private static func join(
    _ first: RepairPlan.Piece.Operation, _ second: RepairPlan.Piece.Operation
  ) -> RepairPlan.Piece.Operation? {
    switch (first, second) {
    case (.keep, .keep): .keep
    case (.recode(let one), .recode(let other)) where one == other && one.pages.allSatisfy(\.isStateless): first
    default: nil
    }
  }
}

extension CodePage {
  /// Whether the page's bytes mean the same wherever they stand.
  var isStateless: Bool { self != .iso2022JP && self != .hz }
}
