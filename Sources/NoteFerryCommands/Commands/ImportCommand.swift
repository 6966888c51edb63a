import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteRepair
import NoteStore
import RemoteLink

extension AttachmentPlace: ExpressibleByArgument {}

struct ImportCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Fills one or two empty stores from an archive and reads them back.",
    usage: "noteferry import <archive> --to <target> [--to <standby>] [<options>]",
    discussion: """
      The target must be an empty store of the same product, or a new one with --create-schema. An import that was \
      stopped goes on when the same command is repeated. Damaged text is repaired on the way; the stored bytes are kept \
      in TARGET.noteferry-repairs, which holds text of notes and is readable by its owner alone.

      With --to twice, the first is the primary of two nodes and the second its standby. Both get the same rows and are \
      proven equal; the standby is sealed first. When a node is lost, the same command goes on when it is back. Two \
      PostgreSQL servers are asked what they are: the rows of a primary reach its own standby by their replication.

      A target on another machine is ssh://[USER@]HOST[:PORT]/PATH, or ssh://HOST/?store=URL; noteferry there fills it \
      (?noteferry=/PATH names the program).

      --attachments moves bytes between the database and files of the data directory on the way in. Moved rows are adapted \
      in the sum and read back like the others; noteferry diff against the source names them as changed.

      With --keep-open the target waits for later deltas: export them into the archive and import it again. Only the new       segments are brought in, all rows are compared, and the last import, without --keep-open, opens the target. A target       that was written to by others in between is refused.

      An archive of one node or of two can go into one node or into two. Rows that belong to one node are adapted by the \
      profile, and each is listed.

      Examples:
        noteferry import notes --to new/memos_prod.db --create-schema
        noteferry import notes --to new/memos_prod.db --repair none
        noteferry import notes --to new/memos_prod.db --create-schema --attachments files
        noteferry import notes --to a/memos_prod.db --to b/memos_prod.db --create-schema
        noteferry import notes --to postgresql://memos@a/memos --to postgresql://memos@b/memos
        noteferry import notes --to ssh://new/srv/memos_prod.db --create-schema
        noteferry import notes --to new/memos_prod.db --create-schema --keep-open
        ssh old noteferry export memos.db -o - | noteferry import - --to memos.db
        ssh old noteferry export memos.db -o - --outline sent | noteferry import - --to memos.db --keep-open
      """)

  enum Verification: String, CaseIterable, ExpressibleByArgument, Sendable { case none, full }

  @Argument(help: "The archive's directory, or - for a pipe.")
  var archive: String

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("The store to fill; twice for two nodes, the primary first.", valueName: "target"))
  var targets: [String]

  @Option(
    name: .long,
    help: ArgumentHelp(
      "When a node fails, both: stop, to be gone on with; primary-first: go on without the standby.",
      valueName: "policy"))
  var nodePolicy: NodePolicy = .both

  @Option(
    name: .long,
    help: ArgumentHelp(
      "single or dual: refuse unless --to names as many nodes; by default as many as it names.", valueName: "nodes"))
  var topology: Topology?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long a PostgreSQL server may be gone or silent before it counts as lost.", valueName: "seconds"))
  var nodePatience = 15

  @Flag(name: .long, help: "Create the store from the archive's own definitions where there is none.")
  var createSchema = false

  @Flag(name: .long, help: "Carry what is whole from a damaged archive, and list the rest.")
  var salvage = false

  @Option(
    name: .long,
    help: ArgumentHelp("full: read every row and attachment back from the target; none: do not.", valueName: "level"))
  var verify: Verification = .full

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      none: carry damaged text as it is; lossless: repair where the bytes give one right answer; policy: also by rule; \
      inferred: also guess what is gone.
      """, valueName: "tier"))
  var repair: RepairPolicy = .policy

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      keep: attachments stay where the source has them; database: their bytes go into the database; files: into files of \
      the data directory.
      """, valueName: "place"))
  var attachments: AttachmentPlace = .keep

  @Flag(
    name: .long,
    help: "Leave the target open for deltas: it is proven and keeps its mark until an import without this option.")
  var keepOpen = false

  @Flag(
    name: .long,
    help: "For the last import into such a target: pass over columns behind long attachments that it need not touch.")
  var glance = false

  @Option(name: .long, help: ArgumentHelp("Write every item that is not identical to a file.", valueName: "file"))
  var ledger: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Bytes committed at once, between two points to go on from: 64MiB.", valueName: "size"))
  var checkpoint: String?

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard nodePatience >= 0 else { throw ValidationError("--node-patience is a number of seconds, not below 0") }
    if glance, verify == .none {
      throw ValidationError("--glance looks at less in the reading back, and --verify none leaves it out: name one")
    }
    guard keepOpen else { return }
    if verify == .none { throw ValidationError("--keep-open needs --verify full: the next import builds on it") }
    if targets.contains(where: RemoteAddress.isRemote) {
      throw ValidationError("--keep-open is for targets that are reached from here without ssh")
    }
  }

  func perform(_ session: Session) throws -> Outcome {
    if targets.contains(where: RemoteAddress.isRemote) { return try performRemote(session) }
    let access = StoreAccess(session: session)
    var options = try options(session)
    options.part = session.part
    try requireNodes(targets.map { try node($0, access) })
    try requireTopology()
    let retry = ImportRetry(
      patience: archive == "-" ? .zero : options.patience, observer: session.observer, stop: session.stop)
    // A standby that replicates by itself has been waited for already, and a primary of its own may have a successor.
    var isReplicated = false
    let isFinal = { isReplicated }
    let result = try retry.run(isFinal: isFinal) { repeated in
      let nodes = try targets.map { try node($0, access) }
      let pair = try pair(of: nodes, access, repeated: repeated)
      isReplicated = pair?.isReplicated ?? false
      return try importArchive(
        ArchivePlace(archive), into: nodes, pair: pair, options: options, readProfile: StoreAccess.readProfile,
        observer: session.observer, stop: session.stop)
    }
    return outcome(result, again: options.command)
  }

  func node(_ target: String, _ access: StoreAccess) throws -> ImportNode {
    ImportNode(try access.target(target)) { try access.source(target, profile: $0) }
  }

  func options(_ session: Session) throws -> ImportOptions {
    let access = StoreAccess(session: session)
    var options = ImportOptions(stateDirectory: access.stateDirectory)
    options.createSchema = createSchema
    options.salvages = salvage
    options.readsBack = verify != .none
    options.keepsOpen = keepOpen
    options.isGlance = glance
    options.repair = repair
    options.attachments = attachments
    options.rate = session.settings.rate
    options.patience = .seconds(nodePatience)
    options.freeFloor = access.freeFloor
    if let checkpoint { options.batchBytes = try SizeArgument.size(checkpoint, for: "--checkpoint") }
    options.ledgerPath = ledger ?? access.stateDirectory + "/ledger-\(session.runID).ndjson"
    options.command = archive == "-" ? nil : session.commandLine
    if ledger == nil { try Folder.create(access.stateDirectory) }
    return options
  }

  func outcome(_ result: ImportResult, again: String?) -> Outcome {
    var reasons: [ExitStatus] = []
    var remarks: [String] = []
    let conservation = result.conservation
    if result.damageCount > 0 || result.seal == nil {
      reasons.append(.damaged)
      remarks.append(
        "The archive is damaged in \(Format.count(result.damageCount, "place")); "
          + (result.isSalvaged
            ? "what was whole was carried, and the ledger names the rest."
            : "the target is not complete and stays marked as unfinished."))
    }
    let comparisons = result.nodes.isEmpty ? [result.comparison] : result.nodes.map(\.comparison)
    for (index, comparison) in comparisons.enumerated() {
      guard let comparison, comparison.entities.contains(where: { $0.missing > 0 || $0.changed > 0 }) else { continue }
      reasons.append(.mismatch)
      let place = result.nodes.isEmpty ? "the target" : "node \(result.nodes[index].state.label)"
      remarks.append("\(Format.count(comparison.differenceCount, "row")) read back from \(place) differ.")
    }
    if result.areNodesEqual == false, !reasons.contains(.mismatch) {
      reasons.append(.mismatch)
      remarks.append("The two nodes differ: run noteferry diff \(targets[0]) \(targets[1]).")
    }
    if result.isDegraded { reasons.append(.degraded) }
    let isFuzzy = result.summary?.isFuzzy == true
    if conservation.accounts.contains(where: { $0.missing > 0 }), !isFuzzy { reasons.append(.loss) }
    let lostTables = result.summary?.lostTables ?? 0
    let isLogDamaged = result.summary?.isLogDamaged == true
    if conservation.accounts.contains(where: { $0.degraded > 0 || $0.quarantined > 0 }) || lostTables > 0 || isFuzzy
      || isLogDamaged
    {
      reasons.append(.partial)
    }
    if lostTables > 0 {
      remarks.append("\(Format.count(lostTables, "table")) of the source could not be carried into the archive.")
    }
    if isLogDamaged {
      remarks.append(
        "Changes that were committed last are not in the archive: the source's write-ahead log was damaged.")
    }
    if let topology = result.archive.topology, topology.nodes.count == 2 {
      remarks.append(ResultText.source(topology))
      // What the one or the other node has, and the archive has not, is nowhere in the target.
      if topology.differences > 0 { reasons.append(.partial) }
    }
    if isFuzzy { remarks.append("The archive is not one moment of the store, so the target is not either.") }
    if result.comparison == nil {
      remarks.append("The target was not read back: run noteferry diff \(archive) \(targets[0]).")
    }
    var lines = ResultText.conservation(conservation)
    lines.append("")
    lines += remarks
    lines += ResultText.mapping(result)
    lines += nodeLines(result)
    if let comparison = result.comparison, result.nodes.isEmpty {
      let identical = comparison.entities.reduce(0) { $0 + $1.identical }
      lines.append("Read back from the target: \(Format.count(identical, "row")) identical, \(Self.extent(result)).")
      let extra = comparison.entities.reduce(0) { $0 + $1.extra }
      if extra > 0 { lines.append("\(Format.count(extra, "row")) of the target's own (settings) were kept.") }
    }
    lines += moved(result.attachments)
    lines += repaired(result.repairs)
    lines.append("Done in \(Format.duration(result.wall))\(result.wasResumed ? ", resumed" : "").")
    if let path = result.ledgerPath { lines.append("Ledger: \(path)") }
    reasons.sort { $0.severity > $1.severity }
    var members: [JSONValue.Member] = [
      .init("target", .text(targets[0])), .init("resumed", .bool(result.wasResumed)),
      .init("approved", .bool(result.isApproved)), .init("kept_open", .bool(result.isHeld)),
      .init("salvaged", .bool(result.isSalvaged)),
      .init("wall_ms", .integer(Int64(result.wall.seconds * 1000))),
      .init("damage", .integer(result.damageCount)), .init("repairs", json(result.repairs)),
      .init("conservation", ResultText.json(conservation)), .init("topology", ResultText.json(mapping: result)),
    ]
    if let tally = result.attachments { members.append(.init("attachments", json(tally))) }
    if let seal = result.seal { members.append(.init("seal", .text(seal.description))) }
    if let comparison = result.comparison { members.append(.init("read_back", ResultText.json(comparison))) }
    members.append(.init("read_back_extent", .text(result.readBackExtent.rawValue)))
    if let path = result.ledgerPath { members.append(.init("ledger", .text(path))) }
    if !result.nodes.isEmpty { members.append(.init("nodes", nodesJSON(result))) }
    let again = again ?? "repeat the same command"
    let isUnsealed =
      result.isDegraded || !result.nodes.isEmpty && !result.isApproved && !result.isSalvaged && !result.isHeld
    if isUnsealed {
      lines.append(
        result.isDegraded
          ? "\(degradedWords(result)) When it is back, or another one in its place, catch it up:"
          : "The pair is not sealed. When the cause is mended, go on:")
      lines.append("  \(again)")
    }
    if result.isHeld {
      lines.append(
        "The target holds everything up to segment \(result.archive.number) and keeps its mark, so it waits for deltas."
      )
      lines.append("  noteferry export STORE -o \(archive)\(archive == "-" ? " --outline DIRECTORY" : "")")
      lines.append("  then the same import; without --keep-open it opens the target.")
    }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"), members: members, reasons: reasons,
      next: isUnsealed ? [again] : archive == "-" ? [] : ["noteferry diff \(archive) \(targets[0])"],
      resumeCommand: isUnsealed ? again : nil)
  }

  private func moved(_ tally: AttachmentMoveTally?) -> [String] {
    guard let tally else { return [] }
    var lines = ["Attachments moved: \(tally.movedCount.grouped) to \(placeName(tally.place))."]
    for (entity, reasons) in tally.stayed.sorted(by: { $0.key < $1.key }) {
      for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
        lines.append("  \(Format.count(count, "row")) of \(SafeText(entity).text) stay as they are: \(reason).")
      }
    }
    return lines
  }

  private func placeName(_ place: AttachmentPlace) -> String { place == .files ? "files" : "the database" }

  private func json(_ tally: AttachmentMoveTally) -> JSONValue {
    .object([
      .init("place", .text(tally.place.rawValue)), .init("moved", .integer(tally.movedCount)),
      .init("stayed", .integer(tally.stayedCount)),
    ])
  }

  private static let tiers: [RepairTier] = [.lossless, .policy, .inferred]

  private func repaired(_ tally: RepairTally) -> [String] {
    var lines: [String] = []
    if tally.valueCount > 0, !tally.paths.isEmpty {
      let parts = Self.tiers.compactMap { tier in tally.values[tier].map { "\($0.grouped) \(tier.name)" } }
      lines.append("\(Format.count(tally.valueCount, "text")) repaired (\(parts.joined(separator: ", "))).")
      lines.append("The stored bytes of these texts: \(tally.paths.joined(separator: ", "))")
    }
    if tally.substitutes > 0 {
      lines.append(
        "\(Format.count(tally.substitutes, "value")) that the target's columns cannot hold: "
          + "kept in \(tally.paths.joined(separator: ", ")).")
    }
    if tally.setAside > 0 {
      lines.append(
        "\(Format.count(tally.setAside, "row")) that cannot stand in the target: "
          + "kept in \(tally.paths.joined(separator: ", ")).")
    }
    if tally.conversions > 0 {
      lines.append(
        "\(Format.count(tally.conversions, "value")) of another type than their columns converted, without loss.")
    }
    if tally.keptCount > 0 {
      let parts = tally.kept.sorted { $0.key < $1.key }.map { "\($0.value.grouped) \($0.key)" }
      lines.append(
        "\(Format.count(tally.keptCount, "damaged text")) left as found (\(parts.joined(separator: ", "))).")
    }
    if tally.longValues > 0 {
      lines.append("\(Format.count(tally.longValues, "text")) of more than 16 MiB: looked at, and never repaired.")
    }
    return lines
  }

  private func json(_ tally: RepairTally) -> JSONValue {
    var members: [JSONValue.Member] = [.init("policy", .text(repair.rawValue))]
    members += [
      .init("repaired", .object(Self.tiers.map { .init($0.name, .integer(tally.values[$0] ?? 0)) })),
      .init(
        "left_as_found", .object(tally.kept.sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) })),
      .init("too_long", .integer(tally.longValues)), .init("converted", .integer(tally.conversions)),
      .init("substituted", .integer(tally.substitutes)), .init("set_aside", .integer(tally.setAside)),
    ]
    if let path = tally.path { members.append(.init("file", .text(path))) }
    return .object(members)
  }
}
