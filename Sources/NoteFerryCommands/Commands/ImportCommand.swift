import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteRepair

struct ImportCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Fills an empty store from an archive and reads it back.",
    usage: "noteferry import <archive> --to <target> [<options>]",
    discussion: """
      The target must be an empty store of the same product, or a new one with --create-schema. An import that was \
      stopped goes on when the same command is repeated. Damaged text is repaired on the way; the stored bytes are kept \
      in TARGET.noteferry-repairs, which holds text of notes and is readable by its owner alone.

      Examples:
        noteferry import notes --to new/memos_prod.db --create-schema
        noteferry import notes --to new/memos_prod.db --repair none
        ssh old noteferry export memos.db -o - | noteferry import - --to memos.db
      """)

  enum Verification: String, CaseIterable, ExpressibleByArgument, Sendable { case none, full }

  @Argument(help: "The archive's directory, or - for a pipe.")
  var archive: String

  @Option(name: .customLong("to"), help: ArgumentHelp("The store to fill.", valueName: "target"))
  var target: String

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

  @Option(name: .long, help: ArgumentHelp("Write every item that is not identical to a file.", valueName: "file"))
  var ledger: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Bytes committed at once, between two points to go on from: 64MiB.", valueName: "size"))
  var checkpoint: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let access = StoreAccess(session: session)
    var options = ImportOptions(stateDirectory: access.stateDirectory)
    options.createSchema = createSchema
    options.salvages = salvage
    options.readsBack = verify != .none
    options.repair = repair
    options.rate = session.settings.rate
    options.freeFloor = access.freeFloor
    if let checkpoint { options.batchBytes = try SizeArgument.size(checkpoint, for: "--checkpoint") }
    options.ledgerPath = ledger ?? access.stateDirectory + "/ledger-\(session.runID).ndjson"
    if ledger == nil { try Folder.create(access.stateDirectory) }
    let result = try importArchive(
      ArchivePlace(archive), into: access.target(target), options: options, readProfile: StoreAccess.readProfile,
      reopen: { try access.source(target, profile: $0) }, observer: session.observer, stop: session.stop)
    return outcome(result)
  }

  private func outcome(_ result: ImportResult) -> Outcome {
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
    if let comparison = result.comparison, comparison.entities.contains(where: { $0.missing > 0 || $0.changed > 0 }) {
      reasons.append(.mismatch)
      remarks.append("\(Format.count(comparison.differenceCount, "row")) read back from the target differ.")
    }
    let isFuzzy = result.summary?.isFuzzy == true
    if conservation.accounts.contains(where: { $0.missing > 0 }), !isFuzzy { reasons.append(.loss) }
    let lostTables = result.summary?.lostTables ?? 0
    let isLogDamaged = result.summary?.isLogDamaged == true
    if conservation.accounts.contains(where: { $0.degraded > 0 }) || lostTables > 0 || isFuzzy || isLogDamaged {
      reasons.append(.partial)
    }
    if lostTables > 0 {
      remarks.append("\(Format.count(lostTables, "table")) of the source could not be carried into the archive.")
    }
    if isLogDamaged {
      remarks.append(
        "Changes that were committed last are not in the archive: the source's write-ahead log was damaged.")
    }
    if isFuzzy { remarks.append("The archive is not one moment of the store, so the target is not either.") }
    if result.comparison == nil {
      remarks.append("The target was not read back: run noteferry diff \(archive) \(target).")
    }
    var lines = ResultText.conservation(conservation)
    lines.append("")
    lines += remarks
    if let comparison = result.comparison {
      let identical = comparison.entities.reduce(0) { $0 + $1.identical }
      lines.append("Read back from the target: \(Format.count(identical, "row")) identical, attachments byte for byte.")
      let extra = comparison.entities.reduce(0) { $0 + $1.extra }
      if extra > 0 { lines.append("\(Format.count(extra, "row")) of the target's own (settings) were kept.") }
    }
    lines += repaired(result.repairs)
    lines.append("Done in \(Format.duration(result.wall))\(result.wasResumed ? ", resumed" : "").")
    if let path = result.ledgerPath { lines.append("Ledger: \(path)") }
    reasons.sort { $0.severity > $1.severity }
    var members: [JSONValue.Member] = [
      .init("target", .text(target)), .init("resumed", .bool(result.wasResumed)),
      .init("approved", .bool(result.isApproved)), .init("salvaged", .bool(result.isSalvaged)),
      .init("wall_ms", .integer(Int64(result.wall.seconds * 1000))),
      .init("damage", .integer(result.damageCount)), .init("repairs", json(result.repairs)),
      .init("conservation", ResultText.json(conservation)),
    ]
    if let seal = result.seal { members.append(.init("seal", .text(seal.description))) }
    if let comparison = result.comparison { members.append(.init("read_back", ResultText.json(comparison))) }
    if let path = result.ledgerPath { members.append(.init("ledger", .text(path))) }
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"), members: members, reasons: reasons,
      next: archive == "-" ? [] : ["noteferry diff \(archive) \(target)"])
  }

  private static let tiers: [RepairTier] = [.lossless, .policy, .inferred]

  private func repaired(_ tally: RepairTally) -> [String] {
    var lines: [String] = []
    if tally.valueCount > 0, let path = tally.path {
      let parts = Self.tiers.compactMap { tier in tally.values[tier].map { "\(Format.number($0)) \(tier.name)" } }
      lines.append("\(Format.count(tally.valueCount, "text")) repaired (\(parts.joined(separator: ", "))).")
      lines.append("The stored bytes of these texts: \(path)")
    }
    if tally.keptCount > 0 {
      let parts = tally.kept.sorted { $0.key < $1.key }.map { "\(Format.number($0.value)) \($0.key)" }
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
      .init("too_long", .integer(tally.longValues)),
    ]
    if let path = tally.path { members.append(.init("file", .text(path))) }
    return .object(members)
  }
}
