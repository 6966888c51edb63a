import DurableIO
import NoteModel
import NoteStore

/// What stands for a fence where a plan freezes by its hook alone: the hook stops the service, and this looks that nobody
/// writes all the same.
///
/// Nothing is put into the store, so nothing refuses a write and nothing expires: a service that was stopped stays stopped
/// until the `thaw` hook runs. What is known is what the engine tells: whether anything was committed since the hook. Where
/// it cannot tell for certain, all rows are scanned once more in front of the seal. Two things stay open, and Cutover.md says
/// so: a program that the hook did not stop may write between the last look and the switch, and behind it; and a service that
/// comes up by itself, as after a restart of its machine, serves a store that was moved.
///
/// Its seal is a file in the run's folder.
public final class HookFence: WriteFence {
  private let store: any WriteFence
  private let path: String
  private let rescan: () throws -> Bool
  private var mark: ChangeMark?
  private var claim: RunClaim?

  /// - Parameters:
  ///   - store: The store's own fence, which is never raised.
  ///   - path: The seal's file.
  ///   - rescan: Reads all rows again; whether any of them differs from what was carried.
  public init(_ store: any WriteFence, seal path: String, rescan: @escaping () throws -> Bool) {
    self.store = store
    self.path = path
    self.rescan = rescan
  }

  public var name: String { store.name }

  public func status() throws -> FenceStatus {
    if let value = SmallFile.json(path), let run = value["run"]?.string, let holder = value["holder"]?.string {
      return .sealed(try RunClaim(run: run, holder: holder))
    }
    // Another run's fence refuses writes, whatever this plan says.
    return try store.status()
  }

  @discardableResult
  public func raise(_ claim: RunClaim, lasting duration: Duration) throws -> Duration {
    if let other = try store.status().claim, other.run != claim.run, try store.status().holds {
      throw held(by: other, "has it")
    }
    self.claim = claim
    // A server's statistics of what was written in front of the hook are up to a second late.
    for _ in 0..<150 { pauseBriefly() }
    mark = try store.changeMark()
    return duration
  }

  public func extend(run: String, lasting duration: Duration) throws {}

  /// - Throws: `.fenceLeaks` where something was committed since `raise`.
  public func seal(run: String) throws {
    guard let claim, claim.run == run, let mark else { throw expired("this program did not see the hook") }
    try require(mark, certain: true)
    let value = JSONValue.object([.init("run", .text(claim.run)), .init("holder", .text(claim.holder))])
    try SmallFile.write(value, to: path)
  }

  public func drop(run: String, unsealing: Bool) throws -> FenceRemoval {
    if case .sealed(let claim) = try status(), !unsealing { throw sealed(claim) }
    try Folder.remove(path)
    try Folder.synchronize(Folder.parent(of: path))
    return FenceRemoval()
  }

  /// Looks for some seconds that nothing is committed.
  public func prove(run: String) throws -> FenceProof {
    guard let mark else { throw expired("this program did not see the hook") }
    for _ in 0..<200 {
      try require(mark, certain: false)
      pauseBriefly()
    }
    return FenceProof(
      tables: [], attempts: 0,
      open: [.init(name: name, reason: "the plan freezes by its hook alone, so nothing refuses a write")])
  }

  public func changeMark() throws -> ChangeMark { try store.changeMark() }
  public func changes(since mark: ChangeMark) throws -> ChangesSince { try store.changes(since: mark) }
  public func close() { store.close() }

  private func require(_ mark: ChangeMark, certain: Bool) throws {
    switch try store.changes(since: mark) {
    case .none: return
    case .tables(let names): throw leaks("\(names.joined(separator: ", ")) changed behind the freeze hook")
    case .possible:
      guard certain, try rescan() else { return }
      throw leaks("rows changed behind the freeze hook")
    }
  }
}
