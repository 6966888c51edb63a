import NoteModel
import NoteStore

/// Finds out which product a store belongs to, and its version.
enum ProductVersion {
  /// The profile that is named, or the first whose tables all exist.
  static func profile(for location: StoreLocation, among profiles: [Profile], tables: [String]) throws -> Profile {
    if let name = location.profile {
      guard let profile = profiles.first(where: { $0.name == name }) else {
        throw MigrationError(
          .profileUnknown, "there is no profile \(name)",
          cause: "known are \(profiles.map(\.name).joined(separator: ", "))", safeNow: "nothing was changed",
          next: ["name one of them, or give the profile's file with --profile FILE"])
      }
      return profile
    }
    let known = Set(tables.map(foldedCase))
    if let profile = profiles.first(where: { !$0.probeTables.isEmpty && missing($0, known).isEmpty }) {
      return profile
    }
    let gaps = profiles.map { "\($0.name) needs \(missing($0, known).joined(separator: ", "))" }
    throw MigrationError(
      .sourceNotAStore, "\(location.path) belongs to no product that is known",
      cause: "tables are missing: " + gaps.joined(separator: "; "), safeNow: "nothing was changed",
      next: ["name the right file, or describe its product with --profile FILE"])
  }

  private static func missing(_ profile: Profile, _ known: Set<String>) -> [String] {
    profile.probeTables.filter { !known.contains(foldedCase($0)) }
  }

  /// The version that the store's marker gives; empty when it has none.
  static func version(_ connection: Connection, _ profile: Profile, _ shapes: [TableShape]) throws -> String {
    for probe in profile.versionProbes {
      guard let shape = shapes.first(where: { foldedCase($0.name) == foldedCase(probe.table) && $0.kind == .ordinary }),
        let column = shape.index(of: probe.column)
      else { continue }
      var sql = "SELECT \(quoted(shape.columns[column].name)) FROM \(quoted(shape.name))"
      if let name = probe.whereColumn {
        guard let place = shape.index(of: name) else { continue }
        sql += " WHERE \(quoted(shape.columns[place].name)) = \(literal(probe.whereEquals ?? ""))"
      }
      let rows = try connection.prepare(sql)
      var best = ""
      while try rows.step() {
        guard let found = text(rows, member: probe.jsonMember) else { continue }
        if best.isEmpty || compare(found, best) > 0 || compare(best, found) < 0 { best = found }
      }
      if !best.isEmpty { return best }
    }
    return ""
  }

  private static func text(_ row: Statement, member: String?) -> String? {
    var text = row.text(0)
    if let member {
      guard let document = try? JSONReader.parse(row.bytes(0)) else { return nil }
      let found = member.split(separator: ".").reduce(JSONValue?.some(document)) { $0?[String($1)] }
      guard let value = found else { return nil }
      switch value {
      case .string(let bytes): text = String(decoding: bytes, as: UTF8.self)
      case .integer(let number): text = String(number)
      default: return nil
      }
    }
    // It goes into messages and file names, so anything odd is not a version.
    let isPlain = text.utf8.allSatisfy {
      ($0 >= 0x2B && $0 <= 0x39 && $0 != 0x2F) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A)
    }
    return !text.isEmpty && text.utf8.count <= 64 && isPlain ? text : nil
  }

  /// Refuses a version that the profile does not know.
  static func check(_ version: String, _ profile: Profile, path: String) throws {
    guard !version.isEmpty else { return }
    let isOld = !profile.minimumVersion.isEmpty && compare(version, profile.minimumVersion) < 0
    let isNew = !profile.maximumVersion.isEmpty && compare(version, profile.maximumVersion) > 0
    guard isOld || isNew else { return }
    throw MigrationError(
      .storeVersion, "the store's version is not supported",
      cause: "\(path) has version \(version); the profile \(profile.name) knows \(profile.minimumVersion) to "
        + profile.maximumVersion,
      safeNow: "nothing was changed",
      next: [isNew ? "use a newer noteferry, or a profile for that version" : "let the product upgrade its store first"]
    )
  }

  /// Compares part by part as numbers, over the parts that `bound` has.
  static func compare(_ version: String, _ bound: String) -> Int {
    let left = parts(version)
    let right = parts(bound)
    for (index, part) in right.enumerated() {
      let other = index < left.count ? left[index] : 0
      if other != part { return other < part ? -1 : 1 }
    }
    return 0
  }

  private static func parts(_ version: String) -> [Int] {
    version.split(separator: ".").map { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) ?? 0 }
  }
}
