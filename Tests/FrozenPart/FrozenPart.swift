import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore

/// Carries a plan's store by passes and does then, once, what a cutover does in its frozen time; prints how long that took,
/// in milliseconds. For `Scripts/prediction-check`. The source is fenced and released again.
///
/// `frozen-part PLAN STATE PASSES`
@main enum FrozenPart {
  static func main() throws {
    let words = CommandLine.arguments
    guard words.count == 4, let count = Int(words[3]) else {
      throw MigrationError(.usage, "frozen-part PLAN STATE PASSES")
    }
    let (plan, state) = (try PlanReader.read(path: words[1]), words[2])
    let profiles = Profile.builtIn
    let stores = PlannedStores(
      source: { try AllStores.source(plan.source.place, profiles: profiles) },
      nodes: {
        try plan.target.nodes.map { place in
          ImportNode(try AllStores.target(place, profiles: profiles)) { try AllStores.source(place, profiles: [$0]) }
        }
      },
      pair: { nodes, repeated in
        guard nodes.count == 2 else { return nil }
        return try AllStores.pair(
          (plan.target.nodes[0], plan.target.nodes[1]), targets: (nodes[0].target, nodes[1].target), profiles: profiles,
          options: PairOptions(repeated: repeated))
      }, readProfile: { try ProfileReader.read($0, fileName: "the archive's data/profile.toml") })
    let passes = MigrationPasses(
      plan, stores: stores, archive: plan.archive ?? state + "/archive", stateDirectory: state, toolVersion: "0",
      ledgerPath: nil, observer: SilentObserver(), stop: StopRequest())
    for _ in 0...count {
      _ = try passes.export()
      _ = try passes.apply()
    }
    let fence = try AllStores.fence(plan.source.place, profiles: profiles)
    let claim = try RunClaim(run: "frozen-part", holder: "frozen-part")
    let start = ContinuousClock.now
    try fence.raise(claim, lasting: .seconds(600))
    _ = try fence.prove(run: claim.run)
    _ = try passes.export()
    let opened = try passes.open(gate: Sealing(fence: Box(fence), run: claim.run))
    let wall = ContinuousClock.now - start
    _ = try fence.drop(run: claim.run, unsealing: true)
    guard opened.isApproved else { throw MigrationError(.targetMismatch, "the target was not opened") }
    print(Int64(wall.seconds * 1000))
  }

  private struct Box: @unchecked Sendable {
    let fence: any WriteFence
    init(_ fence: any WriteFence) { self.fence = fence }
  }

  /// Seals the source when every node is proven.
  private struct Sealing: ImportGate {
    let fence: Box
    let run: String
    func prepared() {}
    func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) throws -> Bool {
      guard isProven else { return false }
      try fence.fence.seal(run: run)
      return true
    }
  }
}
