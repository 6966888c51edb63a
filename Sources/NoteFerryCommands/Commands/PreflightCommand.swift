import AllStores
import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

/// Looks whether a migration may begin.
struct PreflightCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "preflight",
    abstract: "Looks whether a migration may begin: checks, results, fixes.",
    usage: """
      noteferry preflight <plan> [<options>]
      noteferry preflight <store> --to <target> [--to <target>] [<options>]
      """,
    discussion: """
      Nothing is changed on either side. Ends with 11 when something blocks, with 15 when a check that is needed could \
      not be made, and else with 0; with --exit-on warn also with 10 when something should be looked at. \
      `noteferry explain ID` tells each check.

      Examples:
        noteferry preflight cutover.toml
        noteferry preflight data/memos_prod.db --to new/memos_prod.db -v
        noteferry preflight cutover.toml --full --json
      """)

  @Argument(help: ArgumentHelp("A plan's file, or with --to the store that is in service.", valueName: "plan|store"))
  var place: String

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("Without a plan: the store to fill; twice for two nodes.", valueName: "target"))
  var targets: [String] = []

  @Option(name: .long, help: ArgumentHelp("Without a plan: the second node of the source.", valueName: "store"))
  var node: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(name: .long, help: ArgumentHelp("Without a plan: where the archive is to be made.", valueName: "directory"))
  var archive: String?

  @Flag(name: .long, help: "Judge every text, not a sample.")
  var full = false

  @Option(name: .long, help: ArgumentHelp("How long the source is watched for changes: 3s.", valueName: "span"))
  var watch: String = "3s"

  @Option(name: .long, help: ArgumentHelp("How long one check may take: 20s.", valueName: "span"))
  var checkLimit: String = "20s"

  @Option(name: .long, help: ArgumentHelp("warn: end with 10 when something should be looked at.", valueName: "result"))
  var exitOn: ExitOn = .block

  @Flag(name: .shortAndLong, help: "Show the checks that passed, too.")
  var verbose = false

  @OptionGroup var global: GlobalOptions

  enum ExitOn: String, ExpressibleByArgument, CaseIterable { case block, warn }

  func validate() throws {
    guard targets.count <= 2 else { throw ValidationError("--to is given once or twice") }
    if targets.isEmpty, node != nil || archive != nil {
      throw ValidationError("--node and --archive are for a preflight without a plan, which has --to")
    }
  }

  func perform(_ session: Session) throws -> Outcome {
    let request = try request(session)
    let report = try preflight(request, observer: session.observer, stop: session.stop)
    let view = PreflightView(report: report, plan: request.plan, width: session.outputWidth, isVerbose: verbose)
    let (status, next) = ending(report, request.plan)
    return Outcome(
      status, text: view.text(next: next, status: status), members: PreflightView.members(of: report, request),
      reasons: status == .ok ? [] : [status], next: next)
  }

  private func request(_ session: Session) throws -> PreflightRequest {
    let limits = (
      try DurationArgument.duration(watch, for: "--watch"),
      try DurationArgument.duration(checkLimit, for: "--check-limit")
    )
    var plan = try targets.isEmpty ? PlanReader.read(path: place) : unplanned()
    let hash = targets.isEmpty ? plan.hash : nil
    if let floor = session.settings.freeFloor { plan.budget.freeFloor = floor }
    if let rate = session.settings.rate { plan.budget.rate = rate }
    let access = StoreAccess(session: session, profilePath: profile ?? plan.source.profileFile)
    let profiles = try access.profiles()
    let named = try access.profiles(first: plan.source.profile)
    var request = PreflightRequest(
      plan: plan, isPlanned: targets.isEmpty, stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current,
      source: { try access.source($0) },
      inspector: { try AllStores.inspector($0, profiles: named, stop: $1) },
      isReplicatedPair: { try StoreAccess.isReplicatedPair($0, $1, profiles) })
    request.otherRun = { try Self.otherRun($0, profiles) }
    request.planHash = hash
    request.watchTime = limits.0
    request.checkLimit = limits.1
    if full { request.sampleRows = nil }
    return request
  }

  /// What stands for a plan where none was written: the fence is looked for, and nothing is known of hooks and windows.
  private func unplanned() throws -> Plan {
    let (source, second) = (PlanNewCommand.absolute(place), node.map(PlanNewCommand.absolute))
    var draft = PlanDraft(
      source: .init(place: source, seen: ""),
      targets: targets.map { .init(place: PlanNewCommand.absolute($0), seen: "") }, createsSchema: true)
    draft.node = second.map { .init(place: $0, seen: "") }
    draft.archive = archive.map(PlanNewCommand.absolute)
    // The same judgement as for a plan, of passwords and of a target that is the source.
    do { return try PlanReader.read(draft.text, fileName: "the command line") } catch let error as MigrationError {
      throw MigrationError(
        .usage, "these places cannot be a source and its target",
        cause: error.cause.split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst() }.joined(separator: "; "),
        safeNow: "nothing was read or changed", next: ["noteferry preflight STORE --to ANOTHER-STORE"])
    }
  }

  /// A place where there is no store yet has no run either.
  private static func otherRun(_ place: String, _ profiles: [Profile]) throws -> OtherRun? {
    guard !RemoteAddress.isRemote(place) else { return nil }
    do {
      let fence = try AllStores.fence(place, profiles: profiles)
      defer { fence.close() }
      switch try fence.status() {
      case .raised(let claim, let remaining):
        return OtherRun(claim: claim, remaining: remaining, keepsUsersOut: true)
      case .sealed(let claim): return OtherRun(claim: claim, remaining: nil, keepsUsersOut: true)
      case .none, .expired: break
      }
      let lease = try AllStores.lease(place, profiles: profiles)
      defer { lease.close() }
      return try lease.holder().map { OtherRun(claim: $0.claim, remaining: $0.remaining, keepsUsersOut: false) }
    } catch let error as MigrationError where [.sourceMissing, .targetMissing, .sourceNotAStore].contains(error.code) {
      return nil
    }
  }

  private func ending(_ report: PreflightReport, _ plan: Plan) -> (ExitStatus, [String]) {
    let again = "noteferry explain \((report.blockers + report.gaps).first?.check.id ?? "SPACE-01")"
    switch report.verdict {
    case .noGo: return (.noGo, (report.blockers.first?.fix.map(\.english) ?? []) + [again])
    case .unproven: return (.unproven, [again])
    case .go, .goWithCare:
      let isWarned = report.verdict == .goWithCare && exitOn == .warn
      let archive = plan.archive.map { CommandLineText.noteferry(["export", plan.source.place, "-o", $0]) }
      let step =
        archive ?? "\(CommandLineText.noteferry(["export", plan.source.place, "-o", "-"])) | "
        + CommandLineText.noteferry(
          ["import", "-"] + plan.target.nodes.flatMap { ["--to", $0] }
            + (plan.target.createsSchema ? ["--create-schema"] : []))
      return (isWarned ? .warnings : .ok, [step])
    }
  }
}
