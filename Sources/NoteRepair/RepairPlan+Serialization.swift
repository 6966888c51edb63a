/// What is wrong with the bytes of a plan.
public enum PlanDamage: Error, Equatable {
  /// The bytes do not begin with the mark of a plan.
  case notAPlan
  /// The plan was written by a later version.
  case laterVersion(UInt8)
  /// The plan needs code page tables of another version.
  case otherTables(UInt8)
  /// The bytes end early, go on too long, or contradict themselves; the offset where that was noticed.
  case malformed(offset: Int)
}

extension RepairPlan {
  private static let mark: [UInt8] = [0x4E, 0x52, 0x01]  // "NR", format 1

  /// The plan as bytes: a mark, the version of the tables, and the layers; numbers take 7 bits a byte.
  public func serialized() -> [UInt8] {
    var writer = PlanWriter()
    writer.bytes = Self.mark + [Self.tableVersion]
    writer.number(layers.count)
    for layer in layers {
      writer.number(layer.pieces.count)
      for piece in layer.pieces { writer.piece(piece) }
    }
    return writer.bytes
  }

  /// Reads a plan.
  ///
  /// - Throws: ``PlanDamage``, whatever the bytes are. Memory is bounded by their count.
  public init(serialized bytes: [UInt8]) throws(PlanDamage) {
    guard bytes.count > 3, bytes.starts(with: Self.mark.prefix(2)) else { throw .notAPlan }
    guard bytes[2] == Self.mark[2] else { throw .laterVersion(bytes[2]) }
    guard bytes[3] == Self.tableVersion else { throw .otherTables(bytes[3]) }
    var reader = PlanReader(bytes: bytes, position: 4)
    var layers: [Layer] = []
    for _ in 0..<(try reader.number()) {
      var layer = Layer()
      for _ in 0..<(try reader.number()) { layer.pieces.append(try reader.piece()) }
      layers.append(layer)
    }
    guard reader.position == bytes.count else { throw .malformed(offset: reader.position) }
    for (earlier, later) in zip(layers, layers.dropFirst()) where earlier.outputCount != later.inputCount {
      throw .malformed(offset: bytes.count)
    }
    self.layers = layers
  }
}

private struct PlanWriter {
  var bytes: [UInt8] = []

  mutating func number(_ value: Int) {
    var rest = UInt(value)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func piece(_ piece: RepairPlan.Piece) {
    switch piece.operation {
    case .keep:
      bytes.append(0)
      number(piece.inputCount)
    case .replace(let old, let new):
      bytes.append(1)
      number(old.count)
      bytes += old
      number(new.count)
      bytes += new
    case .recode(let chain):
      bytes.append(UInt8(1 + chain.pages.count))
      bytes += chain.pages.map(\.rawValue)
      number(piece.inputCount)
      number(piece.outputCount)
    }
  }
}

private struct PlanReader {
  let bytes: [UInt8]
  var position: Int

  mutating func byte() throws(PlanDamage) -> UInt8 {
    guard position < bytes.count else { throw .malformed(offset: position) }
    defer { position += 1 }
    return bytes[position]
  }

  /// Reads a number of at most 48 bits, so that sums of lengths cannot overflow.
  mutating func number() throws(PlanDamage) -> Int {
    var value = 0
    for shift in stride(from: 0, to: 49, by: 7) {
      let next = try byte()
      value |= Int(next & 0x7F) << shift
      if next < 0x80 { return value }
    }
    throw .malformed(offset: position)
  }

  mutating func run() throws(PlanDamage) -> [UInt8] {
    let count = try number()
    guard count <= bytes.count - position else { throw .malformed(offset: position) }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func piece() throws(PlanDamage) -> RepairPlan.Piece {
    switch try byte() {
    case 0:
      let count = try number()
      return .init(operation: .keep, inputCount: count, outputCount: count)
    case 1:
      let (old, new) = (try run(), try run())
      return .init(operation: .replace(old, with: new), inputCount: old.count, outputCount: new.count)
    case let kind:
      let count = Int(kind) - 1
      guard count <= PageChain.maximumCount, count % 2 == 1 else { throw .malformed(offset: position) }
      var pages: [CodePage] = []
      for _ in 0..<count {
        guard let page = CodePage(rawValue: try byte()) else { throw .malformed(offset: position) }
        pages.append(page)
      }
      let (input, output) = (try number(), try number())
      return .init(operation: .recode(PageChain(pages: pages)), inputCount: input, outputCount: output)
    }
  }
}
