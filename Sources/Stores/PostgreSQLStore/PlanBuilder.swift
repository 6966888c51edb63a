import NoteModel
import NoteStore

/// Puts a reading plan together.
struct PlanBuilder {
  let shape: TableShape
  let profile: EntityProfile
  let encoding: String

  private var columns: [Column] = []
  private var steps: [EntityPlan.Step] = []
  /// Places in the table, for each column of the entity; -1 for pseudo columns.
  private var places: [Int] = []
  /// Places in the table of `c0`, `c1` …
  private var selected: [Int] = []
  /// The row's place, then its table, stand first.
  private var results = ["t.p", "t.o"]
  private var measuringResults = ["t.p", "t.o"]
  private var rowSizes: [String] = []
  private var payloadSizes: [String] = []
  /// Which of them are those of attachments.
  private var measuredSizes: [Int] = []
  private var secrets: [EntityPlan.Secret] = []
  private var fileCondition = -1
  private var externalCondition = -1

  init(shape: TableShape, profile: EntityProfile, encoding: String) {
    self.shape = shape
    self.profile = profile
    self.encoding = encoding
  }

  private mutating func add(_ expression: String) -> Int {
    add(expression, measuring: expression)
  }

  private mutating func add(_ expression: String, measuring: String) -> Int {
    results.append(expression)
    measuringResults.append(measuring)
    return results.count - 1
  }

  mutating func addColumns(_ carried: [Int], isRanked: Bool) {
    if isRanked {
      columns.append(Column(name: "@row", kind: .rowNumber, declaredType: "bigint"))
      places.append(-1)
      steps.append(EntityPlan.Step(kind: .rowNumber, type: .integer, result: add("t.n")))
    }
    let content = profile.contentColumn.flatMap { shape.index(of: $0) }
    let size = profile.sizeColumn.flatMap { shape.index(of: $0) }
    for place in carried {
      let column = shape.columns[place]
      let isContent = place == content
      columns.append(
        Column(
          name: column.name, kind: isContent ? .content : .plain, declaredType: column.declaredType,
          isText: profile.textColumns.contains(column.name), isJSON: profile.jsonColumns.contains(column.name)))
      places.append(place)
      selected.append(place)
      addStep(column, "t.c\(selected.count - 1)", isContent: isContent, isSize: place == size)
    }
    guard profile.file.flatMap({ shape.index(of: $0.referenceColumn) }) != nil else { return }
    columns.append(Column(name: "@file", kind: .file))
    places.append(-1)
    steps.append(EntityPlan.Step(kind: .file, type: .bytes, result: -1))
  }

  private mutating func addStep(_ column: TableShape.Column, _ name: String, isContent: Bool, isSize: Bool) {
    var step = EntityPlan.Step(kind: isContent ? .content : .plain, type: column.type, result: -1, isSize: isSize)
    if column.type.mayBeLong {
      // The server knows the length without fetching the value.
      let value = "CASE WHEN octet_length(\(name)) <= \(RecordPage.smallContentLimit) THEN \(name) END"
      let isMeasured = isContent && column.type.isBytes
      step.result = add(value, measuring: isMeasured ? "NULL::bytea" : value)
      step.length = add(length(column.type, name))
      let row = isContent ? 0 : RecordPage.inlineLimit
      if isMeasured { measuredSizes.append(payloadSizes.count) }
      rowSizes.append("CASE WHEN octet_length(\(name)) <= \(row) THEN octet_length(\(name)) ELSE 0 END")
      payloadSizes.append(
        "CASE WHEN octet_length(\(name)) BETWEEN \(row + 1) AND \(RecordPage.smallContentLimit) "
          + "THEN octet_length(\(name)) ELSE 0 END")
    } else {
      step.result = add(name)
    }
    steps.append(step)
  }

  /// The number of bytes that arrive; it is exact for values that are streamed.
  private func length(_ type: ColumnType, _ name: String) -> String {
    guard !type.isBytes, !["UTF8", "SQL_ASCII"].contains(encoding) else { return "octet_length(\(name))" }
    return "CASE WHEN octet_length(\(name)) <= \(RecordPage.smallContentLimit) THEN octet_length(\(name)) "
      + "ELSE octet_length(convert_to(\(name), 'UTF8')) END"
  }

  /// SQL that is true where the condition is met; `nil` when the table has no such column.
  private func test(_ condition: EntityProfile.Condition, _ name: (Int) -> String) -> String? {
    guard let place = shape.index(of: condition.column), selected.contains(place), !condition.values.isEmpty else {
      return nil
    }
    let values = condition.values.map(literal).joined(separator: ", ")
    return "(\(name(place))::text COLLATE \"C\" IN (\(values)))"
  }

  private func inner(_ place: Int) -> String { "t.c\(selected.firstIndex(of: place)!)" }

  mutating func addSecrets() {
    for rule in profile.secrets {
      guard let place = shape.index(of: rule.column), let column = places.firstIndex(of: place) else { continue }
      // A condition on a column that does not exist cannot be tested, so the value is withheld in every row.
      let condition = rule.when.flatMap { test($0, inner) }.map { add($0) } ?? -1
      steps[column].isSecret = true
      let isEmptied = rule.jsonMember != nil || shape.columns[place].isNotNull || shape.columns[place].hasDefault
      secrets.append(
        EntityPlan.Secret(
          column: column, condition: condition, eraser: rule.jsonMember.map { JSONMemberEraser(path: $0) },
          hidesNull: !isEmptied))
    }
  }

  mutating func addConditions() {
    if let rule = profile.file, steps.last?.kind == .file {
      fileCondition = test(rule.when, inner).map { add($0) } ?? -1
    }
    if let external = profile.external { externalCondition = test(external, inner).map { add($0) } ?? -1 }
  }

  /// - Parameter key: Places of the key columns; empty for the row's place.
  func plan(name: String, key: [Int], isGuarded: Bool) -> EntityPlan {
    func place(_ column: String?) -> Int? {
      column.flatMap { shape.index(of: $0) }.flatMap { places.firstIndex(of: $0) }
    }
    let reference = place(profile.file?.referenceColumn)
    let entity = Entity(
      name: name, role: profile.role, table: shape.name, columns: columns,
      key: key.isEmpty ? [0] : key.map { places.firstIndex(of: $0)! }, noteColumn: place(profile.noteColumn),
      sizeColumn: steps.firstIndex(where: \.isSize), referenceColumn: reference)
    // Tags, numbers and digests take up to 50 bytes each.
    let rows = (["\(50 * columns.count)::int8"] + rowSizes.map { "coalesce(\($0), 0)" }).joined(separator: " + ")
    let payload = (["0::int8"] + payloadSizes.map { "coalesce(\($0), 0)" }).joined(separator: " + ")
    let measured =
      (["0::int8"]
      + payloadSizes.enumerated().filter { !measuredSizes.contains($0.offset) }
      .map { "coalesce(\($0.element), 0)" }).joined(separator: " + ")
    let ordering = key.isEmpty ? selected : key
    return EntityPlan(
      entity: entity, shape: shape, steps: steps, secrets: secrets, fileCondition: fileCondition,
      externalCondition: externalCondition, reference: reference.map { steps[$0].result } ?? -1,
      fileExpression: profile.file.flatMap { test($0.when) { quoted(shape.columns[$0].name) } },
      columns: selected.map { shape.columns[$0].type.selection(quoted(shape.columns[$0].name)) }, results: results,
      measuringResults: measuringResults, measuringSizes: "\(rows), \(measured)", sizes: "\(rows), \(payload)",
      order: ordering.map { order($0) }, isRanked: key.isEmpty, isGuarded: isGuarded,
      keysByBytes: key.map { shape.columns[$0].type.ordersByBytes(encoding: encoding) })
  }

  private func order(_ place: Int) -> String {
    let name = quoted(shape.columns[place].name)
    return shape.columns[place].type.order(name, encoding: encoding) ?? name
  }
}
