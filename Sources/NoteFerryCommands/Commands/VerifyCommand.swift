import ArgumentParser
import Migration
import NoteModel
import NoteStore
import RemoteLink

struct VerifyCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Proves that an archive is whole, and equal to a store.",
    usage: "noteferry verify <archive> [--against <store>] [<options>]",
    discussion: """
      Levels: quick looks at names, sizes, manifests and seal and reads no attachment; checksums reads every byte; full \
      also decodes every row.

      Examples:
        noteferry verify notes
        noteferry verify notes --against data/memos_prod.db
        ssh depot cat notes.tar | noteferry verify - --level full
      """)

  enum Level: String, CaseIterable, ExpressibleByArgument, Sendable { case quick, checksums, full }

  @Argument(help: "The archive's directory, or - for a pipe.")
  var archive: String

  @Option(name: .long, help: ArgumentHelp("Compare with this store too.", valueName: "store"))
  var against: String?

  @Option(name: .long, help: ArgumentHelp("How much to look at.", valueName: "level"))
  var level: Level = .checksums

  @Option(name: .long, help: ArgumentHelp("Write every item that differs to a file.", valueName: "file"))
  var ledger: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    if let against, RemoteAddress.isRemote(against) { return try performRemote(against, session) }
    let access = StoreAccess(session: session)
    let openStore: ((Profile) throws -> any SourceStore)? = against.map { store in
      { profile in try access.source(store, profile: profile) }
    }
    let result = try Migration.verify(
      ArchivePlace(archive), against: openStore, level: VerifyLevel(rawValue: level.rawValue)!,
      stateDirectory: access.stateDirectory, rate: session.settings.rate, ledgerPath: ledger,
      readProfile: StoreAccess.readProfile, observer: session.observer, stop: session.stop)
    return outcome(result)
  }

  private func outcome(_ result: VerifyResult) -> Outcome {
    var reasons: [ExitStatus] = []
    var lines: [String] = []
    if result.damageCount > 0 || result.seal == nil {
      reasons.append(.damaged)
      lines.append("DAMAGED in \(Format.count(max(1, result.damageCount), "place")):")
      lines += result.damage.prefix(20).map { ResultText.line($0) }
      if result.damageCount > 20 { lines.append("  … \((result.damageCount - 20).grouped) more: --ledger FILE") }
    }
    if let comparison = result.comparison, comparison.unreadable > 0 {
      reasons.append(.unproven)
      lines.append(
        "\(Format.count(comparison.unreadable, "place")) of \(against ?? "") could not be read, "
          + "so nothing is proven about the rows there.")
    }
    if let comparison = result.comparison, comparison.differenceCount > 0 {
      reasons.append(.mismatch)
      lines.append("DIFFERENT from \(against ?? "") in \(Format.count(comparison.differenceCount, "row")):")
      lines += comparison.differences.prefix(20).map { ResultText.line($0) }
      if comparison.differenceCount > 20 {
        lines.append("  … \((comparison.differenceCount - 20).grouped) more: --ledger FILE")
      }
    }
    if let summary = result.summary {
      let rows = summary.entities.reduce(0) { $0 + $1.rows }
      let deleted = summary.entities.reduce(0) { $0 + $1.deletedRows }
      if result.isDeltaAlone {
        lines.append("A delta: \(Format.count(rows, "row")), and \(deleted.grouped) that are gone.")
      } else {
        lines += ResultText.conservation(Conservation(summary))
        if let topology = result.archive.topology, topology.nodes.count == 2 {
          lines.append(ResultText.source(topology))
        }
      }
      if summary.isFuzzy {
        lines.append("The archive is fuzzy: its rows are of \(summary.renewals + 1) moments of the store.")
      }
      for finding in summary.findings where finding.severity != "info" {
        lines.append("  \(finding.severity)  \(finding.count.grouped)  \(SafeText(finding.kind).text)")
      }
    }
    if let comparison = result.comparison, comparison.isEqual {
      lines.append(
        "Equal to \(against ?? ""): \(Format.count(comparison.entities.reduce(0) { $0 + $1.identical }, "row")), "
          + "attachments byte for byte\(result.archive.secretsIncluded ? "" : "; withheld secrets not compared").")
    }
    if reasons.isEmpty, let seal = result.seal {
      let seconds = max(result.wall.seconds, 0.001)
      lines.append(
        level == .quick
          ? "Names, sizes, manifests and seal agree; rows and attachments were not read."
          : "Whole (\(level.rawValue)): \(ByteCount(result.bytes)) in \(Format.duration(result.wall)) "
            + "(\(Format.rate(Double(result.bytes) / seconds))).")
      lines.append("Seal \(seal.algorithm.rawValue) \(seal)")
    }
    reasons.sort { $0.severity > $1.severity }
    var members: [JSONValue.Member] = [
      .init("whole", .bool(result.isWhole)), .init("level", .text(level.rawValue)),
      .init("bytes", .integer(result.bytes)), .init("damage", .integer(result.damageCount)),
      .init("wall_ms", .integer(Int64(result.wall.seconds * 1000))),
    ]
    if let seal = result.seal { members.append(.init("seal", .text(seal.description))) }
    if let summary = result.summary {
      if !result.isDeltaAlone { members.append(.init("conservation", ResultText.json(Conservation(summary)))) }
      members.append(.init("summary", summary.json))
    }
    if let comparison = result.comparison { members.append(.init("comparison", ResultText.json(comparison))) }
    return Outcome(reasons.first ?? .ok, text: lines.joined(separator: "\n"), members: members, reasons: reasons)
  }
}
