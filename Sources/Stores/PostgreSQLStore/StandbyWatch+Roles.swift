import NoteModel

// What the nodes are to one another, asked again and again.
extension StandbyWatch {
  /// Whether both nodes still are what they were; the first call says what that is.
  ///
  /// - Throws: `.nodesChanged`.
  func requireRoles() throws {
    let standby = try askStandby(ServerFacts.init)
    try require(standby, of: addresses.standby.name, isPrimary: false)
    let primary = try askPrimary(ServerFacts.init)
    try require(primary, of: addresses.primary.name, isPrimary: true)
    guard let first else {
      self.first = (primary, standby)
      return
    }
    guard first.primary.identifier == primary.identifier, first.primary.timeline == primary.timeline,
      primary.identifier == standby.identifier,
      standby.timeline == nil || primary.timeline == nil || standby.timeline == primary.timeline
    else {
      throw changed(
        "node A was \(first.primary.words) of the server \(first.primary.identifier) and is \(primary.words) of "
          + "\(primary.identifier); node B is \(standby.words) of \(standby.identifier)")
    }
  }

  private func require(_ facts: ServerFacts, of name: String, isPrimary: Bool) throws {
    guard facts.isInRecovery == isPrimary else { return }
    throw changed(
      isPrimary
        ? "node A, \(name), follows another server now: it cannot be written"
        : "node B, \(name), was promoted and is a primary now"
          + (facts.timeline.map { ", on timeline \($0)" } ?? "") + "; what is written to node A does not reach it")
  }

  func changed(_ cause: String) -> MigrationError {
    MigrationError(
      .nodesChanged, "the nodes are no longer what they were when the import began", cause: cause,
      next: [
        "decide which node is the primary from now on, and stop the other one",
        "make the other one its standby anew (pg_rewind, pg_basebackup)",
        "then the same command with the new primary first: it goes on from what that one has",
      ])
  }
}
