import NoteModel

/// One text in the languages of a report.
public struct Wording: Codable, Sendable, Hashable {
  public var en: String
  /// Simplified Chinese; `nil`: the English text stands in its place.
  public var zhHans: String?
  /// Which phrase it is, where programs may tell it apart: `over-budget`.
  public var code: String?
  /// What stands in the places of the phrase, in order; absent where it has none.
  public var parameters: [String]?

  public init(_ en: String, _ zhHans: String? = nil) {
    self.en = en
    self.zhHans = zhHans
  }

  /// The same in a report. Controls and bidirectional marks that a name brought along are made visible.
  public init(_ sentence: Sentence) {
    en = SafeText(sentence.english).text
    zhHans = SafeText(sentence.chinese).text
    code = sentence.code
    parameters = sentence.parameters.isEmpty ? nil : sentence.parameters.map { SafeText($0).text }
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
