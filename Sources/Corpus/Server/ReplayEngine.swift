/// Where the scenarios of a replay are moved to.
package enum ReplayEngine: String, Sendable, CaseIterable {
  /// A database file.
  case sqlite
  /// A database of a server, and from there home into a database file.
  case postgresql
  /// A pair of both: a database file as the primary, a database of a server as its standby.
  case mixed
}
