import DurableIO
import NoteModel
import NoteStore

/// A SQLite database as a source. See `SourceOpening` for what is read and what is refused.
public final class SQLiteSource: SourceStore {
  public let location: StoreLocation
  private let profiles: [Profile]

  /// - Parameter profiles: The products that a store without a named profile is probed for, the likeliest first.
  public init(_ location: StoreLocation, profiles: [Profile]) {
    self.location = location
    self.profiles = profiles
  }

  public var name: String { location.path }

  /// The database and its log, whose lengths also tell what the store needs, and the data directory where it is named.
  public var guardedPaths: [String] {
    [location.path, location.path + "-wal"] + (location.dataDirectory.map { [$0] } ?? [])
  }

  /// The database and its `-wal`.
  public var byteCount: ByteCount {
    let files = [location.path, location.path + "-wal"].compactMap { FileStatus.of($0) }
    return ByteCount(files.reduce(0) { $0 + ($1.isRegularFile ? $1.byteCount : 0) })
  }

  public func openSnapshot(_ options: SnapshotOptions) throws -> any SourceSnapshot {
    let (connection, finding) = try SourceOpening.open(location.path)
    return try SQLiteSnapshot(connection, location, profiles, options, noticed: finding)
  }
}

/// SQLite by its C library.
public enum SQLiteEngine: StoreEngine {
  public static var scheme: String { "sqlite" }

  public static func source(_ location: StoreLocation, profiles: [Profile]) throws -> any SourceStore {
    SQLiteSource(location, profiles: profiles)
  }

  public static func target(_ location: StoreLocation, profiles: [Profile]) throws -> any TargetStore {
    SQLiteTarget(location, profiles: profiles)
  }

  public static func idle(_ location: StoreLocation, profiles: [Profile]) throws -> any IdleStore {
    SQLiteIdleStore(location, profiles: profiles)
  }

  public static func fence(_ location: StoreLocation, profiles: [Profile], limits: FenceLimits) throws -> any WriteFence
  {
    SQLiteFence(location, limits: limits)
  }

  public static func lease(_ location: StoreLocation, profiles: [Profile]) throws -> any StoreLease {
    SQLiteLease(location)
  }

  public static func inspector(
    _ location: StoreLocation, profiles: [Profile], stop: @escaping @Sendable () throws -> Void
  ) throws -> any StoreInspector {
    SQLiteInspector(location, profiles: profiles, stop: stop)
  }
}

extension StoreLocation {
  /// The product's data directory as an absolute path: the one that is named, or the profile's beside the database.
  func dataDirectory(of profile: Profile) -> String {
    var directory = dataDirectory ?? ""
    if directory.isEmpty {
      let base = Folder.parent(of: path)
      directory =
        profile.dataDirectory.isEmpty || profile.dataDirectory == "."
        ? base : profile.dataDirectory.hasPrefix("/") ? profile.dataDirectory : base + "/" + profile.dataDirectory
    }
    return Folder.resolve(directory) ?? directory
  }
}
