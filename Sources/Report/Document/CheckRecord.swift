/// One check before the migration.
public struct CheckRecord: Codable, Sendable, Equatable {
  public enum Result: String, Codable, Sendable, CaseIterable {
    case block, warn
    case notChecked = "not_checked"
    case pass
    case notApplicable = "not_applicable"
  }

  public enum Change: String, Codable, Sendable, CaseIterable { case new, still, fixed }

  /// `SPACE-01`.
  public var id: String
  public var title: Wording?
  public var result: Result
  public var purpose: Wording
  public var recommended: Wording?
  public var actual: Wording?
  /// What to do, a command where there is one; the best first.
  public var fix: [Wording]?
  public var sinceLast: Change?

  public init(id: String, result: Result, purpose: Wording) {
    self.id = id
    self.result = result
    self.purpose = purpose
  }
}

/// Damaged text of one kind.
public struct EncodingRecord: Codable, Sendable, Equatable {
  /// What it was found to be: `gb18030`, `utf-8 read as windows-1252`.
  public var encoding: String
  /// The rule that repairs it.
  public var rule: String?
  public var items: Int64
  public var repaired: Int64?
  public var reversible: Bool?
  /// At most three; text of the store, shown only when asked for.
  public var samples: [Sample]?

  public init(encoding: String, items: Int64) {
    self.encoding = encoding
    self.items = items
  }

  public struct Sample: Codable, Sendable, Equatable {
    public var item: String
    public var before: StoredText
    public var after: StoredText?

    public init(item: String, before: StoredText, after: StoredText? = nil) {
      self.item = item
      self.before = before
      self.after = after
    }
  }
}

/// Something that somebody should know and that decides nothing.
public struct WarningRecord: Codable, Sendable, Equatable {
  public var code: String?
  public var text: Wording

  public init(_ text: Wording, code: String? = nil) {
    self.text = text
    self.code = code
  }
}
