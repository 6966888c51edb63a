import DurableIO
import NoteModel

/// A new plan, written from a look at its stores: every setting with a comment, those that need an answer as proposals.
public struct PlanDraft: Sendable {
  /// A place and what a look at it told, in a sentence without text from a store.
  public struct Place: Sendable {
    public var place: String
    public var seen: String
    public init(place: String, seen: String) {
      self.place = place
      self.seen = seen
    }
  }

  public var source: Place
  public var node: Place?
  public var profile: String?
  public var profileFile: String?
  /// One or two, the primary first.
  public var targets: [Place]
  public var createsSchema: Bool
  public var archive: String?

  public init(source: Place, targets: [Place], createsSchema: Bool) {
    self.source = source
    self.targets = targets
    self.createsSchema = createsSchema
  }

  /// A name to type, out of the last part of the source's place: `memos_prod` for `data/memos_prod.db`.
  public var confirmName: String {
    let last = Folder.lastComponent(of: String(source.place.prefix { $0 != "?" }))
    let letters = last.unicodeScalars.map {
      $0.isASCII
        && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "._-".unicodeScalars.contains($0))
        ? Character($0) : "-"
    }
    var name = String(letters.prefix(40))
    if let dot = name.lastIndex(of: "."), dot > name.startIndex { name = String(name[..<dot]) }
    return name.count < 2 ? "the-store" : name
  }

  /// The file's text, which `PlanReader` takes.
  public var text: String {
    """
    # What a rehearsal and a cutover do. No store is touched by this file alone.
    # Judge it: noteferry plan check FILE. Look before the night: noteferry preflight FILE.
    schema = 1

    # Typed by whoever freezes the store, rolls back or gives the old store up. ASCII on purpose.
    confirm-name = \(Plan.text(confirmName))

    # Where the archive is made, which needs as much space as the store. "-": in the state directory.
    archive = \(Plan.text(archive ?? "-"))

    [source]
    \(comment(source))place = \(Plan.text(source.place))
    \(sourceRest)
    [target]
    \(targets.map(comment).joined())# One store, or a primary and its standby.
    nodes = [\(targets.map { Plan.text($0.place) }.joined(separator: ", "))]
    # When a node fails: "both" stops, "primary-first" goes on without the standby.
    node-policy = "both"
    # Whether the product's tables are made where there are none.
    create-schema = \(createsSchema)

    \(Self.rest)
    """
  }

  private func comment(_ place: Place) -> String { place.seen.isEmpty ? "" : "# \(place.seen)\n" }

  private var sourceRest: String {
    var lines = node.map { "\(comment($0))node = \(Plan.text($0.place))\n" } ?? ""
    if let profileFile { lines += "profile-file = \(Plan.text(profileFile))\n" }
    if profileFile == nil, let profile { lines += "profile = \(Plan.text(profile))\n" }
    return lines
  }

  private static let rest = """
    [carry]
    select = "all"
    secrets = "withhold"        # or "include": signing keys and tokens travel too
    attachments = "keep"        # or "database", "files": where their bytes are afterwards
    repair = "policy"           # none, lossless, policy, inferred: how far damaged text is repaired

    [budget]
    downtime = "1h"             # the longest that users cannot write
    rollback-reserve = "10min"  # the part of it that is kept for the way back
    # free-floor = "5GiB"       # stays free on every disk; by default the larger of 2 GiB and 5 %
    # rate = "20MiB/s"          # read from the source at most; by default as fast as it goes
    # wal = "256MiB"            # how far the source's log may grow for one view
    # snapshot-age = "1h"       # how long a server is asked to hold one view

    [loss]
    # How many items may end in each bucket; "any" or a number. More of them is loss, and stops the cutover.
    repaired = "any"
    adapted = "any"
    skipped-by-rule = "any"
    degraded = 0
    quarantined = 0
    missing = 0

    [freeze]
    # "hook": your programs below. "fence": triggers in the source that expire by themselves. "both": one after the other.
    method = "fence"

    # Programs of yours: a list of words, run without a shell, with a limit. Each learns from its environment
    # NOTEFERRY_HOOK, _RUN, _PLAN_HASH, _SOURCE, _TARGET_A, _TARGET_B, _CONFIRM_NAME, _DEADLINE.
    # No secrets here: use ~/.pgpass, a service file or the environment.
    # [hooks.freeze]
    # command = ["/usr/bin/systemctl", "stop", "memos"]
    # limit = "30s"
    # [hooks.thaw]
    # command = ["/usr/bin/systemctl", "start", "memos"]
    # limit = "30s"
    # [hooks.switch]
    # command = ["/usr/local/bin/point-proxy", "new"]
    # limit = "30s"
    # [hooks.switch-back]
    # command = ["/usr/local/bin/point-proxy", "old"]
    # limit = "30s"
    # [hooks.smoke]
    # command = ["/usr/local/bin/try-the-store"]
    # limit = "60s"

    [schedule]
    # window = "22:00-23:30"    # when users may be frozen
    # time-zone = "+08:00"      # or "UTC", "local"
    rehearsal-max-age = "1d"    # an older rehearsal does not count
    """ + "\n"
}

extension PlanDraft {
  /// Writes the file, durably, where there is none.
  ///
  /// - Throws: `.planExists`, `.noPermission`, `.diskFull`.
  public func write(to path: String) throws {
    func exists() -> MigrationError {
      MigrationError(
        .planExists, "\(path) exists already", cause: "a plan is never overwritten", safeNow: "nothing was changed",
        next: ["noteferry plan show \(path)", "or name another file with -o"])
    }
    guard FileStatus.of(path, followLinks: false) == nil else { throw exists() }
    let file = try File.write(path, exclusive: true, mode: 0o644)
    try file.write(text)
    try file.synchronize()
    try Folder.synchronize(Folder.parent(of: path))
  }
}
