extension EntityProfile {
  /// What a row holds when the bytes of its attachment are moved between the database and a file.
  public struct MoveRule: Sendable, Hashable {
    /// Texts in the column of `FileRule.when` of rows whose bytes stand in the content column; a row whose bytes are moved
    /// there gets the first. A row that gets a file has the first text of `FileRule.when`.
    public var databaseValues: [String]
    /// Where a new file lies in the data directory: `assets/{unique}_{name}`.
    public var path: String

    public init(databaseValues: [String], path: String) {
      self.databaseValues = databaseValues
      self.path = path
    }

    /// Stands for hexadecimal digits that no other row has; every path must have it.
    static let unique = "{unique}"
    /// Stands for what is safe of the attachment's own name.
    static let name = "{name}"
    /// Most bytes of `{name}`, and of the end of it that is kept when it is longer.
    private static let (nameLimit, endLimit) = (80, 16)

    /// What is wrong with a path of a profile.
    static func problem(ofPath path: String) -> String? {
      guard path.contains(unique) else { return "must have \(unique), so that no two files have one name" }
      let rest = path.replacing(unique, with: "x").replacing(name, with: "x")
      guard rest.utf8.allSatisfy({ isSafe($0) || $0 == UInt8(ascii: "/") }), path.utf8.count <= 128 else {
        return "may have \(unique), \(name) and at most 128 of the characters a-z, A-Z, 0-9, /, ., _ and -"
      }
      let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
      return parts.contains { $0.isEmpty || $0.hasPrefix(".") }
        ? "must lie in the data directory: no part of it may be empty or begin with a dot" : nil
    }

    /// The path of a row's file: of ASCII alone, inside the data directory.
    ///
    /// - Parameter name: The attachment's name as it is stored, whatever bytes it has.
    public func path(unique: String, name: [UInt8]) -> [UInt8] {
      Array(
        path.replacing(Self.unique, with: unique)
          .replacing(Self.name, with: Self.safeName(name)).utf8)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }

    /// The name with `_` for each run of other bytes, without dots in front, cut in its middle where it is too long.
    static func safeName(_ name: [UInt8]) -> String {
      var safe: [UInt8] = []
      // The end counts, too: it says what is in the file.
      let ends = name.count > 4096 ? Array(name.prefix(2048) + name.suffix(2048)) : name
      for byte in ends {
        if isSafe(byte) {
          if !safe.isEmpty || byte != UInt8(ascii: ".") { safe.append(byte) }
        } else if safe.last != UInt8(ascii: "_") {
          safe.append(UInt8(ascii: "_"))
        }
      }
      if safe.count > nameLimit { safe = safe.prefix(nameLimit - endLimit) + safe.suffix(endLimit) }
      return safe.isEmpty ? "file" : String(decoding: safe, as: UTF8.self)
    }
  }
}

/// Where an import puts the bytes of attachments.
public enum AttachmentPlace: String, CaseIterable, Sendable {
  /// Where the source has them.
  case keep
  /// Into the database.
  case database
  /// Into files of the data directory.
  case files
}
