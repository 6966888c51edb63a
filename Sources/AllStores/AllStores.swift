import DurableIO
import NoteModel
import NoteStore
import PostgreSQLStore
import SQLiteStore

/// Every store that noteferry knows: one line each.
public enum AllStores {
  public static let engines: [any StoreEngine.Type] = [
    SQLiteEngine.self, PostgreSQLEngine.self,
  ]

  public static var schemes: [String] { engines.map { $0.scheme } }

  /// Opens a source by its URL or path. Nothing is read until a snapshot is opened.
  ///
  /// - Parameter profiles: The profiles to probe with, in order.
  /// - Throws: `.usage` for a URL that is not understood, `.sourceMissing`.
  public static func source(_ text: String, profiles: [Profile]) throws -> any SourceStore {
    let location = try location(text)
    return try engine(location).source(location, profiles: profiles)
  }

  /// Opens a target by its URL or path. Nothing is changed until it is prepared.
  public static func target(_ text: String, profiles: [Profile]) throws -> any TargetStore {
    let location = try location(text)
    return try engine(location).target(location, profiles: profiles)
  }

  /// Names a store out of service by its URL or path. Nothing is read until it is opened.
  public static func idle(_ text: String, profiles: [Profile]) throws -> any IdleStore {
    let location = try location(text)
    return try engine(location).idle(location, profiles: profiles)
  }

  /// The fence of a store by its URL or path. Nothing is changed until it is raised.
  public static func fence(
    _ text: String, profiles: [Profile], limits: FenceLimits = FenceLimits()
  ) throws -> any WriteFence {
    let location = try location(text)
    return try engine(location).fence(location, profiles: profiles, limits: limits)
  }

  /// The lease of a store by its URL or path. Nothing is changed until it is taken.
  public static func lease(_ text: String, profiles: [Profile]) throws -> any StoreLease {
    let location = try location(text)
    return try engine(location).lease(location, profiles: profiles)
  }

  /// A place on a server for rehearsals; `nil` where the URL or path is that of a file.
  public static func scratch(_ text: String) throws -> (any ScratchStore)? {
    let location = try location(text)
    return try engine(location).scratch(location)
  }

  /// Asks questions of the store at a URL or path, or of the place where one is to be.
  ///
  /// - Parameter stop: Called now and then while an answer is waited for; throws to give it up.
  public static func inspector(
    _ text: String, profiles: [Profile], stop: @escaping @Sendable () throws -> Void
  ) throws -> any StoreInspector {
    let location = try location(text)
    return try engine(location).inspector(location, profiles: profiles, stop: stop)
  }

  /// Two stores by their URLs or paths as one target; each is filled, except of servers that fill one another.
  ///
  /// - Parameters:
  ///   - targets: What `target` opened at these places.
  /// - Throws: What `StoreEngine.pair` throws.
  public static func pair(
    _ texts: (primary: String, standby: String), targets: (primary: any TargetStore, standby: any TargetStore),
    profiles: [Profile], options: PairOptions
  ) throws -> any NodePair {
    let (primary, standby) = (try location(texts.primary), try location(texts.standby))
    if primary.scheme == standby.scheme,
      let pair = try engine(primary).pair(primary, standby, profiles: profiles, options: options)
    {
      return pair
    }
    return DualNodeTarget(primary: targets.primary, standby: targets.standby, options: options)
  }

  private static func location(_ text: String) throws -> StoreLocation {
    try StoreLocation(parsing: text, schemes: schemes) { FileStatus.of($0) != nil }
  }

  private static func engine(_ location: StoreLocation) -> any StoreEngine.Type {
    engines.first { $0.scheme == location.scheme }!
  }
}
