/// One text in the languages of a report.
public struct Wording: Codable, Sendable, Hashable {
  public var en: String
  /// Simplified Chinese; `nil`: the English text stands in its place.
  public var zhHans: String?

  public init(_ en: String, _ zhHans: String? = nil) {
    self.en = en
    self.zhHans = zhHans
  }

  /// The text in one language.
  public func text(_ language: ReportLanguage) -> String {
    switch language {
    case .en: en
    case .zhHans: zhHans ?? en
    case .both: zhHans.map { $0 == en ? en : "\(en) / \($0)" } ?? en
    }
  }
}

/// The language in which a report is shown.
public enum ReportLanguage: String, Sendable, CaseIterable {
  case en
  case zhHans = "zh-Hans"
  case both
}
