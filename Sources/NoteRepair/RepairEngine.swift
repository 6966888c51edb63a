/// What is known about a text besides its bytes.
public struct RepairContext: Sendable {
  /// What a column holds.
  public enum Kind: UInt8, Sendable, CaseIterable { case title, body, name, json }

  public var kind: Kind
  /// What the store, the column or the note says its encoding is, right or wrong.
  public var declared: CodePage?
  /// Whether guesses are applied where bytes are gone. Off unless asked for.
  public var appliesGuesses: Bool

  public init(kind: Kind = .body, declared: CodePage? = nil, appliesGuesses: Bool = false) {
    self.kind = kind
    self.declared = declared
    self.appliesGuesses = appliesGuesses
  }
}

/// A repaired text and all that is needed to trust it.
public struct Repair: Sendable {
  /// The text, always valid UTF-8.
  public let text: [UInt8]
  /// The worst tier of the text's damages, whether they were repaired or only found.
  public let tier: RepairTier
  /// The worst tier of what was changed; clean where nothing was.
  public let appliedTier: RepairTier
  /// How `text` came from the original and how to get back; `plan.reverse(text)` has been checked.
  public let plan: RepairPlan
  public let findings: [RepairFinding]
  /// By how many nats the least certain decision beat its runner-up; infinite where there was nothing to decide.
  public let margin: Double

  /// Whether `text` differs from the original.
  public var isChanged: Bool { !plan.layers.isEmpty }
}

extension Repair {
  /// The repair, with another text in the place of the one it gives, because that cannot stand there.
  public func followed(by other: [UInt8]) -> Repair {
    let piece = RepairPlan.Piece(
      operation: .replace(text, with: other), inputCount: text.count, outputCount: other.count)
    return Repair(
      text: other, tier: tier, appliedTier: appliedTier,
      plan: RepairPlan(layers: plan.layers + [RepairPlan.Layer(pieces: [piece])]), findings: findings, margin: margin)
  }

  /// A text that stands for another one where that cannot stand; by a rule, so that nothing was guessed.
  public static func substitution(of original: [UInt8], by text: [UInt8]) -> Repair {
    let piece = RepairPlan.Piece(
      operation: .replace(original, with: text), inputCount: original.count, outputCount: text.count)
    return Repair(
      text: text, tier: .policy, appliedTier: .policy, plan: RepairPlan(layers: [RepairPlan.Layer(pieces: [piece])]),
      findings: [],
      margin: .infinity)
  }
}

/// Repairs texts whose encoding was damaged.
///
/// Pure: the same bytes, context and evidence give the same result on every machine. Sound text comes back as it is.
public struct RepairEngine: Sendable {
  /// What the store's own clean text says, or nil.
  public let evidence: StoreEvidence?

  let model: TextScorer
  let gate = Gate.shared

  public init(evidence: StoreEvidence? = nil) {
    self.evidence = evidence
    model = TextScorer(model: .shared, evidence: evidence)
  }

  /// Says whether the text needs no second look; ``repair(_:context:)`` would return it unchanged.
  ///
  /// - Complexity: O(*bytes*), several hundred megabytes a second.
  public func isPlainlyClean(_ bytes: UnsafeBufferPointer<UInt8>, kind: RepairContext.Kind = .body) -> Bool {
    needsNoSecondLook(gate.scan(bytes), bytes, kind)
  }

  /// A name or a title is short: too few characters to be unusual together, and cheap to look at twice.
  private func needsNoSecondLook(
    _ flags: GateFlags, _ bytes: UnsafeBufferPointer<UInt8>, _ kind: RepairContext.Kind
  ) -> Bool {
    guard kind.isShort else { return flags.subtracting(.combining).isEmpty }
    return flags.isEmpty && bytes.allSatisfy { $0 < 0x80 }
  }

  /// Repairs `bytes`.
  ///
  /// Never fails: what cannot be repaired is left as it is or, where it is not UTF-8, read as best can be, and flagged.
  ///
  /// - Complexity: O(*bytes*) time for a sound text; some thirty decodings of the damaged lines else.
  public func repair(_ bytes: [UInt8], context: RepairContext = RepairContext()) -> Repair {
    let flags = bytes.withUnsafeBufferPointer { gate.scan($0) }
    if bytes.withUnsafeBufferPointer({ needsNoSecondLook(flags, $0, context.kind) }) {
      return Repair(
        text: bytes, tier: .clean, appliedTier: .clean, plan: RepairPlan(layers: []), findings: [], margin: .infinity)
    }
    var bench = Workbench(bytes, flags: flags, context: context, engine: self)
    bench.run()
    return bench.finished()
  }
}

extension RepairContext.Kind {
  /// Whether texts of the kind are short.
  var isShort: Bool { self == .name || self == .title }
}
