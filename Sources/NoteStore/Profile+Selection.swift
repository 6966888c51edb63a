import NoteModel

/// A product's version: numbers with dots between them, compared part by part.
struct ProductVersion: Comparable {
  let parts: [Int]

  /// One to six numbers of at most nine digits; a leading `v` is not part of it. `nil` for anything else.
  init?(_ text: String) {
    var digits = text.utf8[...]
    if digits.first == UInt8(ascii: "v") || digits.first == UInt8(ascii: "V") { digits = digits.dropFirst() }
    let pieces = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...6).contains(pieces.count) else { return nil }
    var parts: [Int] = []
    for piece in pieces {
      guard (1...9).contains(piece.count),
        piece.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      else { return nil }
      parts.append(piece.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
    }
    self.parts = parts
  }

  /// Parts that are absent count as zero.
  static func < (left: ProductVersion, right: ProductVersion) -> Bool {
    order(left, right, parts: max(left.parts.count, right.parts.count)) < 0
  }

  static func == (left: ProductVersion, right: ProductVersion) -> Bool { !(left < right) && !(right < left) }

  /// Negative, zero or positive, judged by the first `parts` parts alone.
  static func order(_ left: ProductVersion, _ right: ProductVersion, parts: Int) -> Int {
    for index in 0..<parts {
      let first = index < left.parts.count ? left.parts[index] : 0
      let second = index < right.parts.count ? right.parts[index] : 0
      if first != second { return first < second ? -1 : 1 }
    }
    return 0
  }
}

extension Profile {
  /// How a store's version stands to the versions that a profile knows.
  public enum VersionStatus: String, Sendable { case known, older, newer, unreadable }

  /// The profiles whose probe tables all exist, in their order.
  public static func probe(_ candidates: [Profile], tables: Set<String>) -> [Profile] {
    candidates.filter { profile in
      !profile.probeTables.isEmpty && profile.probeTables.allSatisfy(tables.contains)
    }
  }

  /// Compares a version marker with the bounds, each over as many parts as the bound has: `0.31.3` is known where the
  /// maximum is `0.31`.
  public func versionStatus(_ text: String) -> VersionStatus {
    guard let version = ProductVersion(text), let minimum = ProductVersion(minimumVersion),
      let maximum = ProductVersion(maximumVersion)
    else { return .unreadable }
    if ProductVersion.order(version, minimum, parts: minimum.parts.count) < 0 { return .older }
    if ProductVersion.order(version, maximum, parts: maximum.parts.count) > 0 { return .newer }
    return .known
  }

  /// The highest of several version markers, compared as numbers part by part: `0.9`, `0.10` → `0.10`.
  ///
  /// - Returns: `nil` when none of them is a version.
  public static func highestVersion(of texts: [String]) -> String? {
    var best: (text: String, version: ProductVersion)?
    for text in texts {
      guard let version = ProductVersion(text) else { continue }
      if best == nil || best!.version < version { best = (text, version) }
    }
    return best?.text
  }

  /// The highest version that the tables of a store without a marker give away; the store may be of a later one.
  ///
  /// - Parameter columns: The columns of a table; `nil` where the table does not exist.
  /// - Returns: `nil` when no hint applies.
  public func versionByTables(_ columns: (_ table: String) throws -> Set<String>?) rethrows -> String? {
    let versions = try versionHints.filter { hint in
      guard let found = try columns(hint.table) else { return false }
      return hint.column.map(found.contains) ?? true
    }.map(\.version)
    return Self.highestVersion(of: versions)
  }
}
