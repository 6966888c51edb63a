import DurableIO
import NoteModel
import NoteStore

/// Keeps a run from slowing its source down: watches what small reads take, and has the run rest while they take longer
/// than they took before it.
///
/// Used by one thread; the brake may be asked from any.
public final class SparedSource {
  /// For every pass while users write.
  public let brake = LoadBrake()
  private let probe: SourceProbe
  private var isWatching = false

  /// - Parameter inspector: Opened on a thread of its own, and only read from. Where it cannot be opened, nothing is held
  ///   back.
  public init(_ inspector: @escaping @Sendable () throws -> any StoreInspector) {
    probe = SourceProbe(inspector, brake: brake)
  }

  deinit { probe.stop() }

  /// Watches the source for a while without the run, and brakes from then on. Harmless when repeated.
  ///
  /// - Parameter checkpoint: Called meanwhile; throws to give it up.
  public func begin(watching span: Duration, checkpoint: () throws -> Void) throws {
    guard !isWatching else { return }
    isWatching = true
    probe.start()
    let end = ContinuousClock.now + span
    while ContinuousClock.now < end {
      try checkpoint()
      pauseBriefly()
    }
    probe.runBegins(brakes: true)
  }

  /// Lets go of the brake and of the source: nothing holds back while users cannot write. Returns at once, and a read that is
  /// under way ends by itself. Harmless when repeated.
  public func end() {
    guard isWatching else { return }
    isWatching = false
    probe.letGo()
  }
}
