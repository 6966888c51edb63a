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

  private static func location(_ text: String) throws -> StoreLocation {
    try StoreLocation(parsing: text, schemes: schemes) { FileStatus.of($0) != nil }
  }

  private static func engine(_ location: StoreLocation) -> any StoreEngine.Type {
    engines.first { $0.scheme == location.scheme }!
  }
}
