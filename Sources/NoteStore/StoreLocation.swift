import NoteModel

/// Where a store is and how to read it: `sqlite:data/memos_prod.db?profile=memos&data=data`,
/// `postgresql://user@host/memos?profile=memos`, or a plain path.
public struct StoreLocation: Sendable, Hashable {
  /// `sqlite`; plain paths have it too, as long as it is the only engine with files.
  public var scheme: String
  /// The path; for a server all that its driver is given, without the scheme.
  public var path: String
  /// The profile's name, where one is given; else the store is probed.
  public var profile: String?
  /// The product's data directory, where it is not the profile's default.
  public var dataDirectory: String?

  public init(scheme: String, path: String, profile: String? = nil, dataDirectory: String? = nil) {
    self.scheme = scheme
    self.path = path
    self.profile = profile
    self.dataDirectory = dataDirectory
  }

  /// Reads a URL or a path. A path with `:` or `?` in it is taken as a path when such a file exists (`exists`).
  ///
  /// - Throws: `.usage` for an unknown scheme or option.
  public init(parsing text: String, schemes: [String], exists: (String) -> Bool) throws {
    if exists(text) {
      self.init(scheme: "sqlite", path: text)
      return
    }
    var rest = Substring(text)
    var scheme = "sqlite"
    if let colon = rest.firstIndex(of: ":") {
      let name = rest[..<colon]
      if name.count > 1, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+") }) {
        guard schemes.contains(String(name)) else {
          throw MigrationError(
            .usage, "the store's scheme is not known",
            cause: "'\(name):' is not one of \(schemes.map { $0 + ":" }.joined(separator: ", "))",
            safeNow: "nothing was read or changed", next: ["name the store as sqlite:PATH or PATH"])
        }
        scheme = String(name)
        rest = rest[rest.index(after: colon)...]
      }
    }
    var profile: String?
    var dataDirectory: String?
    var driverOptions: [Substring] = []
    if let mark = rest.lastIndex(of: "?") {
      for option in rest[rest.index(after: mark)...].split(separator: "&") {
        let parts = option.split(separator: "=", maxSplits: 1)
        let value = parts.count > 1 ? String(parts[1]) : ""
        switch parts.first {
        case "profile": profile = value
        case "data": dataDirectory = value
        case _ where scheme != "sqlite": driverOptions.append(option)
        default:
          throw MigrationError(
            .usage, "the store's URL has an option that is not known",
            cause: "'\(parts.first ?? "")' is neither profile nor data", safeNow: "nothing was read or changed",
            next: ["sqlite:PATH?profile=NAME&data=DIRECTORY"])
        }
      }
      rest = rest[..<mark]
    }
    // What else a server's URL says is for its driver to judge.
    let path = String(rest) + (driverOptions.isEmpty ? "" : "?" + driverOptions.joined(separator: "&"))
    self.init(scheme: scheme, path: path, profile: profile, dataDirectory: dataDirectory)
  }
}

/// An engine: makes sources, targets, stores out of service, fences and leases of one scheme.
public protocol StoreEngine: Sendable {
  static var scheme: String { get }
  static func source(_ location: StoreLocation, profiles: [Profile]) throws -> any SourceStore
  static func target(_ location: StoreLocation, profiles: [Profile]) throws -> any TargetStore
  static func idle(_ location: StoreLocation, profiles: [Profile]) throws -> any IdleStore

  /// The fence of a store that exists. Nothing is changed until it is raised.
  static func fence(_ location: StoreLocation, profiles: [Profile], limits: FenceLimits) throws -> any WriteFence

  /// The lease of a store that exists. Nothing is changed until it is taken.
  static func lease(_ location: StoreLocation, profiles: [Profile]) throws -> any StoreLease

  /// Asks questions of what is at a place, or is to be. Nothing is asked yet.
  ///
  /// - Parameter stop: Called now and then while an answer is waited for; throws to give it up.
  static func inspector(
    _ location: StoreLocation, profiles: [Profile], stop: @escaping @Sendable () throws -> Void
  ) throws -> any StoreInspector

  /// A place on a server for rehearsals; `nil` for an engine whose stores are files. Nothing is changed yet.
  static func scratch(_ location: StoreLocation) throws -> (any ScratchStore)?

  /// A primary and its standby of this engine that carry what is written from the one to the other themselves; `nil`
  /// where each of the two is to be filled. Asks both nodes and changes nothing.
  ///
  /// - Throws: `.nodesSwapped`, `.nodesBothStandby`, `.nodesSame`, `.nodesUnrelated`, `.nodesBothPrimary`; what keeps a
  ///   node from being asked.
  static func pair(
    _ primary: StoreLocation, _ standby: StoreLocation, profiles: [Profile], options: PairOptions
  ) throws -> (any NodePair)?
}

extension StoreEngine {
  public static func scratch(_ location: StoreLocation) throws -> (any ScratchStore)? { nil }

  public static func pair(
    _ primary: StoreLocation, _ standby: StoreLocation, profiles: [Profile], options: PairOptions
  ) throws -> (any NodePair)? { nil }
}
