import ArgumentParser
import Migration
import NoteModel

struct RepairApplyCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Applies a plan of repairs to a store whose server is stopped.",
    usage: "noteferry repair apply <store> --plan <file> [--repair <tiers>] [--yes] [<options>]",
    discussion: """
      The stored bytes are kept beside the store, in a file that ends in .noteferry-repairs-N, before the first text is \
      changed. A text that is not the planned one any more is left and told. Asks first, unless --yes is given. An \
      application that was stopped goes on when the same command is repeated.

      Examples:
        noteferry repair apply new/memos_prod.db --plan repairs.plan
        noteferry repair apply new/memos_prod.db --plan repairs.plan --repair lossless --yes
      """)

  enum Tiers: String, CaseIterable, ExpressibleByArgument, Sendable { case lossless, policy, inferred }

  @Argument(help: "The store: a path, or sqlite:PATH?profile=NAME. No server may have it open.")
  var store: String

  @Option(name: .long, help: ArgumentHelp("A file that repair plan wrote.", valueName: "file"))
  var plan: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "lossless: only what has one right answer; policy: also by rule; inferred: also guesses.", valueName: "tiers"))
  var repair: Tiers = .policy

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Bytes of text committed at once, between two points to go on from: 8MiB.", valueName: "size"))
  var checkpoint: String?

  @Flag(name: .long, help: "Do not ask.")
  var yes = false

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session, profilePath: profile)
    var options = RepairExchangeOptions()
    options.policy = RepairPolicy(rawValue: repair.rawValue)!
    options.freeFloor = access.freeFloor
    if let checkpoint { options.batchBytes = try SizeArgument.size(checkpoint, for: "--checkpoint") }
    let result = try applyRepairs(
      plan, to: access.idle(store), options: options, observer: session.observer, stop: session.stop
    ) { forecast in
      guard !yes else { return }
      try Question(
        text: "Change \(Format.count(forecast.due, "text")) in \(store)? Its server must be stopped.", session: session
      ).confirm()
    }
    return result.outcome(
      of: store, done: "repaired", already: "repaired before", members: [.init("plan", .text(plan))])
  }
}
