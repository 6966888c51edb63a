/// What a store's own clean text and surely repaired notes say about its doubtful ones.
///
/// Filled in a first pass over the store, used in a second. It makes texts likelier that use the store's own words and
/// pages likelier that the column's other notes had; the gates that guard sound text stay as they are. Holds about
/// 3.3 MB whatever the store's size.
public struct StoreEvidence: Sendable {
  var singles = [UInt16](repeating: 0, count: 0x10000)
  var pairs = EvidenceTable(bits: 18)
  var triples = EvidenceTable(bits: 19)
  var pages = [UInt32](repeating: 0, count: 4 * 64)

  private static let most = EvidenceTable.most
  /// Least occurrences of a context before it says anything.
  private static let leastContext = 8
  /// Least repaired notes of a column before its pages count.
  private static let leastNotes: UInt32 = 10
  /// How much dearer a page is that the column never had, in units of ``TextModel``.
  private static let unseen = 10

  public init() {}

  // MARK: - Learning

  /// Counts the characters of a clean text.
  ///
  /// The caller passes what ``RepairEngine/isPlainlyClean(_:kind:)`` lets through and what a repair without evidence finds
  /// clean: where the model does not know a store's language, most of its sound notes need a second look.
  ///
  /// - Complexity: O(*bytes*); no memory of its own.
  public mutating func learn(_ text: UnsafeBufferPointer<UInt8>) {
    var (a, b): (UInt32, UInt32) = (10, 10)
    var at = 0
    while at < text.count {
      let (scalar, length) = UnicodeCoding.scalarUTF8(text, at: at)
      guard length > 0 else { return }
      let c = TextModel.fold(scalar)
      if singles[Int(b)] < Self.most { singles[Int(b)] += 1 }
      pairs.count(Self.key(b, c))
      triples.count(Self.key(a, b, c))
      (a, b) = (b, c)
      at += length
    }
  }

  /// Counts the pages of a repair that was sure.
  ///
  /// - Parameter repair: Counts only if it is lossless and beat its runner-up by 10 nats.
  public mutating func learn(_ repair: Repair, kind: RepairContext.Kind) {
    guard repair.tier == .lossless, repair.margin >= 10 else { return }
    for finding in repair.findings where finding.damage == .legacyBytes {
      for page in finding.pages { pages[Int(kind.rawValue) * 64 + Int(page.rawValue)] += 1 }
    }
  }

  // MARK: - Use

  /// What choosing `page` costs in such a column where it usually costs `usual`.
  func prior(of page: CodePage, kind: RepairContext.Kind, usual: Int) -> Int {
    let row = Int(kind.rawValue) * 64
    let total = pages[row..<row + 64].reduce(0, +)
    guard total >= Self.leastNotes else { return usual }
    let own = pages[row + Int(page.rawValue)]
    return own > 0 ? min(usual, NaturalLog.cost(Int(own), of: Int(total))) : usual + Self.unseen
  }

  /// The cost of `c` after `a` and `b` by the store's own text, or nil where it does not say.
  @inline(__always)
  func cost(_ c: UInt32, after a: UInt32, _ b: UInt32) -> Int? {
    let pair = pairs.count(of: Self.key(a, b))
    if pair >= Self.leastContext {
      let triple = triples.count(of: Self.key(a, b, c))
      if triple >= 3 { return NaturalLog.cost(triple, of: pair + 2) + 6 }
    }
    let single = Int(singles[Int(b)])
    guard single >= Self.leastContext, single < Self.most else { return nil }
    let next = pairs.count(of: Self.key(b, c))
    return next >= 3 ? NaturalLog.cost(next, of: single + 2) + 10 : nil
  }

  @inline(__always)
  private static func key(_ a: UInt32, _ b: UInt32) -> UInt64 { UInt64(a) << 16 | UInt64(b) }

  @inline(__always)
  private static func key(_ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt64 {
    UInt64(a) << 32 | UInt64(b) << 16 | UInt64(c)
  }
}

/// Costs of shares without a mathematical library.
enum NaturalLog {
  /// Five times the natural logarithm: units of ``TextModel``.
  private static let table: Table<Double> = {
    var values = [0.0, 0.0]
    for number in 2..<8300 {
      // ln(n/(n−1)) = 2 artanh(1/(2n−1)), whose series converges at once.
      let x = 1 / Double(2 * number - 1)
      values.append(values[number - 1] + 2 * (x + x * x * x / 3 + x * x * x * x * x / 5))
    }
    return Table(values.map { $0 / TextModel.unit })
  }()

  /// The cost of a share of `part` in `whole`; both are cut at 8,299.
  static func cost(_ part: Int, of whole: Int) -> Int {
    max(0, Int(table[min(whole, 8299)] - table[min(part, 8299)]))
  }
}
