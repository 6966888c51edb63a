/// What did not arrive as it was, the worst first; bounded, with the rest counted.
public struct LossLedger: Codable, Sendable, Equatable {
  /// The most entries that `add` keeps.
  public static let defaultLimit = 2000

  /// The most entries that are listed.
  public var limit: Int64
  /// All of them, listed or not.
  public var total: Int64
  public private(set) var entries: [LedgerEntry]
  /// How many there are by reason, of all entries.
  public private(set) var reasons: [ReasonCount]
  /// A file with all entries.
  public var file: String?
  public var fileSha256: String?

  public init(limit: Int = LossLedger.defaultLimit) {
    self.limit = Int64(limit)
    total = 0
    entries = []
    reasons = []
  }

  /// How many entries are counted and not listed.
  public var unlisted: Int64 { max(0, total - Int64(entries.count)) }

  /// Counts an entry, and lists it when it is among the worst.
  ///
  /// - Complexity: O(log *limit*) comparisons, and a move of at most `limit` entries.
  public mutating func add(_ entry: LedgerEntry) {
    total += 1
    if let index = reasons.firstIndex(where: { $0.reason == entry.reason }) {
      reasons[index].count += 1
    } else {
      reasons.append(ReasonCount(reason: entry.reason, count: 1))
    }
    guard entries.count < limit || entry.outcome.rank < entries.last?.outcome.rank ?? 0 else { return }
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].outcome.rank <= entry.outcome.rank { low = middle + 1 } else { high = middle }
    }
    entries.insert(entry, at: low)
    if entries.count > limit { entries.removeLast() }
  }

  /// Says what a reason means.
  public mutating func explain(_ reason: String, _ meaning: Wording) {
    guard let index = reasons.firstIndex(where: { $0.reason == reason }) else { return }
    reasons[index].means = meaning
  }

  mutating func redact() {
    for index in entries.indices {
      entries[index].title = nil
      entries[index].before = nil
      entries[index].after = nil
    }
  }

  public struct ReasonCount: Codable, Sendable, Equatable {
    /// A code that `noteferry explain` knows: `text-repaired`.
    public var reason: String
    public var count: Int64
    public var means: Wording?
  }
}

/// One item that did not arrive as it was.
public struct LedgerEntry: Codable, Sendable, Equatable {
  public enum Outcome: String, Codable, Sendable, CaseIterable {
    case missing, quarantined, degraded
    case skippedByRule = "skipped_by_rule"
    case repaired, adapted

    /// 0 is the worst.
    var rank: Int { Self.allCases.firstIndex(of: self)! }
  }

  /// The id of the item: `note/17`.
  public var item: String
  public var kind: String
  public var outcome: Outcome
  public var reason: String
  public var field: String?
  public var offsetBytes: Int64?
  /// Text of the store, shown only when asked for: the title where it is the field that differs, and the text from the
  /// first difference on.
  public var title: StoredText?
  public var before: StoredText?
  public var after: StoredText?
  public var reversible: Bool?

  public init(item: String, kind: String, outcome: Outcome, reason: String) {
    self.item = item
    self.kind = kind
    self.outcome = outcome
    self.reason = reason
  }
}

/// Bytes from a store, at most 64 of them: the only way for what people wrote into a document.
public struct StoredText: Codable, Sendable, Equatable {
  public static let byteLimit = 64

  /// The bytes in Base64, since they need not be text.
  public private(set) var b64: String
  /// How many there were before they were cut.
  public private(set) var totalBytes: Int64

  /// Keeps the beginning; a character that the cut would break is left out.
  public init(_ bytes: some Collection<UInt8>) {
    totalBytes = Int64(bytes.count)
    var kept = Array(bytes.prefix(Self.byteLimit))
    if bytes.count > kept.count { Self.trim(&kept, next: bytes.dropFirst(kept.count).first ?? 0) }
    b64 = base64(kept)
  }

  /// The bytes; `nil` when the document holds something else, or more of it than allowed.
  public var bytes: [UInt8]? {
    let decoded = decodedBase64(b64)
    return (decoded?.count ?? .max) <= Self.byteLimit ? decoded : nil
  }

  public var isCut: Bool { totalBytes > Int64(bytes?.count ?? 0) }

  private static func trim(_ bytes: inout [UInt8], next: UInt8) {
    guard next & 0xC0 == 0x80 else { return }
    let tail = bytes.reversed().prefix { $0 & 0xC0 == 0x80 }.count
    if tail < 3, bytes.count > tail, bytes[bytes.count - tail - 1] >= 0xC2 { bytes.removeLast(tail + 1) }
  }
}

extension ReportDocument {
  /// The same document without anything that people wrote: what leaves the house unless somebody asked for titles.
  public func redacted() -> ReportDocument {
    var document = self
    document.ledger?.redact()
    for index in (document.encodings ?? []).indices { document.encodings?[index].samples = nil }
    return document
  }
}
