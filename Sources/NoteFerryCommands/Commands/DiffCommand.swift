import ArgumentParser
import NoteModel
import NoteStore

struct DiffCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Lists the items that differ between two stores or archives.",
    usage: "noteferry diff <a> <b> [--only <kinds>] [<options>]",
    discussion: """
      Nothing is printed when both are equal; the exit status is 13 when they differ.

      Examples:
        noteferry diff data/memos_prod.db new/memos_prod.db
        noteferry diff notes new/memos_prod.db --only missing,changed
      """)

  enum Difference: String, CaseIterable, Sendable { case missing, changed, extra }

  @Argument(help: ArgumentHelp("A store or an archive.", valueName: "a"))
  var first: String

  @Argument(help: ArgumentHelp("Another store or archive.", valueName: "b"))
  var second: String

  @Option(name: .long, help: ArgumentHelp("Password hashes and tokens.", valueName: "policy"))
  var secrets: SecretsPolicy = .withhold

  @Option(
    name: .long,
    help: ArgumentHelp("Only these, separated by commas: missing, changed, extra.", valueName: "kinds"))
  var only: String?

  @OptionGroup var global: GlobalOptions

  /// The kinds of differences to list.
  ///
  /// - Throws: `.usage` for an unknown kind.
  func kinds() throws -> Set<Difference> {
    guard let only else { return Set(Difference.allCases) }
    let names = Difference.allCases.map(\.rawValue)
    return Set(
      try only.split(separator: ",").map { word in
        let word = word.filter { $0 != " " }
        if let kind = Difference(rawValue: word) { return kind }
        throw MigrationError(
          .usage, "--only \(word) is not known", cause: "it is one or more of \(names.joined(separator: ", "))",
          safeNow: "nothing was read or changed",
          next: ["--only \(Suggestion.nearest(to: word, in: names) ?? "missing,changed")"])
      })
  }

  func perform(_ session: Session) throws -> Outcome {
    _ = try kinds()
    return try notYet("diff")
  }
}
