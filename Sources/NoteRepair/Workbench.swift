/// A text under repair: what it is by now and how it came to be so.
struct Workbench {
  let engine: RepairEngine
  let context: RepairContext
  private let original: [UInt8]
  private(set) var bytes: [UInt8]
  private(set) var flags: GateFlags
  private var layers: [RepairPlan.Layer] = []
  private var findings: [RepairFinding] = []
  private var tier = RepairTier.clean
  private var margin = Double.infinity
  /// Whether the text was not UTF-8 and has been decoded by what it looks like; a second guess would be one too many.
  private(set) var isDecoded = false

  init(_ bytes: [UInt8], flags: GateFlags, context: RepairContext, engine: RepairEngine) {
    original = bytes
    self.bytes = bytes
    self.flags = flags
    self.context = context
    self.engine = engine
  }

  var model: TextScorer { engine.model }

  /// The most rounds; each undoes what the one before uncovered.
  private static let maximumRounds = 4

  /// Repairs until nothing changes.
  mutating func run() {
    for _ in 0..<Self.maximumRounds {
      let before = layers.count
      runOnce()
      if layers.count == before || flags.isEmpty { return }
    }
  }

  /// Runs every kind of repair once, in the order in which one uncovers the next.
  private mutating func runOnce() {
    ImageRepair.run(&self)
    WideText.run(&self)
    EscapedSets.run(&self)
    if flags.contains(.invalid) { decodeBytes() }
    EscapedText.run(&self)
    if !LostText.run(&self) {
      ChainRepair.run(&self)
      InlineRepair.run(&self)
    }
    ControlRepair.run(&self)
    NameRepair.run(&self)
  }

  /// Reads bytes that are not UTF-8.
  mutating func decodeBytes() {
    isDecoded = true
    ByteDecoder.run(&self)
  }

  /// Takes over what a repair built.
  mutating func take(_ builder: LayerBuilder) {
    var builder = builder
    builder.finish()
    guard builder.isChanged else { return }
    layers.append(builder.layer)
    bytes = builder.output
    flags = bytes.withUnsafeBufferPointer { engine.gate.scan($0) }
  }

  /// Notes a damage; `range` counts in the bytes as they are now.
  mutating func note(
    _ damage: Damage, _ range: Range<Int>, tier: RepairTier, pages: [CodePage] = [], margin: Int? = nil
  ) {
    findings.append(RepairFinding(damage: damage, range: originalRange(range), pages: pages))
    self.tier = max(self.tier, tier)
    if let margin { self.margin = min(self.margin, Double(margin) * TextModel.unit) }
  }

  /// Checks the plan backwards; a plan that fails is replaced by one that stores both texts.
  func finished() -> Repair {
    var plan = RepairPlan(layers: layers)
    if plan.reverse(bytes) != original {
      plan = RepairPlan(layers: [
        .init(pieces: [
          .init(operation: .replace(original, with: bytes), inputCount: original.count, outputCount: bytes.count)
        ])
      ])
    }
    return Repair(text: bytes, tier: tier, plan: plan, findings: findings, margin: margin)
  }

  /// The bytes of the original that `range` came from, as near as the pieces tell.
  private func originalRange(_ range: Range<Int>) -> Range<Int> {
    layers.reversed().reduce(range) { range, layer in
      var (input, output) = (0, 0)
      var (lower, upper): (Int?, Int?)
      for piece in layer.pieces {
        let isExact = piece.operation == .keep
        if lower == nil, range.lowerBound < output + piece.outputCount {
          lower = input + (isExact ? range.lowerBound - output : 0)
        }
        if upper == nil, range.upperBound <= output + piece.outputCount {
          upper = input + (isExact ? range.upperBound - output : piece.inputCount)
        }
        input += piece.inputCount
        output += piece.outputCount
      }
      let start = lower ?? input
      return start..<max(start, upper ?? input)
    }
  }
}
