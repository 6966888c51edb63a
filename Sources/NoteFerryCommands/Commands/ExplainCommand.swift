import ArgumentParser
import NoteModel

struct ExplainCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explains a code, finding, event, number or exit status.",
    discussion: """
      Works without a network. Without a word it lists all there is.

      Examples:
        noteferry explain NF-SPACE-34
        noteferry explain 34
        noteferry explain attachment-file-missing
      """)

  @Argument(help: "An error code, a finding, an event, a metric or an exit status.")
  var word: String?

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let width = min(80, session.outputWidth)
    guard let word else {
      return Outcome(text: Self.list(width: width), members: [.init("explanations", Self.json(Catalogue.all))])
    }
    let found = Catalogue.find(word)
    guard found.isEmpty else {
      return Outcome(
        text: found.map { Self.text($0, width: width) }.joined(separator: "\n\n"),
        members: [.init("explanations", Self.json(found))])
    }
    let near = Catalogue.nearest(to: word)
    throw MigrationError(
      .usage, "nothing is known about '\(SafeText(word, limit: 40).text)'",
      cause: "it is no error code, finding, event, metric or exit status of this version",
      safeNow: "nothing was read or changed", next: [near.map { "noteferry explain \($0)" } ?? "noteferry explain"])
  }

  static func text(_ explanation: Explanation, width: Int) -> String {
    let key = explanation.key
    let topic = explanation.topic.rawValue
    let gap = width - key.count - topic.count
    var lines = [key + (gap >= 2 ? String(repeating: " ", count: gap) + topic : "  " + topic)]
    var parts = [("means", explanation.means), ("matters", explanation.matters), ("do", explanation.act)]
    if let exit = explanation.exit { parts.append(("exit", "\(exit.rawValue) \(exit.name): \(exit.meaning)")) }
    for (label, text) in parts {
      let head = "  " + label + String(repeating: " ", count: 10 - label.count)
      lines += Wrap.lines(text, width: width, first: head, next: String(repeating: " ", count: 12))
    }
    return lines.joined(separator: "\n")
  }

  private static func list(width: Int) -> String {
    Explanation.Topic.allCases.map { topic in
      let keys = Catalogue.all.filter { $0.topic == topic }.map(\.key)
      return topic.plural.uppercased() + "\n"
        + Wrap.lines(keys.joined(separator: " "), width: width, first: "  ", next: "  ").joined(separator: "\n")
    }.joined(separator: "\n\n") + "\n\nnoteferry explain WORD tells what one of them means."
  }

  private static func json(_ explanations: [Explanation]) -> JSONValue {
    .array(
      explanations.map {
        .object([
          .init("topic", .text($0.topic.rawValue)), .init("key", .text($0.key)), .init("means", .text($0.means)),
          .init("matters", .text($0.matters)), .init("do", .text($0.act)),
        ])
      })
  }
}
