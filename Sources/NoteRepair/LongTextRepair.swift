/// Repairs a text that is too long for memory, window by window; each is repaired like a text of its own.
///
/// The same bytes give the same windows with the same repairs, however they come, so that a text may be read again
/// instead of being kept. Plainly sound windows cost one pass. Memory: some ten times the longest window, which is 256 KiB
/// but for images (2 MiB).
public struct LongTextRepair {
  /// A part of the text, in order.
  public struct Window {
    /// Valid only while it is handed over.
    public let original: UnsafeBufferPointer<UInt8>
    /// nil where nothing is wrong.
    public let repair: Repair?

    public init(original: UnsafeBufferPointer<UInt8>, repair: Repair?) {
      self.original = original
      self.repair = repair
    }
  }

  /// Findings kept, with their places in the whole text; what is more leaves only its kind.
  public static let findingLimit = 100

  private let engine: RepairEngine
  private let context: RepairContext
  private var cutter: TextCutter
  private var offset = 0
  private var startsLine = true
  private var isASCII = true
  private var isInImage = false
  private var escapes: [RepairFinding] = []
  private var kinds: Set<Damage> = []
  private var sample: (original: [UInt8], repair: Repair)?

  /// The windows that have been handed over: their lengths, and whether they have repairs.
  public private(set) var windows: [(byteCount: Int, isDamaged: Bool)] = []
  /// The worst tier of all windows.
  public private(set) var tier = RepairTier.clean
  /// The worst tier of what was changed in them.
  private var appliedTier = RepairTier.clean
  public private(set) var findings: [RepairFinding] = []
  public private(set) var margin = Double.infinity
  /// Whether a window with a repair differs from the original.
  public private(set) var isChanged = false
  /// Whether something is wrong that windows do not show well enough to be repaired: what a short text of these bytes
  /// would become is not known.
  public private(set) var isUncertain = false

  public init(engine: RepairEngine, context: RepairContext) {
    self.engine = engine
    self.context = context
    cutter = TextCutter { start in
      let even = Array(start.prefix(start.count & ~1))
      let flags = even.withUnsafeBufferPointer { engine.gate.scan($0) }
      guard !flags.isDisjoint(with: [.invalid, .nul]) else { return false }
      return engine.repair(even, context: RepairContext(kind: .body)).findings.contains { $0.damage == .utf16 }
    }
  }

  /// Whether anything is wrong; known after ``finish(_:)``.
  public var isDoubtful: Bool { tier != .clean || isUncertain }

  /// Takes the next bytes and hands over what is whole by now.
  public mutating func append(_ bytes: UnsafeRawBufferPointer, _ body: (Window) throws -> Void) rethrows {
    var at = 0
    while at < bytes.count {
      let count = min(TextCutter.size, bytes.count - at)
      cutter.append(UnsafeRawBufferPointer(rebasing: bytes[at..<at + count]))
      at += count
      try hand(isEnd: false, body)
    }
  }

  /// Hands over the rest.
  public mutating func finish(_ body: (Window) throws -> Void) rethrows {
    try hand(isEnd: true, body)
    // In a text with other characters the escapes are what the writer meant.
    guard isASCII, let escape = escapes.first else { return }
    isUncertain = true
    note([escape], at: 0)
  }

  private mutating func hand(isEnd: Bool, _ body: (Window) throws -> Void) rethrows {
    while let window = cutter.next(isEnd: isEnd) {
      try cutter.pending.withUnsafeBufferPointer { pending in
        let bytes = UnsafeBufferPointer(rebasing: pending[..<window.count])
        let repair = look(at: bytes, window)
        windows.append((window.count, repair != nil))
        try body(Window(original: bytes, repair: repair))
      }
      offset += window.count
      startsLine = cutter.pending[window.count - 1] == 0x0A
      cutter.drop(window)
    }
  }

  private mutating func look(at bytes: UnsafeBufferPointer<UInt8>, _ window: TextCutter.Window) -> Repair? {
    if isASCII { isASCII = bytes.reduce(0) { $0 | $1 } < 0x80 }
    if window.isPayload {
      let isFirst = !isInImage
      isInImage = true
      guard !bytes.allSatisfy({ Base64.isSymbol($0) }) || isFirst && Self.isEncodedTwice(bytes) else { return nil }
      return doubt(RepairFinding(damage: .image, range: 0..<bytes.count))
    }
    isInImage = false
    if engine.isPlainlyClean(bytes, kind: context.kind) { return cutter.isWide == true ? doubt(nil) : nil }
    let repair = engine.repair(Array(bytes), context: context)
    let kinds = Set(repair.findings.map(\.damage))
    guard repair.tier != .clean else { return cutter.isWide == true ? doubt(nil) : nil }
    guard kinds.isDisjoint(with: [.entities, .jsonEscapes, .percentEscapes]) else {
      escapes = repair.findings
      return nil
    }
    let isWhole = startsLine && (window.isLast || bytes.last == 0x0A)
    if kinds.contains(.utf16) != (cutter.isWide == true) || kinds.contains(.escapedSets) && !isWhole
      || kinds.contains(.cut) && !window.isLast || window.isTorn
    {
      isUncertain = true
    }
    take(repair, of: bytes)
    return repair
  }

  /// Whether the beginning of an image's payload gives Base64 again.
  private static func isEncodedTwice(_ payload: UnsafeBufferPointer<UInt8>) -> Bool {
    Base64.decode(Array(payload.prefix(128)), strict: false)?.allSatisfy { Base64.isSymbol($0) } ?? false
  }

  private mutating func doubt(_ finding: RepairFinding?) -> Repair? {
    isUncertain = true
    if let finding { note([finding], at: offset) }
    return nil
  }

  private mutating func take(_ repair: Repair, of bytes: UnsafeBufferPointer<UInt8>) {
    tier = max(tier, repair.tier)
    appliedTier = max(appliedTier, repair.appliedTier)
    margin = min(margin, repair.margin)
    note(repair.findings, at: offset)
    if sample == nil || repair.isChanged && !isChanged, bytes.count <= TextCutter.size {
      sample = (Array(bytes), repair)
    }
    isChanged = isChanged || repair.isChanged
  }

  private mutating func note(_ found: [RepairFinding], at start: Int) {
    for finding in found where findings.count < Self.findingLimit || !kinds.contains(finding.damage) {
      kinds.insert(finding.damage)
      let range = finding.range.lowerBound + start..<finding.range.upperBound + start
      findings.append(RepairFinding(damage: finding.damage, range: range, pages: finding.pages))
    }
  }

  /// What is known of the whole text as if it were one repair, with the bytes and the text of one damaged window to show.
  /// Its plan only says whether there is one.
  public var summary: (original: [UInt8], repair: Repair) {
    let repair = Repair(
      text: sample?.repair.text ?? [], tier: tier, appliedTier: appliedTier,
      plan: isChanged ? .outline : RepairPlan(layers: []),
      findings: findings, margin: margin)
    return (sample?.original ?? [], repair)
  }
}

extension Repair {
  /// What was found without the texts: one place of each kind of damage.
  public var outlined: Repair {
    var kinds: Set<Damage> = []
    return Repair(
      text: [], tier: tier, appliedTier: appliedTier, plan: isChanged ? .outline : RepairPlan(layers: []),
      findings: findings.filter { kinds.insert($0.damage).inserted }, margin: margin)
  }

  /// A sound text.
  public init(clean text: [UInt8]) {
    self.init(
      text: text, tier: .clean, appliedTier: .clean, plan: RepairPlan(layers: []), findings: [], margin: .infinity)
  }
}

extension RepairPlan {
  /// Stands for a plan that changes something.
  fileprivate static let outline = RepairPlan(layers: [.init()])
}
