import NoteStore

/// Tells from looks at a source whether others write to it.
///
/// Their commits wait for the disk, and that shows in no read of the source, which comes from memory. So it is not
/// measured what they feel: a run makes room for them wherever there are some.
package struct WriterWatch: Sendable {
  /// Looks without a change after which nobody counts as writing any more; two a second.
  package static let quiet = 10
  /// Of a run's writes: three quarters of the time are left to the commits of others.
  static let writeRatio = 3.0

  private var last: StoreActivity?
  private var quietLooks = quiet

  package init() {}

  /// - Returns: Whether the source is in use; never behind the first look.
  package mutating func note(_ activity: StoreActivity) -> Bool {
    quietLooks = activity == last ?? activity ? quietLooks + 1 : 0
    last = activity
    return quietLooks < Self.quiet
  }
}
