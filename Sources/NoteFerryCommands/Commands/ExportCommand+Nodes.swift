import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore

extension StandbyRows: ExpressibleByArgument {}

// What an export of two nodes asks for and says.
extension ExportCommand {
  /// The store, or both of its nodes as one.
  func pair(_ first: any SourceStore, access: StoreAccess) throws -> SourcePair? {
    guard let node else {
      guard standbyLag == nil, ledger == nil, standbyRows == .carry else {
        throw MigrationError(
          .usage, "--standby-lag, --standby-rows and --ledger are about two nodes", cause: "only one store is named",
          safeNow: "nothing was read or changed", next: ["name the second node: --node STORE"])
      }
      return nil
    }
    let second = try access.source(node)
    guard second.name != first.name else {
      throw MigrationError(
        .usage, "--node names the store itself", cause: "\(first.name) is named twice",
        safeNow: "nothing was read or changed", next: ["name the second node: --node STORE"])
    }
    var options = SourcePair.Options(stateDirectory: access.stateDirectory)
    options.standbyRows = standbyRows
    if let standbyLag { options.lagLimit = try SizeArgument.size(standbyLag, for: "--standby-lag") }
    options.rate = access.session.settings.rate
    options.ledgerPath = ledger ?? access.stateDirectory + "/ledger-\(access.session.runID).ndjson"
    if ledger == nil { try Folder.create(access.stateDirectory) }
    return SourcePair(
      first, second, options: options, observer: access.session.observer, stop: access.session.stop)
  }

  func members(_ report: PairReport) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init(
        "nodes",
        .array(
          report.nodes.map {
            .object([
              .init("node", .text($0.label)), .init("role", .text($0.role.rawValue)), .init("store", .text($0.name)),
              .init("only_here", .integer($0.only)), .init("own_rows", .integer($0.own)),
            ])
          })),
      .init("read", .text(report.read)), .init("read_because", .text(report.reason)),
      .init("nodes_differ", .integer(report.differences)), .init("two_versions", .integer(report.changed)),
      .init("standby_rows", .text(report.standbyRows.rawValue)),
    ]
    if let lag = report.lag { members.append(.init("lag_bytes", .integer(lag))) }
    if let path = report.ledgerPath { members.append(.init("ledger", .text(path))) }
    return members
  }
}
