import AllStores
import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The stores of a plan, as a cutover opens them.
struct CutoverStores {
  let plan: Plan
  let session: Session

  private var access: StoreAccess { StoreAccess(session: session, profilePath: plan.source.profileFile) }

  /// How the passes open them, anew each time.
  var planned: PlannedStores {
    let (plan, access, session) = (plan, access, session)
    return PlannedStores(
      source: {
        let first = try access.source(plan.source.place)
        guard let node = plan.source.node else { return first }
        var options = SourcePair.Options(stateDirectory: access.stateDirectory)
        options.rate = plan.budget.rate
        return SourcePair(
          first, try access.source(node), options: options, observer: session.observer, stop: session.stop)
      },
      nodes: {
        try plan.target.nodes.map { place in
          ImportNode(try access.target(place)) { try access.source(place, profile: $0) }
        }
      },
      pair: { nodes, repeated in
        guard nodes.count == 2 else { return nil }
        return try AllStores.pair(
          (plan.target.nodes[0], plan.target.nodes[1]), targets: (nodes[0].target, nodes[1].target),
          profiles: access.profiles(), options: PairOptions(policy: plan.target.nodePolicy, repeated: repeated))
      }, readProfile: StoreAccess.readProfile)
  }

  /// Digest of the source's tables, as in an archive and in the record of a rehearsal.
  func fingerprint() throws -> String {
    let snapshot = try access.source(plan.source.place).openSnapshot(SnapshotOptions())
    defer { snapshot.close() }
    return snapshot.schema.fingerprint
  }

  /// The fence of the source, as the store has it.
  func fence(_ limits: FenceLimits) throws -> any WriteFence {
    try AllStores.fence(plan.source.place, profiles: profiles(), limits: limits)
  }

  /// Asks the source without changing it.
  func inspector() throws -> any StoreInspector {
    try AllStores.inspector(plan.source.place, profiles: profiles()) {}
  }

  func lease() throws -> any StoreLease { try AllStores.lease(plan.source.place, profiles: profiles()) }

  /// Of the nodes that users can write to: a standby that replicates takes its primary's.
  func targetFences() throws -> [any WriteFence] {
    var places = plan.target.nodes
    if places.count == 2, try isReplicated(places[0], places[1]) { places.removeLast() }
    return try places.map { try AllStores.fence($0, profiles: profiles()) }
  }

  /// The way back of a run; what it remembers lies in the run's folder.
  func returnPass(_ folder: RunFolder, _ session: Session) -> ReturnPass {
    let (place, access) = (plan.source.place, access)
    return ReturnPass(
      plan, run: folder.run, stores: planned,
      former: { ImportNode(try access.target(place)) { try access.source(place, profile: $0) } },
      archive: folder.archive, stateDirectory: folder.path, toolVersion: ToolVersion.current,
      observer: session.observer, stop: StopRequest())
  }

  /// Rows in which the target's nodes differ from the archive.
  func differences(from archive: String) throws -> Int64 {
    try plan.target.nodes.reduce(0) { count, place in
      let result = try diff(
        .archive(.directory(archive)), .store(access.source(place)), secrets: plan.carry.secrets,
        stateDirectory: access.stateDirectory, readProfile: StoreAccess.readProfile, observer: session.observer,
        stop: StopRequest())
      return count + (result.isEqual ? 0 : max(1, result.differenceCount))
    }
  }

  /// A fence covers one store, so the second node of a source must be one that takes no writes of its own.
  ///
  /// - Throws: `.sourceNotAPair`.
  func requireOneWritableSource() throws {
    guard let node = plan.source.node, try !isReplicated(plan.source.place, node) else { return }
    throw MigrationError(
      .sourceNotAPair, "a source of two nodes that both take writes cannot be cut over",
      cause: "\(node) is no standby that \(plan.source.place) replicates to, so no one fence closes both",
      safeNow: "nothing was changed", next: ["name the node that users write to as the plan's source, alone"])
  }

  private func isReplicated(_ primary: String, _ standby: String) throws -> Bool {
    try StoreAccess.isReplicatedPair(primary, standby, profiles())
  }

  private func profiles() throws -> [Profile] { try access.profiles(first: plan.source.profile) }
}
