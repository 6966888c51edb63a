import DurableIO

/// The first failure of a run, and the groups whose waiters must be woken by it.
final class RunFailure<Group: AnyObject>: @unchecked Sendable {
  private let monitor = Monitor()
  private var first: (any Error)?
  private var watched: [ObjectIdentifier: Group] = [:]

  var error: (any Error)? { monitor.locked { first } }
  var isSet: Bool { monitor.locked { first != nil } }
  var waiting: [Group] { monitor.locked { Array(watched.values) } }

  func set(_ error: any Error) {
    monitor.locked { if first == nil || first is CancelledRun { first = error } }
  }
  func watch(_ group: Group) { monitor.locked { watched[ObjectIdentifier(group)] = group } }
  func unwatch(_ group: Group) { _ = monitor.locked { watched.removeValue(forKey: ObjectIdentifier(group)) } }
}

/// Another thread of the run has failed already; its error is the one that is told.
struct CancelledRun: Error {}
