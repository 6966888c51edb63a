import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The stores of a plan, as the commands open them.
struct PlannedAccess: @unchecked Sendable {
  let plan: Plan
  let access: StoreAccess
  /// The profile that the plan names, before all others.
  let profiles: [Profile]

  init(_ plan: Plan, session: Session, profilePath: String? = nil) throws {
    self.plan = plan
    access = StoreAccess(session: session, profilePath: profilePath ?? plan.source.profileFile)
    profiles = try access.profiles(first: plan.source.profile)
  }

  /// The source with both of its nodes, and the nodes at other places than the plan's own.
  func stores(nodes places: [String]) -> PlannedStores {
    let (session, stateDirectory) = (access.session, access.stateDirectory)
    let policy = plan.target.nodePolicy
    return PlannedStores(
      source: { try source() },
      nodes: {
        try places.map { place in
          ImportNode(try AllStores.target(place, profiles: profiles)) {
            try AllStores.source(place, profiles: [$0])
          }
        }
      },
      pair: { nodes, repeated in
        guard nodes.count == 2 else { return nil }
        var options = PairOptions(policy: policy, repeated: repeated)
        options.policy = policy
        return try AllStores.pair(
          (places[0], places[1]), targets: (nodes[0].target, nodes[1].target), profiles: profiles, options: options)
      },
      readProfile: { bytes in
        _ = (session, stateDirectory)
        return try StoreAccess.readProfile(bytes)
      })
  }

  /// The source's one node, or both as one.
  func source() throws -> any SourceStore {
    let first = try AllStores.source(plan.source.place, profiles: profiles)
    guard let node = plan.source.node else { return first }
    let second = try AllStores.source(node, profiles: profiles)
    var options = SourcePair.Options(stateDirectory: access.stateDirectory)
    options.rate = plan.budget.rate
    options.ledgerPath = access.stateDirectory + "/ledger-\(access.session.runID).ndjson"
    try Folder.create(access.stateDirectory)
    return SourcePair(first, second, options: options, observer: access.session.observer, stop: access.session.stop)
  }

  func preflight(isPlanned: Bool) -> PreflightRequest {
    let (access, profiles) = (access, profiles)
    return PreflightRequest(
      plan: plan, isPlanned: isPlanned, stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current,
      source: { try AllStores.source($0, profiles: profiles) },
      inspector: { try AllStores.inspector($0, profiles: profiles, stop: $1) },
      isReplicatedPair: { try StoreAccess.isReplicatedPair($0, $1, profiles) })
  }
}
