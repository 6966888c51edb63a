/// How far a server is in its log of changes, for a primary and its standby.
public struct ReplicationPosition: Sendable, Hashable {
  /// Whether it replays another server's changes.
  public var isStandby: Bool
  /// Of a primary what it wrote last, of a standby what it replayed last; in bytes of the log.
  public var offset: Int64
  /// The number that a server and its standbys share; nil where it may not be asked.
  public var system: String?

  public init(isStandby: Bool, offset: Int64, system: String?) {
    self.isStandby = isStandby
    self.offset = offset
    self.system = system
  }
}
