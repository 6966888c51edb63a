import ArgumentParser
import Migration
import NoteModel
import NoteStore

struct DiffCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Lists the items that differ between two stores or archives.",
    usage: "noteferry diff <a> <b> [--only <kinds>] [<options>]",
    discussion: """
      Nothing is printed when both are equal; the exit status is 13 when they differ. Rows that differ by repairs alone, \
      which TARGET.noteferry-repairs records beside a store that was imported, are counted and are no difference.

      Examples:
        noteferry diff data/memos_prod.db new/memos_prod.db
        noteferry diff notes new/memos_prod.db --only missing,changed
      """)

  enum Difference: String, CaseIterable, Sendable { case missing, changed, extra }

  @Argument(help: ArgumentHelp("A store or an archive.", valueName: "a"))
  var first: String

  @Argument(help: ArgumentHelp("Another store or archive.", valueName: "b"))
  var second: String

  @Option(name: .long, help: ArgumentHelp("withhold or include signing keys and tokens.", valueName: "policy"))
  var secrets: SecretsPolicy = .withhold

  @Option(
    name: .long,
    help: ArgumentHelp("Only these, separated by commas: missing, changed, extra.", valueName: "kinds"))
  var only: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(name: .long, help: ArgumentHelp("Write every difference to a file.", valueName: "file"))
  var ledger: String?

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
    if isRemote { return try performRemote(session) }
    let kinds = Set(try kinds().map(\.rawValue))
    let access = StoreAccess(session: session, profilePath: profile)
    let result = try Migration.diff(
      access.side(first), access.side(second), secrets: secrets, stateDirectory: access.stateDirectory,
      rate: session.settings.rate, ledgerPath: ledger, readProfile: StoreAccess.readProfile,
      observer: session.observer, stop: session.stop)
    let shown = result.differences.filter { kinds.contains($0.kind.rawValue) }
    var lines = shown.prefix(100).map { ResultText.line($0) }
    let total = result.entities.reduce((missing: Int64(0), changed: Int64(0), extra: Int64(0))) {
      ($0.missing + $1.missing, $0.changed + $1.changed, $0.extra + $1.extra)
    }
    if result.differenceCount > 0 {
      lines.append(
        "\(total.missing.grouped) missing, \(total.changed.grouped) changed, "
          + "\(total.extra.grouped) extra.")
      if shown.count > 100 || result.differenceCount > Int64(ComparisonResult.differenceLimit) {
        lines.append("The first \(min(100, shown.count)) are shown; --ledger FILE has all.")
      }
    }
    let repaired = result.entities.reduce(0) { $0 + $1.repaired }
    if repaired > 0 { lines.append("\(Format.count(repaired, "row")) differ by recorded repairs alone.") }
    let differs = kinds.count == Difference.allCases.count ? result.differenceCount > 0 : !shown.isEmpty
    var reasons: [ExitStatus] = differs ? [.mismatch] : []
    if result.unreadable > 0 {
      reasons.append(.unproven)
      lines.append(
        "\(Format.count(result.unreadable, "place")) could not be read, so nothing is proven about its rows.")
    }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"),
      members: [.init("comparison", ResultText.json(result))], reasons: reasons)
  }
}
