import DurableIO
import NoteModel
import NoteStore
import Synchronization

/// A database on a PostgreSQL server as a source. See `PostgreSQLSnapshot` for how it is read.
public final class PostgreSQLSource: SourceStore {
  public let location: StoreLocation
  private let address: ConnectionAddress
  private let profiles: [Profile]
  private let size = Atomic<Int64>(0)

  /// - Parameter profiles: The products that a store without a named profile is probed for, the likeliest first.
  /// - Throws: `.usage` for a location that is not understood, and for one with a password in it.
  public init(_ location: StoreLocation, profiles: [Profile]) throws {
    self.location = location
    address = try ConnectionAddress(location)
    self.profiles = profiles
  }

  public var name: String { address.name }
  public var filePath: String? { nil }

  /// The data directory where it is named; the server's own disk cannot be seen from here.
  public var guardedPaths: [String] { location.dataDirectory.map { [$0] } ?? [] }

  /// The product's tables as they lay on the server's disk when a snapshot was opened last; 0 before.
  public var byteCount: ByteCount { ByteCount(size.load(ordering: .relaxed)) }

  public func openSnapshot(_ options: SnapshotOptions) throws -> any SourceSnapshot {
    let snapshot = try PostgreSQLSnapshot(address, location, profiles, options)
    size.store(try snapshot.tableByteCount(), ordering: .relaxed)
    return snapshot
  }
}

/// PostgreSQL by its C library.
public enum PostgreSQLEngine: StoreEngine {
  public static var scheme: String { "postgresql" }

  public static func source(_ location: StoreLocation, profiles: [Profile]) throws -> any SourceStore {
    try PostgreSQLSource(location, profiles: profiles)
  }

  public static func target(_ location: StoreLocation, profiles: [Profile]) throws -> any TargetStore {
    _ = try ConnectionAddress(location)
    return PostgreSQLTarget(location, profiles: profiles)
  }

  public static func inspector(
    _ location: StoreLocation, profiles: [Profile], stop: @escaping @Sendable () throws -> Void
  ) throws -> any StoreInspector {
    PostgreSQLInspector(location, try ConnectionAddress(location), stop: stop)
  }

  public static func idle(_ location: StoreLocation, profiles: [Profile]) throws -> any IdleStore {
    throw MigrationError(
      .usage, "texts on a PostgreSQL server cannot be repaired in place",
      cause: "\(try ConnectionAddress(location).name) is a server", safeNow: "nothing was read or changed",
      next: ["export it, and repair on the way into a new store: noteferry import --repair"])
  }

  public static func fence(_ location: StoreLocation, profiles: [Profile], limits: FenceLimits) throws -> any WriteFence
  {
    try PostgreSQLFence(location, profiles: profiles, limits: limits)
  }

  public static func scratch(_ location: StoreLocation) throws -> (any ScratchStore)? {
    PostgreSQLScratch(try ConnectionAddress(location))
  }

  public static func lease(_ location: StoreLocation, profiles: [Profile]) throws -> any StoreLease {
    try PostgreSQLLease(location, profiles: profiles)
  }
}
