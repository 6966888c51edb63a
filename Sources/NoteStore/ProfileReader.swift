import DurableIO
import NoteModel

/// Reads a profile from its TOML text, strictly: what it does not know it refuses.
///
/// Every problem of the file is found in one reading; each has its line, its column, the path of its key and, where a
/// name looks like a slip, the name that was probably meant. Profiles.md describes every key.
public enum ProfileReader {
  /// The largest profile, in bytes: 1 MiB.
  public static let maximumByteCount = 1 << 20
  /// The only value of the key `schema` that this version reads.
  public static let schema = 1

  /// Reads a profile file.
  ///
  /// - Throws: `.profileUnknown` when there is no such file, `.noPermission`, `.profileInvalid`.
  public static func read(path: String) throws -> Profile {
    let file: File
    do { file = try File.read(path) } catch var error as MigrationError {
      if error.code == .sourceMissing { error.code = .profileUnknown }
      error.safeNow = "no store was opened; nothing was changed"
      error.next = ["name a profile file that can be read, or a built-in profile"]
      throw error
    }
    var bytes = [UInt8](repeating: 0, count: maximumByteCount + 1)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    return try bytes.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[..<count]), fileName: path) }
  }

  /// Reads a profile from the bytes of its file.
  ///
  /// - Parameter fileName: How messages call the file.
  /// - Throws: `.profileInvalid`, whose cause names all problems, one a line, at most 20 and the number of the rest.
  /// - Complexity: O(*n*) time and memory for *n* bytes, of which there may be `maximumByteCount`.
  public static func read(_ bytes: UnsafeRawBufferPointer, fileName: String) throws -> Profile {
    let problems = ProfileProblems(fileName: fileName)
    let profile = decode(bytes, problems: problems)
    guard problems.isEmpty, let profile else { throw problems.error }
    return profile
  }

  /// Reads a profile from text.
  public static func read(_ text: String, fileName: String) throws -> Profile {
    var text = text
    return try text.withUTF8 { try read(UnsafeRawBufferPointer($0), fileName: fileName) }
  }

  /// All problems of a text, by line; empty for a sound profile. For editors and tests.
  public static func problems(in bytes: UnsafeRawBufferPointer, fileName: String) -> [ProfileProblem] {
    let problems = ProfileProblems(fileName: fileName)
    _ = decode(bytes, problems: problems)
    return problems.inOrder
  }

  // MARK: - The file

  static func decode(_ bytes: UnsafeRawBufferPointer, problems: ProfileProblems) -> Profile? {
    guard var table = table(bytes, noun: "a profile", problems: problems) else { return nil }
    return readProfile(&table, sourceText: String(decoding: bytes, as: UTF8.self))
  }

  /// The outermost table of a TOML file of at most `maximumByteCount`; `nil` after a problem.
  package static func table(
    _ bytes: UnsafeRawBufferPointer, noun: String, problems: ProfileProblems
  ) -> TableReader? {
    let start = TOMLPositions.Place(line: 1, column: 1)
    guard bytes.count <= maximumByteCount else {
      problems.add("", "the file is larger than \(maximumByteCount) bytes", at: start)
      return nil
    }
    let text = Array(bytes)
    if let fault = firstUnreadableByte(text) {
      problems.add("", fault.reason, at: place(of: fault.offset, in: text))
      return nil
    }
    do {
      let root = try TOMLNode.parse(text)
      guard case .table(let members) = root.content else { return nil }
      return TableReader(members, path: "", noun: noun, place: start, problems: problems)
    } catch let error as TOMLNode.SyntaxError {
      problems.add("", "TOML: " + ProfileProblems.printable(error.reason), at: error.place)
    } catch {
      problems.add("", "cannot be parsed", at: start)
    }
    return nil
  }

  private static func firstUnreadableByte(_ text: [UInt8]) -> (offset: Int, reason: String)? {
    if let offset = text.firstIndex(of: 0) { return (offset, "the byte at offset \(offset) is a NUL") }
    do {
      _ = try UTF8Span(validating: text.span)
    } catch {
      let offset = error.byteOffsets.lowerBound
      let digits = String(text[offset], radix: 16, uppercase: true)
      return (offset, "the byte at offset \(offset) (0x\(digits)) is not valid UTF-8")
    }
    return nil
  }

  private static func place(of offset: Int, in text: [UInt8]) -> TOMLPositions.Place {
    var place = TOMLPositions.Place(line: 1, column: 1)
    for byte in text[..<offset] {
      if byte == 0x0A {
        place = TOMLPositions.Place(line: place.line + 1, column: 1)
      } else if byte & 0xC0 != 0x80 {
        place.column += 1
      }
    }
    return place
  }

  // MARK: - The profile

  private static func readProfile(_ table: inout TableReader, sourceText: String) -> Profile? {
    guard let schema = table.integer("schema", required: true) else { return nil }
    guard schema == Self.schema else {
      // Another schema may have other keys, so nothing else is judged.
      table.problem("schema", "is \(schema); this version reads profiles of schema \(Self.schema)")
      return nil
    }
    let name = readName(&table)
    let title = table.string("title", required: true) ?? ""
    let probeTables = names("probe-tables", in: &table, required: true)
    let bounds = readVersions(&table)
    let probes = table.tables("version-probe", label: "table", noun: "a version probe").map { readVersionProbe($0) }
    let hints = table.tables("version-hint", label: "table", noun: "a version hint").map { readVersionHint($0) }
    let dataDirectory = readDataDirectory(&table)
    let derived = names("derived-directories", in: &table)
    for (index, directory) in derived.enumerated() where directory.contains("/") || directory.hasPrefix("..") {
      table.problem("derived-directories", "must be names in the data directory; number \(index + 1) is a path")
    }
    let references = names("attachment-references", in: &table)
    let entityTables = table.tables("entity", label: "name", required: true, noun: "an entity")
    let entities = entityTables.map { EntityProfileReader.read($0) }
    let skipTables = table.tables("skip", label: "table", noun: "a skipped table")
    let skipped = skipTables.map { readSkip($0) }
    let invariants = table.tables("invariant", label: "name", noun: "an invariant").map { readInvariant($0) }
    table.finish()
    checkTogether(entities, entityTables, skipped, skipTables)
    checkDistinct(invariants.map(\.name), label: "invariant", in: table)
    return Profile(
      name: name, title: title, probeTables: probeTables, versionProbes: probes, minimumVersion: bounds.minimum,
      maximumVersion: bounds.maximum, dataDirectory: dataDirectory, derivedDirectories: derived, entities: entities,
      skippedTables: skipped, invariants: invariants, attachmentReferences: references,
      versionHints: hints, sourceText: sourceText)
  }

  private static func readName(_ table: inout TableReader) -> String {
    guard let name = table.string("name", required: true) else { return "" }
    let isSound = name.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || $0 == UInt8(ascii: "-")
    }
    if !isSound || name.isEmpty || name.utf8.count > 32 {
      table.problem(
        "name", "is \(ProfileProblems.quoted(name)); a name has 1 to 32 of the characters a-z, 0-9 and -")
    }
    return name
  }

  private static func readVersions(_ table: inout TableReader) -> (minimum: String, maximum: String) {
    guard var versions = table.table("versions", required: true, noun: "versions") else { return ("", "") }
    let minimum = version("minimum", in: &versions)
    let maximum = version("maximum", in: &versions)
    if let minimum, let maximum, ProductVersion(maximum)! < ProductVersion(minimum)! {
      versions.problem("maximum", "is \(maximum), which is below the minimum \(minimum)")
    }
    versions.finish()
    return (minimum ?? "", maximum ?? "")
  }

  private static func version(_ key: String, in table: inout TableReader) -> String? {
    guard let text = table.string(key, required: true) else { return nil }
    guard ProductVersion(text) != nil, text.first != "v", text.first != "V" else {
      table.problem(
        key, "is \(ProfileProblems.quoted(text)); a version is 1 to 6 numbers with dots between them, such as 0.22")
      return nil
    }
    return text
  }

  private static func readVersionProbe(_ table: TableReader) -> Profile.VersionProbe {
    var table = table
    let name = Names.table("table", in: &table) ?? ""
    let column = Names.column("column", in: &table, required: true) ?? ""
    let member = jsonMember(in: &table)
    var whereColumn: String?
    var whereEquals: String?
    if var condition = table.table("where", noun: "a probe's `where`") {
      whereColumn = Names.column("column", in: &condition, required: true)
      whereEquals = condition.string("equals", required: true)
      condition.finish()
    }
    table.finish()
    return Profile.VersionProbe(
      table: name, column: column, jsonMember: member, whereColumn: whereColumn, whereEquals: whereEquals)
  }

  private static func readVersionHint(_ table: TableReader) -> Profile.VersionHint {
    var table = table
    let name = Names.table("table", in: &table) ?? ""
    let column = Names.column("column", in: &table)
    let version = version("version", in: &table) ?? ""
    table.finish()
    return Profile.VersionHint(table: name, column: column, version: version)
  }

  /// A path into a JSON object: names with dots between them.
  static func jsonMember(in table: inout TableReader) -> String? {
    guard let path = table.string("json-member") else { return nil }
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    if parts.contains(where: \.isEmpty) || parts.count > 8 || parts.dropFirst().contains("**") || parts == ["**"] {
      table.problem("json-member", "must be 1 to 8 names with dots between them, the first of which may be **")
      return nil
    }
    return path
  }

  private static func readDataDirectory(_ table: inout TableReader) -> String {
    guard let path = table.string("data-directory") else { return "." }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if path.isEmpty || path.hasPrefix("/") || parts.contains("..") || path.utf8.contains(where: { $0 < 0x20 }) {
      table.problem(
        "data-directory",
        "is \(ProfileProblems.quoted(path)); it must lie in the directory of the database file, without '..' "
          + "(another place is named on the command line: ?data=DIRECTORY)")
    }
    return path
  }

  private static func readSkip(_ table: TableReader) -> Profile.SkippedTable {
    var table = table
    let name = Names.table("table", in: &table) ?? ""
    let reason = table.string("reason", required: true) ?? ""
    table.finish()
    return Profile.SkippedTable(table: name, reason: reason)
  }

  private static let engines = ["sqlite", "postgresql"]

  private static func readInvariant(_ table: TableReader) -> Profile.Invariant {
    var table = table
    let name = table.string("name", required: true) ?? ""
    let engine = table.string("engine")
    if let engine, !engines.contains(engine) {
      table.problem(
        "engine", "is \(ProfileProblems.quoted(engine)); it must be \(engines.joined(separator: " or "))",
        suggestion: NearestName.find(engine, in: engines))
    }
    let tables = names("tables", in: &table, required: true)
    let query = table.string("query", required: true) ?? ""
    let word = query.split(whereSeparator: \.isWhitespace).first?.lowercased()
    if !query.isEmpty, (word != "select" && word != "with") || query.contains(";") {
      table.problem("query", "must be one SELECT (or WITH) without ';'")
    }
    table.finish()
    return Profile.Invariant(name: name, engine: engine, tables: tables, query: query)
  }

  // MARK: - Lists and what must agree

  /// A list of distinct, non-empty texts.
  static func names(_ key: String, in table: inout TableReader, required: Bool = false) -> [String] {
    let items = table.strings(key, required: required) ?? []
    var seen: Set<String> = []
    for (index, item) in items.enumerated() {
      let path = "\(table.path(of: key))[\(index + 1)]"
      if !Names.isSound(item.text) {
        table.problems.add(path, Names.rule, at: item.place)
      } else if !seen.insert(item.text).inserted {
        table.problems.add(path, "names \(ProfileProblems.quoted(item.text)) a second time", at: item.place)
      }
    }
    return items.map(\.text)
  }

  /// No two entities have one name or one table, and no table is both carried and skipped.
  private static func checkTogether(
    _ entities: [EntityProfile], _ entityTables: [TableReader], _ skipped: [Profile.SkippedTable],
    _ skipTables: [TableReader]
  ) {
    var lines: [String: Int] = [:]
    var owners: [String: String] = [:]
    for (entity, reader) in zip(entities, entityTables) where !entity.name.isEmpty {
      if let line = lines[entity.name.lowercased()] {
        reader.problem("name", "is the name of the entity at line \(line) too")
      } else {
        lines[entity.name.lowercased()] = reader.place.line
      }
      for table in entity.tables where !table.isEmpty {
        if let owner = owners[table.lowercased()], owner != entity.name {
          reader.problem("tables", "names \(ProfileProblems.quoted(table)), which belongs to entity[\(owner)]")
        }
        owners[table.lowercased()] = entity.name
      }
    }
    var seen: Set<String> = []
    for (skip, reader) in zip(skipped, skipTables) where !skip.table.isEmpty {
      if let owner = owners[skip.table.lowercased()] {
        reader.problem("table", "is skipped here and carried by entity[\(owner)]")
      }
      if !seen.insert(skip.table.lowercased()).inserted { reader.problem("table", "is skipped a second time") }
    }
  }

  private static func checkDistinct(_ names: [String], label: String, in table: TableReader) {
    var seen: Set<String> = []
    for name in names where !name.isEmpty && !seen.insert(name).inserted {
      table.problem(label, "has the name \(ProfileProblems.quoted(name)) twice")
    }
  }
}

/// The names of tables and columns.
enum Names {
  static let rule = "must be a text of 1 to 128 bytes without control characters"

  static func isSound(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 128 && !name.utf8.contains { $0 < 0x20 || $0 == 0x7F }
  }

  static func table(_ key: String, in table: inout TableReader) -> String? {
    guard let name = table.string(key, required: true) else { return nil }
    guard isSound(name) else {
      table.problem(key, rule)
      return nil
    }
    return name
  }

  static func column(_ key: String, in table: inout TableReader, required: Bool = false) -> String? {
    guard let name = table.string(key, required: required) else { return nil }
    guard isSound(name) else {
      table.problem(key, rule)
      return nil
    }
    guard !name.hasPrefix("@") else {
      table.problem(key, "is \(ProfileProblems.quoted(name)); names that begin with @ are reserved")
      return nil
    }
    return name
  }
}
