import ArgumentParser
import NoteModel

struct ExitCodesCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "exit-codes",
    abstract: "Lists the exit codes and what they mean.",
    discussion: """
      The tens say who must act: 10 to 19 look at the result, 20 to 29 nothing was changed, 30 to 39 repeat the same \
      command, 40 to 49 cutover. A code that is not in the list is a failure.
      """)

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let rows = ExitStatus.allCases.map { status -> JSONValue in
      .object([
        .init("code", .integer(Int64(status.rawValue))), .init("name", .text(status.name)),
        .init("meaning", .text(status.meaning)), .init("resumable", .bool(status.isResumable)),
      ])
    }
    return Outcome(
      text: Self.table(width: session.outputWidth),
      members: [.init("exit_codes", .array(rows))])
  }

  /// A table of three columns; the meaning is wrapped.
  static func table(width: Int) -> String {
    ExitStatus.allCases.map { status in
      let code = String(status.rawValue)
      let head =
        String(repeating: " ", count: 5 - code.count) + code + "  " + status.name
        + String(repeating: " ", count: 13 - status.name.count)
      return Wrap.lines(
        status.meaning, width: min(width, 100), first: head, next: String(repeating: " ", count: width < 60 ? 7 : 20)
      ).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
