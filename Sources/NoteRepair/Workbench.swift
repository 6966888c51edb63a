/// A text under repair: what it is by now and how it came to be so.
struct Workbench {
  let engine: RepairEngine
  let context: RepairContext
  private let original: [UInt8]
  private(set) var bytes: [UInt8]
  private(set) var flags: GateFlags
  private var lines: [LinePlace]?
  private var layers: [RepairPlan.Layer] = []
  private var places: [LayerPlaces] = []
  private var findings: [RepairFinding] = []
  private var tier = RepairTier.clean
  private var margin = Double.infinity
  /// Whether the text was not UTF-8 and has been decoded by what it looks like; a second guess would be one too many.
  private(set) var isDecoded = false
  /// Whether the characters are gone, so that nothing is guessed about them.
  private var isLost = false
  /// Whether places were found where bytes are gone and could be guessed.
  var hasGuesses = false

  init(_ bytes: [UInt8], flags: GateFlags, context: RepairContext, engine: RepairEngine) {
    original = bytes
    self.bytes = bytes
    self.flags = flags
    self.context = context
    self.engine = engine
  }

  var model: TextScorer { engine.model }

  /// Every kind of repair, in the order in which one uncovers the next.
  private static let steps: [@Sendable (inout Workbench) -> Void] = [
    { ImageRepair.run(&$0) },
    { WideText.run(&$0) },
    { EscapedSets.run(&$0) },
    { if $0.flags.contains(.invalid) { $0.decodeBytes() } },
    { EscapedText.run(&$0) },
    { $0.isLost = LostText.run(&$0) },
    { if !$0.isLost { ChainRepair.run(&$0) } },
    { if !$0.isLost { LossyRepair.run(&$0) } },
    { if !$0.isLost { InlineRepair.run(&$0) } },
    { ControlRepair.run(&$0) },
    { NameRepair.run(&$0) },
  ]

  /// The most rounds; each undoes what the one before uncovered.
  private static let maximumRounds = 4

  /// Repairs until every step has seen the text as it is now and changed nothing.
  mutating func run() {
    var idle = 0
    for index in 0..<Self.maximumRounds * Self.steps.count {
      let before = layers.count
      Self.steps[index % Self.steps.count](&self)
      idle = layers.count == before ? idle + 1 : 0
      if idle == Self.steps.count || index % Self.steps.count == Self.steps.count - 1 && flags.isEmpty { return }
    }
  }

  /// The lines of the text as it is now, which has to be UTF-8.
  mutating func linePlaces() -> [LinePlace] {
    if let lines { return lines }
    let found = LinePlace.split(bytes, gate: engine.gate)
    lines = found
    return found
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
    lines = nil
    layers.append(builder.layer)
    places.append(LayerPlaces(builder.layer))
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
    places.reversed().reduce(range) { $1.source(of: $0) }
  }
}
