import DurableIO

extension Journey {
  /// The naive loads share one schema of one server.
  private static let turn = Monitor()

  /// Moves the same store in the naive ways, and counts what each of them lost.
  ///
  /// - Returns: `nil` where nothing was moved: noteferry refused, or the scenario is about a damaged archive.
  func baseline(_ report: Report, connection: String) throws -> BaselineTable.Row? {
    let moved = report.statuses.contains { $0.step == .import && [0, 10, 12, 31].contains($0.status) }
    guard moved, scenario.damage.isEmpty, !scenario.store.product.isEmpty,
      let source = try? ItemCensus(scenario.store, built.path), let target = try? ItemCensus(scenario.store, target)
    else { return nil }
    var row = BaselineTable.Row(family: scenario.family)
    row.notes = source.notes.count
    row.attachments = source.attachments.count
    row.lostByNoteferry = source.losses(in: target, orMeant: try built.twin.map { try ItemCensus(scenario.store, $0) })
    row.toldByNoteferry = (
      min(row.lostByNoteferry.notes, Int(report.told["note"] ?? 0)),
      min(row.lostByNoteferry.attachments, Int(report.told["attachment"] ?? 0))
    )
    try Self.turn.locked {
      for method in NaiveMethod.allCases {
        let arrived = try method.arrived(
          scenario.store, source: built.path, directory: directory, postgreSQL: connection)
        row.lost[method] = source.losses(in: arrived)
      }
    }
    return row
  }
}
