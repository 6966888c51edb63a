import NoteModel

/// What one code, check, event or number means, for `noteferry explain`. Works offline.
struct Explanation: Sendable {
  enum Topic: String, Sendable, CaseIterable {
    case error, finding, damage, check, event, metric
    case exitStatus = "exit status"

    /// The heading in the list of all topics.
    var plural: String { self == .exitStatus ? "exit statuses" : rawValue + "s" }
  }

  var topic: Topic
  var key: String
  /// Other words under which it is found.
  var aliases: [String] = []
  /// What it means.
  var means: String
  /// Why it matters.
  var matters: String
  /// What to do.
  var act: String
  /// The exit status that it leads to, for errors.
  var exit: ExitStatus?
}

/// Every explanation there is.
enum Catalogue {
  static let all: [Explanation] =
    errors + findings + damages + checks + exitStatuses + events + metrics + reportMetrics

  /// The explanations for a word, without regard to case; several where a word has several meanings.
  static func find(_ word: String) -> [Explanation] {
    let wanted = word.lowercased()
    return all.filter { $0.key.lowercased() == wanted || $0.aliases.contains { $0.lowercased() == wanted } }
  }

  /// The nearest word that has an explanation.
  static func nearest(to word: String) -> String? {
    Suggestion.nearest(to: word, in: all.map(\.key))
  }
}
