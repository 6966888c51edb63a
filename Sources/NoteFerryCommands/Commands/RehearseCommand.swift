import AllStores
import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore
import Report

/// Does a plan's cutover into scratch places while the source is in use, and predicts how long users will be frozen.
struct RehearseCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Does a plan against a scratch target, and predicts the downtime.",
    usage: "noteferry rehearse <plan> [--scratch <directory>] [<options>]",
    discussion: """
      The source stays as it is and may be in use: it should be. No target of the plan is touched. Files are made in the \
      scratch directory, which needs room for the archive and the target; for a target on a server an empty database is \
      named. Both are empty again afterwards.

      Ends with 0 for go and go with care, 11 for no-go, 12 for loss beyond what the plan allows, 15 when there is not \
      enough evidence; with --exit-on warn with 10 for go with care.

      Examples:
        noteferry rehearse cutover.toml
        noteferry rehearse cutover.toml --scratch /mnt/big --html rehearsal.html
        noteferry rehearse cutover.toml --scratch-target postgresql://memos@/noteferry_scratch
        noteferry rehearse cutover.toml --sink null
        noteferry rehearse cutover.toml --hook-time freeze=3s --hook-time switch=8s
      """)

  @Argument(help: "The plan's file.")
  var plan: String

  @Option(
    name: .long,
    help: ArgumentHelp("Where scratch files are made; by default the state directory.", valueName: "directory"))
  var scratch: String?

  @Option(
    name: .customLong("scratch-target"),
    help: ArgumentHelp("An empty database in the place of a target; twice for two.", valueName: "url"))
  var scratchTargets: [String] = []

  @Option(name: .long, help: ArgumentHelp("null: read the source and write nothing.", valueName: "sink"))
  var sink: Sink = .scratch

  @Flag(name: .long, help: "Leave the scratch files and databases as they are at the end.")
  var keepScratch = false

  @Option(
    name: .customLong("hook-time"),
    help: ArgumentHelp("What a hook takes, instead of its limit: freeze=3s.", valueName: "hook=span"))
  var hookTimes: [String] = []

  @Option(
    name: .long, help: ArgumentHelp("How long the source is watched before it is read: 3s.", valueName: "span"))
  var watch: String = "3s"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The rest between two passes, 0s for none: 1s, and 5s or 20s while users write.", valueName: "span"))
  var interval: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The time between the last pass and the freeze that is counted: 10s.", valueName: "span"))
  var lag: String = "10s"

  @Option(name: .long, help: ArgumentHelp("Write the report's JSON document here, too.", valueName: "file"))
  var report: String?

  @Option(name: .long, help: ArgumentHelp("Write the report as one page.", valueName: "file"))
  var html: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(name: .long, help: ArgumentHelp("warn: end with 10 for go with care.", valueName: "result"))
  var exitOn: PreflightCommand.ExitOn = .block

  @OptionGroup var global: GlobalOptions

  enum Sink: String, ExpressibleByArgument, CaseIterable { case scratch, null }

  func validate() throws {
    if sink == .null, !scratchTargets.isEmpty || keepScratch {
      throw ValidationError("--sink null makes nothing, so --scratch-target and --keep-scratch have no meaning")
    }
  }

  func perform(_ session: Session) throws -> Outcome {
    let times = (
      try DurationArgument.duration(watch, for: "--watch"),
      try interval.map { try $0 == "0s" ? .zero : DurationArgument.duration($0, for: "--interval") },
      try DurationArgument.duration(lag, for: "--lag"), try hooks()
    )
    var plan = try PlanReader.read(path: plan)
    let hash = plan.hash
    if let rate = session.settings.rate { plan.budget.rate = rate }
    if let floor = session.settings.freeFloor { plan.budget.freeFloor = floor }
    let access = try PlannedAccess(plan, session: session, profilePath: profile)
    let archive = RehearsalFiles(run: session.runID, stateDirectory: access.access.stateDirectory)
    try archive.create()
    let places = try ScratchPlaces(
      plan, parent: scratch ?? archive.scratch, databases: scratchTargets, access: access, sinkIsNull: sink == .null)
    var isDone = false
    defer { if !isDone { try? places.remove() } }
    var request = request(plan, access, places)
    request.preflight.planHash = hash
    if let interval = times.1 {
      (request.rest, request.restInUse, request.restBehindLog) = (interval, interval, interval)
    }
    (request.watchTime, _, request.lag, request.hookTimes) = times
    request.ledgerPath = archive.ledger
    let result = try Migration.rehearse(request, observer: session.observer, stop: session.stop)
    let texts = places.nodes.first.flatMap {
      RepairedTexts.of($0, profiles: access.profiles, stateDirectory: places.directory + "/state")
    }
    if !keepScratch { remove(places, sparing: result.impact?.isInUse == true, session) }
    isDone = true
    let kept = keepScratch ? places.directory : nil
    let run = RehearsedRun(plan: plan, hash: hash, planPath: self.plan, session: session)
    return try finish(result, texts, run, archive, kept: kept)
  }

  private func request(_ plan: Plan, _ access: PlannedAccess, _ places: ScratchPlaces) -> RehearsalRequest {
    var scratchPlan = plan
    scratchPlan.archive = places.directory + "/archive"
    scratchPlan.target.nodes = places.nodes
    scratchPlan.target.createsSchema = true
    var request = RehearsalRequest(
      plan: plan, preflight: access.preflight(isPlanned: true), stores: access.stores(nodes: places.nodes),
      scratchPlan: scratchPlan, scratchDirectory: places.directory, toolVersion: ToolVersion.current)
    request.scratchFileNodes = places.fileNodes
    request.sinkIsNull = sink == .null
    let (profiles, first) = (access.profiles, places.nodes.first)
    if let first { request.fence = { try AllStores.fence(first, profiles: profiles) } }
    return request
  }

  private func hooks() throws -> [HookName: Duration] {
    var times: [HookName: Duration] = [:]
    for text in hookTimes {
      let parts = text.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let name = HookName(rawValue: String(parts[0])) else {
        throw MigrationError(
          .usage, "--hook-time \(text) names no hook",
          cause: "it is one of \(HookName.allCases.map(\.rawValue).joined(separator: ", ")), an equals sign and a span",
          safeNow: "nothing was read or changed", next: ["--hook-time freeze=3s"])
      }
      times[name] = try DurationArgument.duration(String(parts[1]), for: "--hook-time \(name.rawValue)")
    }
    return times
  }

  // MARK: - The end

  /// What was measured is not lost because a scratch place cannot be emptied.
  private func remove(_ places: ScratchPlaces, sparing: Bool, _ session: Session) {
    do { try places.remove(sparing: sparing) } catch {
      let failure = Session.failure(error)
      session.observer.observe(
        .notice(
          level: .warn, code: "scratch-left", text: "scratch places were not emptied: \(failure.message)",
          next: ["the next rehearsal of this plan empties them"]))
    }
  }

  private func finish(
    _ result: RehearsalResult, _ texts: RepairedTexts?, _ run: RehearsedRun, _ files: RehearsalFiles, kept: String?
  ) throws -> Outcome {
    let session = run.session
    var status = result.verdict.statuses.first ?? .ok
    if status == .ok, result.verdict.word == .goWithCare, exitOn == .warn { status = .warnings }
    let next = run.next(result, report: files.report)
    var document = RehearsalDocument(result: result, run: run, status: status, next: next, texts: texts).document
    if let previous = RehearsalRecord.read(of: run.hash, stateDirectory: files.stateDirectory) {
      document.compare(with: previous, previous.reportPath.flatMap { try? ReportDocument.read($0).document })
    }
    try write(document, files, session)
    let record = RehearsalRecord(
      run: session.runID, plan: run.hash, finished: .now, toolVersion: ToolVersion.current,
      fingerprint: result.fingerprint, verdict: result.verdict.word, likely: result.verdict.median,
      atWorst: result.verdict.p90, reportPath: files.report)
    try record.write(stateDirectory: files.stateDirectory)
    var options = RenderOptions()
    options.width = session.outputWidth
    options.asciiOnly = !TermCaps.isUTF8(session.environment)
    var rest = "Nothing was changed on the source or on a target of the plan.\nReport: \(files.report)"
    if let kept { rest += "\nKept in \(kept) until the plan is rehearsed again." }
    return Outcome(
      status, text: document.text(options) + rest, members: RehearsalDocument.members(result, run, files),
      reasons: result.verdict.statuses.isEmpty && status != .ok ? [status] : result.verdict.statuses, next: next)
  }

  private func write(_ document: ReportDocument, _ files: RehearsalFiles, _ session: Session) throws {
    let json = try document.json()
    for path in [files.report] + (report.map { [$0] } ?? []) { try write(json, "json", path, session) }
    guard let html else { return }
    var options = RenderOptions()
    options.checksum = json.withUnsafeBytes { Digest.checksum(.sha256, $0) }
    try write(document.rendered(as: .html, options), "html", html, session)
  }

  private func write(_ bytes: [UInt8], _ format: String, _ path: String, _ session: Session) throws {
    try bytes.withUnsafeBytes { try Folder.replace(path, with: $0) }
    session.observer.observe(
      .reportWritten(
        format: format, path: path, bytes: Int64(bytes.count),
        sha256: bytes.withUnsafeBytes { Digest.checksum(.sha256, $0) }.description))
  }
}

/// Which run it was.
struct RehearsedRun {
  var plan: Plan
  var hash: Checksum
  var planPath: String
  var session: Session

  /// Commands that make sense now.
  func next(_ result: RehearsalResult, report: String) -> [String] {
    let show = CommandLineText.noteferry(["report", report])
    switch result.verdict.word {
    case .go, .goWithCare: return [CommandLineText.noteferry(["cutover", "run", planPath]), show]
    case .noGo: return (result.preflight.blockers.first?.fix.map(\.english) ?? []) + [show]
    case .unproven: return [CommandLineText.noteferry(["rehearse", planPath]), show]
    }
  }
}

/// Where a rehearsal's own files are.
struct RehearsalFiles {
  var run: String
  var stateDirectory: String

  var folder: String { "\(stateDirectory)/rehearsals/\(run)" }
  var scratch: String { "\(stateDirectory)/rehearsals" }
  var report: String { folder + "/report.json" }
  var ledger: String { folder + "/ledger.ndjson" }

  func create() throws { try Folder.create(folder) }
}
