import NoteModel

/// Reads one `[[entity]]` of a profile.
enum EntityProfileReader {
  static func read(_ source: TableReader) -> EntityProfile {
    var table = source
    var uses = ColumnUses()
    var entity = EntityProfile(name: "", role: .other, tables: [], key: [])
    entity.name = name(in: &table)
    entity.role = role(in: &table)
    entity.tables = ProfileReader.names("tables", in: &table, required: true)
    entity.isRequired = table.boolean("required") ?? false
    entity.key = columns("key", as: .key, in: &table, required: true, &uses)
    entity.identity = columns("identity", as: .identity, in: &table, &uses)
    entity.requiredColumns = columns("required-columns", as: .required, in: &table, &uses)
    entity.textColumns = columns("text", as: .text, in: &table, &uses)
    entity.jsonColumns = columns("json", as: .json, in: &table, &uses)
    entity.contentColumn = column("content", as: .content, in: &table, &uses)
    entity.sizeColumn = column("size", as: .size, in: &table, &uses)
    entity.nameColumn = column("file-name", as: .fileName, in: &table, &uses)
    entity.mimeColumn = column("mime", as: .mime, in: &table, &uses)
    entity.noteColumn = column("note", as: .note, in: &table, &uses)
    entity.ownerColumn = column("owner", as: .owner, in: &table, &uses)
    entity.createdColumn = column("created", as: .created, in: &table, &uses)
    entity.changeHints = columns("change-hints", as: .changeHint, in: &table, &uses)
    entity.file = fileRule(of: entity, in: &table, &uses)
    entity.external = condition("external", in: &table, &uses)
    entity.nodeScoped = nodeRule(of: entity, in: &table, &uses)
    entity.secrets = table.tables("secret", label: "column", noun: "a secret").map { secret($0, of: entity, &uses) }
    table.finish()
    checkPlaces(of: entity, in: table)
    return entity
  }

  // MARK: - Parts

  private static func name(in table: inout TableReader) -> String {
    guard let name = table.string("name", required: true) else { return "" }
    let isSound = name.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
    }
    guard isSound, !name.isEmpty, name.utf8.count <= 64 else {
      table.problem(
        "name", "is \(ProfileProblems.quoted(name)); a name has 1 to 64 of the characters a-z, A-Z, 0-9, _ and -")
      return ""
    }
    return name
  }

  private static func role(in table: inout TableReader) -> EntityRole {
    guard let text = table.string("role", required: true) else { return .other }
    if let role = EntityRole(rawValue: text) { return role }
    let known = EntityRole.allCases.map(\.rawValue)
    table.problem(
      "role", "is \(ProfileProblems.quoted(text)); it must be one of \(known.joined(separator: ", "))",
      suggestion: NearestName.find(text, in: known))
    return .other
  }

  private static func column(
    _ key: String, as role: ColumnUses.Role, in table: inout TableReader, required: Bool = false,
    _ uses: inout ColumnUses
  ) -> String? {
    guard let name = Names.column(key, in: &table, required: required) else { return nil }
    uses.add(name, as: role, key: key, path: table.path(of: key), at: table.place(of: key), table.problems)
    return name
  }

  private static func columns(
    _ key: String, as role: ColumnUses.Role, in table: inout TableReader, required: Bool = false,
    _ uses: inout ColumnUses
  ) -> [String] {
    let items = table.strings(key, required: required) ?? []
    for (index, item) in items.enumerated() {
      let path = "\(table.path(of: key))[\(index + 1)]"
      if !Names.isSound(item.text) {
        table.problems.add(path, Names.rule, at: item.place)
      } else if item.text.hasPrefix("@") {
        table.problems.add(
          path, "is \(ProfileProblems.quoted(item.text)); names that begin with @ are reserved", at: item.place)
      } else {
        uses.add(item.text, as: role, key: key, path: path, at: item.place, table.problems)
      }
    }
    return items.map(\.text)
  }

  private static func fileRule(
    of entity: EntityProfile, in table: inout TableReader, _ uses: inout ColumnUses
  ) -> EntityProfile.FileRule? {
    guard var rule = table.table("file", noun: "a file rule") else { return nil }
    let reference = column("reference", as: .reference, in: &rule, required: true, &uses)
    let when = condition("when", in: &rule, required: true, &uses)
    let move = moveRule(of: entity, when, in: &rule)
    rule.finish()
    guard let reference, let when else { return nil }
    return EntityProfile.FileRule(referenceColumn: reference, when: when, move: move)
  }

  private static func moveRule(
    of entity: EntityProfile, _ when: EntityProfile.Condition?, in table: inout TableReader
  ) -> EntityProfile.MoveRule? {
    guard var rule = table.table("move", noun: "a rule for moving") else { return nil }
    let values = rule.strings("database", required: true)?.map(\.text) ?? []
    if let value = values.first(where: { when?.values.contains($0) == true }) {
      rule.problem("database", "has the value \(ProfileProblems.quoted(value)), which `file.when` has too")
    }
    let path = rule.string("path", required: true) ?? ""
    if let cause = EntityProfile.MoveRule.problem(ofPath: path) { rule.problem("path", cause) }
    if entity.contentColumn == nil { rule.problem("database", "needs `content`, the column with the bytes") }
    rule.finish()
    guard !values.isEmpty, entity.contentColumn != nil else { return nil }
    return EntityProfile.MoveRule(databaseValues: values, path: path)
  }

  private static func condition(
    _ key: String, in table: inout TableReader, required: Bool = false, _ uses: inout ColumnUses
  ) -> EntityProfile.Condition? {
    guard var condition = table.table(key, required: required, noun: "a condition") else { return nil }
    let name = column("column", as: .condition, in: &condition, required: true, &uses)
    let values = condition.strings("values", required: true)?.map(\.text) ?? []
    if Set(values).count < values.count { condition.problem("values", "names a value a second time") }
    condition.finish()
    guard let name else { return nil }
    return EntityProfile.Condition(column: name, values: values)
  }

  private static func nodeRule(
    of entity: EntityProfile, in table: inout TableReader, _ uses: inout ColumnUses
  ) -> EntityProfile.NodeRule? {
    guard var rule = table.table("node-scoped", noun: "a node rule") else { return nil }
    let name = column("column", as: .condition, in: &rule, required: true, &uses)
    let values = rule.strings("values", required: true)?.map(\.text) ?? []
    if Set(values).count < values.count { rule.problem("values", "names a value a second time") }
    let toSingle: EntityProfile.NodeRule.ToSingle? = choice("to-single", in: &rule)
    let toDual: EntityProfile.NodeRule.ToDual? = choice("to-dual", in: &rule)
    if toSingle ?? .keep != .keep || toDual ?? .keep != .keep, values.count != 2 {
      rule.problem("values", "must name the two nodes, the first one first, where rows are adapted")
    }
    rule.finish()
    guard let name else { return nil }
    if toDual == .make, !entity.key.contains(where: { $0.lowercased() == name.lowercased() }) {
      rule.problem("to-dual", "cannot be `make`: a copy needs a key of its own, and `key` has no \(name)")
    }
    return EntityProfile.NodeRule(
      column: name, values: values, toSingle: toSingle ?? .keep, toDual: toDual ?? .keep)
  }

  /// One of a few words.
  private static func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, in table: inout TableReader
  ) -> Choice? where Choice.RawValue == String {
    guard let text = table.string(key) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    table.problem(
      key, "is \(ProfileProblems.quoted(text)); it must be one of \(known.joined(separator: ", "))",
      suggestion: NearestName.find(text, in: known))
    return nil
  }

  private static func secret(_ source: TableReader, of entity: EntityProfile, _ uses: inout ColumnUses)
    -> EntityProfile.SecretRule
  {
    var table = source
    let member = ProfileReader.jsonMember(in: &table)
    // Without its place among the roles: one column may have several secrets.
    let name = Names.column("column", in: &table, required: true) ?? ""
    let when = condition("when", in: &table, &uses)
    table.finish()
    if let use = uses.holder(of: name, among: [.key, .content, .reference]) {
      table.problem("column", "is \(ProfileProblems.quoted(name)), which is the entity's \(use) and cannot be withheld")
    }
    if member != nil, !name.isEmpty, !entity.jsonColumns.contains(name) {
      table.problem("json-member", "needs \(ProfileProblems.quoted(name)) to be listed in `json`")
    }
    return EntityProfile.SecretRule(column: name, when: when, jsonMember: member)
  }

  /// One row's bytes cannot be in two places.
  private static func checkPlaces(of entity: EntityProfile, in table: TableReader) {
    if let file = entity.file, let external = entity.external, file.when.column == external.column,
      let value = file.when.values.first(where: external.values.contains)
    {
      table.problem("external", "has the value \(ProfileProblems.quoted(value)), which `file.when` has too")
    }
    if let file = entity.file, let external = entity.external, file.when.column == external.column,
      let value = file.move?.databaseValues.first(where: external.values.contains)
    {
      table.problem("external", "has the value \(ProfileProblems.quoted(value)), which `file.move.database` has too")
    }
  }
}

/// What the columns of one entity are used for, to find contradictions.
struct ColumnUses {
  enum Role {
    case key, identity, required, text, json, content, size, fileName, mime, note, owner, created, changeHint, reference
    case condition
  }

  private var uses: [String: [(role: Role, key: String)]] = [:]

  /// The key under which a column already has one of `roles`.
  func holder(of column: String, among roles: [Role]) -> String? {
    uses[Self.folded(column)]?.first { roles.contains($0.role) }?.key
  }

  /// Remembers a use, or reports that it contradicts an earlier one.
  mutating func add(
    _ column: String, as role: Role, key: String, path: String, at place: TOMLPositions.Place,
    _ problems: ProfileProblems
  ) {
    let name = Self.folded(column)
    for use in uses[name] ?? [] {
      if use.role == role, role != .condition {
        problems.add(path, "names \(ProfileProblems.quoted(column)) a second time", at: place)
        return
      }
      if Self.contradict(use.role, role) {
        problems.add(
          path, "names \(ProfileProblems.quoted(column)), which `\(use.key)` names too; a column cannot be both",
          at: place)
        return
      }
    }
    uses[name, default: []].append((role, key))
  }

  /// Engines compare names without regard to the case of ASCII letters.
  private static func folded(_ name: String) -> String { name.lowercased() }

  private static func contradict(_ left: Role, _ right: Role) -> Bool {
    if left == .required || right == .required { return false }
    // Bytes of an attachment are nothing else.
    if left == .content || right == .content { return true }
    switch (left, right) {
    // What is repaired as text must not be what rows, files and types are found by.
    case (.text, .key), (.key, .text), (.text, .json), (.json, .text), (.text, .reference), (.reference, .text),
      (.text, .mime), (.mime, .text), (.text, .condition), (.condition, .text):
      return true
    case (.json, .key), (.key, .json), (.json, .reference), (.reference, .json): return true
    default: break
    }
    let single: [Role] = [.size, .fileName, .mime, .note, .owner, .reference]
    return single.contains(left) && single.contains(right)
  }
}
