import NoteModel
import NoteStore

/// Puts a reading plan together: result columns in the order in which they are added.
struct PlanBuilder {
  let shape: TableShape
  let profile: EntityProfile
  /// Result columns that one statement may have.
  let resultLimit: Int

  private var columns: [Column] = []
  private var steps: [EntityPlan.Step] = []
  /// Places in the table, for each column of the entity; -1 for pseudo columns.
  private var places: [Int] = []
  private var results: [String] = []
  /// The same without the bytes of contents.
  private var measuringResults: [String] = []
  /// Results that stand behind the content in a row's record, so that SQLite walks through its pages to them.
  private var behindContent: Set<Int> = []
  /// What is not a column of the table, where the columns leave no room for it.
  private var rest: [String] = []
  private let isWide: Bool
  private var conditions: [(result: Int32, expression: String)] = []
  private var secrets: [EntityPlan.Secret] = []
  private var rowID: Int32 = -1
  private var fileCondition: Int32 = -1
  private var externalCondition: Int32 = -1

  init(shape: TableShape, profile: EntityProfile, resultLimit: Int) {
    self.shape = shape
    self.profile = profile
    self.resultLimit = resultLimit
    // The row number, the length of a content, and the conditions of files, other systems and secrets.
    isWide = shape.columns.count + 4 + profile.secrets.count > resultLimit
  }

  private mutating func add(_ expression: String) -> Int32 {
    add(expression, measuring: expression)
  }

  private mutating func add(_ expression: String, measuring: String) -> Int32 {
    results.append(expression)
    measuringResults.append(measuring)
    return Int32(results.count - 1)
  }

  /// Adds a result that is not a column of the table.
  private mutating func add(extra expression: String) -> Int32 {
    guard isWide else { return add(expression) }
    rest.append(expression)
    return Int32(resultLimit + rest.count - 1)
  }

  mutating func addColumns(_ carried: [Int], rowNumberKey: Bool) {
    if let name = shape.rowIDName { rowID = add(extra: name) }
    if rowNumberKey {
      columns.append(Column(name: "@row", kind: .rowNumber, declaredType: "INTEGER"))
      places.append(-1)
      steps.append(
        EntityPlan.Step(
          kind: .rowNumber, result: rowID, affinity: .none, isText: false, isSecret: false, isSize: false))
    }
    let content = profile.contentColumn.flatMap { shape.index(of: $0) }
    let texts = Set(profile.textColumns.map(foldedCase))
    let documents = Set(profile.jsonColumns.map(foldedCase))
    let size = profile.sizeColumn.flatMap { shape.index(of: $0) }
    for place in carried {
      let column = shape.columns[place]
      let name = quoted(column.name)
      let folded = foldedCase(column.name)
      let isContent = place == content
      columns.append(
        Column(
          name: column.name, kind: isContent ? .content : .plain, declaredType: column.declaredType,
          isText: texts.contains(folded), isJSON: documents.contains(folded)))
      places.append(place)
      let result: Int32
      var length: Int32 = -1
      if isContent {
        // Neither test loads the bytes.
        result = add(
          "CASE WHEN typeof(\(name)) <> 'blob' OR length(\(name)) <= \(RecordPage.smallContentLimit) "
            + "THEN \(name) END",
          measuring: "CASE WHEN typeof(\(name)) <> 'blob' THEN \(name) END")
        length = add(extra: "CASE WHEN typeof(\(name)) = 'blob' THEN length(\(name)) ELSE -1 END")
      } else {
        result = place == shape.rowIDColumn ? rowID : add(name)
        if let content, place > content, result != rowID { behindContent.insert(Int(result)) }
      }
      steps.append(
        EntityPlan.Step(
          kind: isContent ? .content : .plain, result: result, length: length,
          affinity: Affinity(declaredType: column.declaredType),
          isText: !isContent, isSecret: false, isSize: place == size))
    }
    if profile.file.flatMap({ shape.index(of: $0.referenceColumn) }) != nil {
      columns.append(Column(name: "@file", kind: .file))
      places.append(-1)
      steps.append(
        EntityPlan.Step(kind: .file, result: -1, affinity: .none, isText: false, isSecret: false, isSize: false))
    }
  }

  /// A result column that is 1 where the condition is met; `nil` when the table has no such column.
  private mutating func add(_ condition: EntityProfile.Condition) -> Int32? {
    guard let place = shape.index(of: condition.column), !condition.values.isEmpty else { return nil }
    let values = condition.values.map(literal).joined(separator: ", ")
    let expression = "(CAST(\(quoted(shape.columns[place].name)) AS TEXT) COLLATE BINARY IN (\(values)))"
    let result = add(extra: expression)
    if let content = profile.contentColumn.flatMap({ shape.index(of: $0) }), place > content, !isWide {
      behindContent.insert(Int(result))
    }
    conditions.append((result, expression))
    return result
  }

  mutating func addSecrets() {
    for rule in profile.secrets {
      guard let place = shape.index(of: rule.column), let column = places.firstIndex(of: place) else { continue }
      // A condition on a column that does not exist cannot be tested, so the value is withheld in every row.
      let condition = rule.when.flatMap { add($0) } ?? -1
      steps[column].isSecret = true
      secrets.append(
        EntityPlan.Secret(
          column: column, condition: condition, eraser: rule.jsonMember.map { JSONMemberEraser(path: $0) },
          hidesNull: rule.jsonMember == nil && !shape.columns[place].isNotNull && !shape.columns[place].hasDefault))
    }
  }

  mutating func addConditions() {
    if let rule = profile.file, steps.last?.kind == .file { fileCondition = add(rule.when) ?? -1 }
    if let external = profile.external { externalCondition = add(external) ?? -1 }
  }

  /// Neither test loads the bytes; what is passed over is null.
  private func glancingResults(_ hidden: Set<Int>) -> [String] {
    guard let content = profile.contentColumn.flatMap({ shape.index(of: $0) }) else { return measuringResults }
    let name = quoted(shape.columns[content].name)
    let isLong = "typeof(\(name)) = 'blob' AND length(\(name)) > \(EntityPlan.walkLimit)"
    return measuringResults.enumerated().map { index, result in
      hidden.contains(index) ? "CASE WHEN \(isLong) THEN NULL ELSE (\(result)) END" : result
    }
  }

  func plan(name: String, key: [Int]) -> EntityPlan {
    let keyColumns = key.isEmpty ? [0] : key.map { places.firstIndex(of: $0)! }
    let reference = profile.file.flatMap { shape.index(of: $0.referenceColumn) }.flatMap { places.firstIndex(of: $0) }
    let note = profile.noteColumn.flatMap { shape.index(of: $0) }.flatMap { places.firstIndex(of: $0) }
    let entity = Entity(
      name: name, role: profile.role, table: shape.name, columns: columns, key: keyColumns, noteColumn: note,
      sizeColumn: steps.firstIndex(where: \.isSize), referenceColumn: reference)
    let isKeyedByRowID = key.isEmpty || key == [shape.rowIDColumn]
    let hidden = behindContent.subtracting(keyColumns.map { Int(steps[$0].result) })
    return EntityPlan(
      entity: entity, shape: shape, steps: steps, secrets: secrets, fileCondition: fileCondition,
      reference: reference.map { steps[$0].result } ?? -1, externalCondition: externalCondition, rowID: rowID,
      isKeyedByRowID: isKeyedByRowID, selection: results.joined(separator: ", "),
      measuringSelection: measuringResults.joined(separator: ", "),
      glancingSelection: hidden.isEmpty ? "" : glancingResults(hidden).joined(separator: ", "),
      restSelection: rest.joined(separator: ", "), firstOfRest: Int32(resultLimit), conditions: conditions,
      keyNames: isKeyedByRowID ? [shape.rowIDName!] : key.map { quoted(shape.columns[$0].name) })
  }
}
