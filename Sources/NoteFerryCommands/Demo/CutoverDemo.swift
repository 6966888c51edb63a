import Corpus
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The whole story on the demo's store: a rehearsal, the cutover that it predicts, and the way back, while somebody keeps
/// using the notes.
struct CutoverDemo {
  static let name = "demo-notes"

  let session: Session
  let directory: String
  let seed: UInt64
  let keeps: Bool

  init(session: Session, directory: String, seed: UInt64, keeps: Bool) throws {
    self.directory = directory
    self.seed = seed
    self.keeps = keeps
    var settings = session.settings
    settings.stateDirectory = directory + "/state"
    self.session = session.with(settings, observer: Milestones(base: session.observer))
    try DemoJourney.requireFree(directory)
  }

  private var store: DemoStore { DemoStore(directory: directory + "/live") }
  private var target: String { directory + "/moved/memos_prod.db" }
  private var service: String { directory + "/service" }
  private var plan: String { directory + "/cutover.toml" }

  func run() throws -> Outcome {
    defer { if !keeps { try? Folder.removeTree(directory) } }
    let access = StoreAccess(session: session)
    try access.freeFloor.require(
      400 << 20, at: directory, wayOut: ["noteferry demo --cutover --dir DIRECTORY-ON-ANOTHER-DISK", "--free-floor 0B"])
    let start = ContinuousClock.now
    try Folder.create(directory + "/moved")
    say("1  a live store: \(Format.count(Int64(DemoStore.notes), "note")), \(DemoStore.images) images, and a user")
    let database = try store.make(seed: seed)
    try writePlan(access.freeFloor)
    let user = DemoUser(service: service)
    try lead(to: store.path)
    let thread = user.start()
    do {
      let story = try play(user)
      try user.stop(thread)
      withExtendedLifetime(database) {}
      return try outcome(story, user, wall: .now - start)
    } catch {
      try? user.stop(thread)
      throw error
    }
  }

  /// What the commands came to.
  private struct Story {
    var rehearsal: Outcome
    var cutover: Outcome
    var rollback: Outcome
    /// What the user had written to the target.
    var onTarget: Int64
  }

  private func play(_ user: DemoUser) throws -> Story {
    while user.acknowledged < 20 { pauseBriefly() }
    say("2  rehearse: the plan against a scratch target, and nothing is changed")
    let rehearsal = try RehearseCommand.parse([
      plan, "--scratch", directory, "--watch", "1s", "--interval", "1s", "--hook-time", "switch=1s",
    ]).perform(session)
    say("   \(rehearsal.value("verdict") ?? ""), and users would be frozen for \(downtime(rehearsal))")
    try require(rehearsal)
    say("3  cutover run: base, deltas, gate, freeze, last delta, every row compared, switch")
    let hash = try PlanReader.read(path: plan).shortHash
    let cutover = try CutoverRunCommand.parse([
      plan, "--gate", "auto", "--confirm", Self.name, "--plan-hash", hash,
    ]).perform(session)
    try require(cutover)
    say(
      "   frozen for \(Format.duration(cutover.milliseconds("frozen_ms") ?? .zero)); the user writes to the new store now"
    )
    let before = user.acknowledged
    while user.acknowledged < before + 50 { pauseBriefly() }
    let onTarget = user.acknowledged - before
    say("4  cutover rollback: the old store is put back into service, with what was written since")
    let rollback = try CutoverRollbackCommand.parse([cutover.value("run") ?? "", "--confirm", Self.name]).perform(
      session)
    let after = user.acknowledged
    while user.acknowledged < after + 5 { pauseBriefly() }
    return Story(rehearsal: rehearsal, cutover: cutover, rollback: rollback, onTarget: onTarget)
  }

  private func downtime(_ rehearsal: Outcome) -> String {
    let (likely, worst) = (rehearsal.milliseconds("downtime_p50_ms"), rehearsal.milliseconds("downtime_p90_ms"))
    guard let likely, let worst else { return "a time that could not be told" }
    return "\(Format.duration(likely)), at worst \(Format.duration(worst))"
  }

  private func require(_ outcome: Outcome) throws {
    guard outcome.status != .ok else { return }
    throw MigrationError(
      .internal, "the demo did not come to its end", cause: outcome.text,
      safeNow: "only the demo's directory was written",
      next: ["noteferry demo --cutover --keep"])
  }

  private func outcome(_ story: Story, _ user: DemoUser, wall: Duration) throws -> Outcome {
    let missing = try user.missing(from: store.path)
    let isProven = missing == 0 && story.rollback.status == .ok
    let frozen = story.cutover.milliseconds("frozen_ms") ?? .zero
    let lines = [
      "Rehearsed: \(downtime(story.rehearsal)). Cutover: users were frozen for \(Format.duration(frozen)).",
      "The user's longest wait was \(Format.duration(user.longestWait)); \(Format.count(user.acknowledged, "note")) "
        + "were acknowledged, \(story.onTarget.grouped) or more of them by the new store.",
      "After the way back \(missing == 0 ? "every one of them is" : "\(missing.grouped) of them are NOT") in the "
        + "store in service.",
      "",
      "What you just saw, to try on a store of yours:",
      "  noteferry plan new STORE --to NEW.db --archive ARCHIVE -o cutover.toml",
      "  noteferry preflight cutover.toml",
      "  noteferry rehearse cutover.toml --html rehearsal.html",
      "  noteferry cutover run cutover.toml",
      "  noteferry status",
      "  noteferry cutover rollback RUN",
      "",
      keeps
        ? "Kept in \(directory); rm -r \(directory) removes it." : "The demo's files were removed; --keep keeps them.",
      "\(isProven ? "Nothing was lost" : "NOT PROVEN"), in \(Format.duration(wall)).",
    ]
    return Outcome(
      isProven ? .ok : .mismatch, text: lines.joined(separator: "\n"),
      members: [
        .init("proven", .bool(isProven)), .init("acknowledged", .integer(user.acknowledged)),
        .init("missing", .integer(missing)), .init("frozen_ms", .integer(Int64(frozen.seconds * 1000))),
        .init("longest_wait_ms", .integer(Int64(user.longestWait.seconds * 1000))),
        .init("wall_ms", .integer(Int64(wall.seconds * 1000))),
      ] + ["downtime_p50_ms", "downtime_p90_ms"].compactMap { story.rehearsal.member($0) },
      reasons: isProven ? [] : [.mismatch])
  }

  private func say(_ line: String) { if !session.settings.quiet { session.screen.line(line) } }

  // MARK: - What the operator brings

  private func lead(to path: String) throws {
    try Array(path.utf8).withUnsafeBytes { try Folder.replace(service, with: $0) }
  }

  /// Hooks are programs of the operator's; here they lead the one user.
  private func hook(_ name: String, leadingTo path: String) throws -> String {
    let file = directory + "/" + name
    let text = "#!/bin/sh\nprintf %s '\(path)' > '\(service).new' && mv '\(service).new' '\(service)'\n"
    try Array(text.utf8).withUnsafeBytes { try Folder.replace(file, with: $0) }
    return "command = [\"/bin/sh\", \(quoted(file))]\nlimit = \"5s\"\n"
  }

  private func quoted(_ text: String) -> String { JSONValue.text(text).text }

  private func writePlan(_ floor: FreeFloor) throws {
    let text = """
      schema = 1
      confirm-name = "\(Self.name)"
      archive = \(quoted(directory + "/archive"))
      [source]
      place = \(quoted(store.path))
      [target]
      nodes = [\(quoted(target))]
      create-schema = true
      [carry]
      secrets = "include"
      [budget]
      downtime = "2min"
      \(session.settings.freeFloor.map { "free-floor = \"\($0.rawValue)B\"" } ?? "")
      [freeze]
      method = "fence"
      [hooks.switch]
      \(try hook("switch", leadingTo: target))
      [hooks.switch-back]
      \(try hook("switch-back", leadingTo: store.path))
      """
    try Array(text.utf8).withUnsafeBytes { try Folder.replace(plan, with: $0) }
  }
}

/// Hands on what belongs to the story: the states of the cutover, and what is out of order.
private struct Milestones: RunObserver {
  let base: any RunObserver

  func observe(_ event: RunEvent) {
    switch event {
    case .cutover, .notice(level: .warn, _, _, _): base.observe(event)
    default: break
    }
  }
}

extension Outcome {
  fileprivate func member(_ name: String) -> JSONValue.Member? { members.first { $0.name == name } }
  fileprivate func value(_ name: String) -> String? { member(name)?.value.string }
  fileprivate func milliseconds(_ name: String) -> Duration? {
    member(name)?.value.integer.map { .milliseconds($0) }
  }
}
