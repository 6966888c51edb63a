import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

struct ExportCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a live store into a checksummed archive.",
    usage: "noteferry export <store> [--node <store>] -o <archive> [<options>]",
    discussion: """
      The store stays as it is; it may be in use. The archive is a directory of tar files that plain tar and sha256sum \
      can check. An export that was stopped goes on when the same command is repeated. Into an archive that is complete it \
      writes a delta: what was changed and deleted since.

      A store on another machine is ssh://[USER@]HOST[:PORT]/PATH, or ssh://HOST/?store=URL for any store there. Both \
      machines need the same noteferry, there in the search path or as ?noteferry=/PATH. Such an export begins again \
      when it was stopped.

      Through a pipe, --outline keeps what a delta must know of what went by, about 50 bytes a row, and no rows: then the \
      same command again sends a delta, to an import with --keep-open. What did not arrive is sent again with --behind.

      With --node, the store has two nodes. They are compared first, and differences end with 31. The standby is read \
      when both hold the same and it is not too far behind; else the primary. Rows that belong to one node are carried \
      of both.

      Examples:
        noteferry export data/memos_prod.db -o notes
        noteferry export data/memos_prod.db -o /mnt/usb/notes --rate 20MiB/s
        noteferry export data/memos_prod.db -o - | ssh depot 'cat > notes.tar'
        noteferry export memos.db -o - --outline sent | ssh new noteferry import - --to memos.db --create-schema --keep-open
        noteferry export data/memos_prod.db -o notes --estimate-only
        noteferry export ssh://jo@old:2222/srv/memos_prod.db -o notes
        noteferry export 'ssh://old/?store=postgresql://memos@127.0.0.1/memos' -o notes
        noteferry export a/notes.db --node b/notes.db -o notes
      """)

  @Argument(
    help: "The store: a path, sqlite:PATH?profile=NAME&data=DIR, postgresql://USER@HOST/DATABASE, ssh://HOST/PATH.")
  var store: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The archive's directory, or - for a pipe.", valueName: "archive"))
  var output: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "For a pipe: where is kept what the next delta must know; the same each time.", valueName: "directory"))
  var outline: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "For a delta into a pipe: the segment that the other end has, where later ones did not arrive.",
      valueName: "number"))
  var behind: Int?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(name: .long, help: ArgumentHelp("The checksums; by default the faster here."))
  var digest: DigestAlgorithm?

  @Option(name: .long, help: ArgumentHelp("withhold or include signing keys and tokens.", valueName: "policy"))
  var secrets: SecretsPolicy = .withhold

  @Option(
    name: .long,
    help: ArgumentHelp("The most that the source's write-ahead log may grow: 256MiB.", valueName: "size"))
  var walBudget: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The longest that a server is asked to hold one view of the store: 30min.", valueName: "time"))
  var snapshotAge: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Archive bytes between two points to go on from: 256MiB.", valueName: "size"))
  var checkpoint: String?

  @Flag(name: .long, help: "For a delta: read every attachment again, not only its length.")
  var paranoid = false

  @Flag(
    name: .long,
    help: "For a delta: pass over columns behind a long attachment, as the delta before saw them; for the last one.")
  var glance = false

  @Option(name: .long, help: ArgumentHelp("The second node of the store.", valueName: "store"))
  var node: String?

  @Option(
    name: .long,
    help: ArgumentHelp("carry or leave rows that only the standby has.", valueName: "policy"))
  var standbyRows: StandbyRows = .carry

  @Option(
    name: .long,
    help: ArgumentHelp("The most that a standby may be behind to be read: 16MiB.", valueName: "size"))
  var standbyLag: String?

  @Option(
    name: .long, help: ArgumentHelp("Write every difference between the nodes to a file.", valueName: "file"))
  var ledger: String?

  @Flag(name: .long, help: "Say how much space and time it takes, and write nothing.")
  var estimateOnly = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if outline != nil, output != "-" {
      throw ValidationError(
        "--outline is for a pipe, -o -: an archive in a directory says itself what a delta must know")
    }
    if outline != nil, RemoteAddress.isRemote(store) {
      throw ValidationError("--outline is for stores that are reached from here without ssh; run the export there")
    }
    if behind != nil, outline == nil { throw ValidationError("--behind needs --outline DIRECTORY") }
    if let behind, behind < 0 { throw ValidationError("--behind is the number of a segment, 0 for the base") }
    if glance, paranoid {
      throw ValidationError("--glance passes over columns and --paranoid reads everything: name one")
    }
  }

  var takesStandardOutput: Bool { output == "-" && !estimateOnly }

  /// - Throws: `.usage` when the size has no unit.
  func walBudgetSize() throws -> ByteCount? {
    try walBudget.map { try SizeArgument.size($0, for: "--wal-budget") }
  }

  func perform(_ session: Session) throws -> Outcome {
    if RemoteAddress.isRemote(store) { return try performRemote(session) }
    let access = StoreAccess(session: session, profilePath: profile)
    let store = try access.source(store)
    let pair = try pair(store, access: access)
    let source: any SourceStore = pair ?? store
    if estimateOnly { return try estimate(store, access: access) }
    var options = ExportOptions(stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current)
    options.algorithm = digest
    options.secrets = secrets
    options.isParanoid = paranoid
    options.isGlance = glance
    options.outline = outline
    options.behind = behind
    options.rate = session.settings.rate
    options.freeFloor = access.freeFloor
    options.walBudget = try walBudgetSize()
    if let snapshotAge { options.snapshotAge = try DurationArgument.duration(snapshotAge, for: "--snapshot-age") }
    if let checkpoint { options.checkpointInterval = try SizeArgument.size(checkpoint, for: "--checkpoint") }
    let result = try Migration.export(
      source, to: ArchivePlace(output), options: options, observer: session.observer, stop: session.stop)
    return outcome(result, pair: pair?.report, access: access)
  }

  /// The survey's numbers against the free space, without writing anything.
  private func estimate(_ source: any SourceStore, access: StoreAccess) throws -> Outcome {
    let survey = try survey(source, deep: false, observer: access.session.observer, stop: access.session.stop)
    let needed = ByteCount(survey.bytes)
    let space = output == "-" ? nil : FreeSpace.at(output)
    var lines = [
      "The archive needs at most about \(needed); \((survey.entities.reduce(0) { $0 + $1.rows }).grouped) rows."
    ]
    var status = ExitStatus.ok
    if let space {
      let floor = ByteCount(access.freeFloor.bytes(on: space))
      lines.append("At \(output) \(space.free) are free; \(floor) must stay free.")
      if space.free.rawValue < needed.rawValue + floor.rawValue {
        lines.append("It does not fit. Write to another disk, or to a pipe with -o -.")
        status = .capacity
      }
    }
    lines.append("Nothing was written.")
    return Outcome(
      status, text: lines.joined(separator: "\n"),
      members: [
        .init("expected_bytes", .integer(survey.bytes)),
        .init("rows", .integer(survey.entities.reduce(0) { $0 + $1.rows })),
        .init("fits", .bool(status == .ok)),
      ])
  }

  private func outcome(_ result: ExportResult, pair: PairReport?, access: StoreAccess) -> Outcome {
    if let changes = result.changes { return deltaOutcome(result, changes, pair: pair) }
    let conservation = Conservation(result.summary)
    var reasons: [ExitStatus] = []
    var remarks: [String] = []
    if !result.summary.isFuzzy, !conservation.isBalanced || conservation.accounts.contains(where: { $0.missing > 0 }) {
      reasons.append(.loss)
      remarks.append("Rows of the source are missing from the archive; it is NOT a complete copy.")
    }
    if conservation.accounts.contains(where: { $0.degraded > 0 }) {
      reasons.append(.partial)
      remarks.append("Some attachments could not be read; the archive says which: noteferry verify, or --events.")
    }
    if result.summary.lostTables > 0 {
      reasons.append(.partial)
      remarks.append(
        "\(Format.count(result.summary.lostTables, "table")) of the source cannot be carried; --events names them.")
    }
    if result.summary.isLogDamaged {
      reasons.append(.partial)
      remarks.append(
        "Changes that were committed last are missing: the store's write-ahead log is damaged (explain log-damaged).")
    }
    if result.summary.isFuzzy {
      reasons.append(.partial)
      remarks.append(
        "The archive is not one moment of the store: the snapshot was renewed \(Format.count(result.summary.renewals, "time")). "
          + "Export at a quieter hour, or with a larger \(access.isServer(store) ? "--snapshot-age" : "--wal-budget").")
    }
    if let pair, pair.differences > 0 { reasons.append(.partial) }
    if let pair { remarks += ResultText.lines(pair) }
    let withheld = result.summary.findings.filter { $0.kind == Finding.Kind.secretWithheld.rawValue }
      .reduce(0) { $0 + $1.count }
    if withheld > 0 {
      remarks.append(
        "\(Format.count(withheld, "secret")) (keys and tokens) withheld; --secrets include carries them too.")
    }
    let seconds = max(result.wall.seconds, 0.001)
    var lines = ResultText.conservation(conservation)
    lines.append("")
    lines += remarks
    lines.append(
      "Wrote \(ByteCount(result.bytes)) in \(Format.duration(result.wall)) "
        + "(\(Format.rate(Double(result.bytes) / seconds)))\(result.wasResumed ? ", resumed" : "").")
    lines.append("Seal \(result.seal.algorithm.rawValue) \(result.seal)")
    let next =
      output == "-"
      ? []
      // No single node of two holds all that the archive holds.
      : [
        pair == nil ? "noteferry verify \(output) --against \(store)" : "noteferry verify \(output)",
        "noteferry import \(output) --to TARGET --create-schema",
      ]
    if let first = next.first { lines.append("Next:  \(first)") }
    if let outline { lines.append("\(outline) holds the outline: the same command sends what has changed since.") }
    reasons.sort { $0.severity > $1.severity }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"),
      members: [
        .init("archive", .text(result.segment)), .init("seal", .text(result.seal.description)),
        .init("digest", .text(result.seal.algorithm.rawValue)), .init("bytes", .integer(result.bytes)),
        .init("profile", .text(result.profile)), .init("product_version", .text(SafeText(result.productVersion).text)),
        .init("resumed", .bool(result.wasResumed)),
        .init("wall_ms", .integer(Int64(result.wall.seconds * 1000))),
        .init("conservation", ResultText.json(conservation)), .init("summary", result.summary.json),
      ] + (pair.map(members) ?? []), reasons: reasons, next: next)
  }
}
