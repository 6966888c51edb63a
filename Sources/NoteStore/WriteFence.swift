import NoteModel

/// Stops all writing to a store for a while; readers go on. Used by one thread at a time.
///
/// The fence lives in the store, not in this program: triggers that refuse, and a row that says for whom and how long. So
/// it works at once in connections that are open, it outlives the program, and it **expires by itself**: behind the
/// deadline the triggers let everything through, until the fence is sealed.
///
/// Time is the clock of the store's server, or of the machine that writes to a store in a file. What this program takes
/// the time to be never counts.
///
/// Of the store everything is fenced that has rows of its own, whether the profile knows it or not. `FenceProof.open` says
/// what cannot be fenced.
public protocol WriteFence: AnyObject {
  var name: String { get }

  /// What the store says. Changes nothing.
  func status() throws -> FenceStatus

  /// Raises the fence. When it returns, no write that was not committed before will ever be committed while the fence
  /// holds: transactions in flight have been waited for.
  ///
  /// Users wait at most `FenceLimits.blocking` at a time for it. A fence of the same run is raised anew; one of another
  /// run that has expired is taken over. Nothing is left behind when it throws.
  ///
  /// - Returns: How long the fence holds from now on.
  /// - Throws: `.fenceHeld` where another run's fence holds, with its name; `.storeLocked` where a transaction did not end
  ///   within `FenceLimits.patience`, with what is known of it; `.noPermission`, `.targetReadOnly`, `.storeLost`.
  @discardableResult
  func raise(_ claim: RunClaim, lasting duration: Duration) throws -> Duration

  /// Moves the deadline of a fence that holds: `duration` from now.
  ///
  /// - Throws: `.fenceExpired` where it does not hold any more or was broken; `.fenceHeld`, `.storeLocked`.
  func extend(run: String, lasting duration: Duration) throws

  /// Makes the fence hold for good: the point of no return. Harmless when repeated.
  ///
  /// It succeeds only while the fence has held without a gap since it was raised: a write that came through behind a
  /// deadline leaves a mark in the writer's own transaction, and the seal waits for writers that are about to.
  ///
  /// - Throws: `.fenceExpired` where it is too late, so that users may have written; `.fenceHeld`, `.storeLocked`. Where the
  ///   server is lost meanwhile, `status` tells what became of it.
  func seal(run: String) throws

  /// Lets users write again, and removes what the fence left in the store. Harmless when repeated, and without a fence.
  ///
  /// Users write when it returns, also where removal has to wait for readers: what is left then lets everything through,
  /// and the next call removes it.
  ///
  /// - Parameter unsealing: Whether a sealed fence may be dropped, which puts this store into service again.
  /// - Throws: `.fenceHeld` for a fence of another run; `.fenceSealed` for a sealed one that may not be dropped.
  func drop(run: String, unsealing: Bool) throws -> FenceRemoval

  /// Attempts to write to every table, in a transaction that is rolled back, and looks that each attempt is refused by
  /// this fence. Changes nothing.
  ///
  /// - Throws: `.fenceExpired`; `.fenceLeaks` where one was not refused, or a table has come since the fence was raised.
  func prove(run: String) throws -> FenceProof

  /// A mark of everything that is committed at this moment.
  func changeMark() throws -> ChangeMark

  /// What is known to have been committed since the mark was taken by this fence's own session.
  func changes(since mark: ChangeMark) throws -> ChangesSince

  /// Lets the store go; the fence stays. Harmless when repeated.
  func close()
}

/// How the fence treats those who use the store.
public struct FenceLimits: Sendable {
  /// The longest that users wait at a time while transactions in flight are waited for; then they get as long a rest.
  public var blocking: Duration
  /// How long raising, extending and dropping are tried.
  public var patience: Duration
  /// Called now and then while waiting; throws to give the work up.
  public var stop: @Sendable () throws -> Void

  public init(
    blocking: Duration = .milliseconds(500), patience: Duration = .seconds(30),
    stop: @escaping @Sendable () throws -> Void = {}
  ) {
    self.blocking = blocking
    self.patience = patience
    self.stop = stop
  }
}

/// Names in a store that are ours, and no part of the product's schema.
public enum ReservedName {
  /// Tables, triggers and functions of a fence.
  public static let fence = "noteferry_fence_"
  /// The table of the lease.
  public static let lease = "noteferry_lease"

  /// Whether a table, trigger or function is left out when a store's schema is read.
  public static func isPassedOver(_ name: String) -> Bool {
    let folded = name.lowercased()
    return folded.hasPrefix(fence) || folded == lease
  }
}
