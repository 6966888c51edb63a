import NoteModel
import NoteRepair
import NoteStore

/// Brings rows of an entity into the forms in which another store holds them.
struct RowForms {
  /// What becomes of a row beside what it holds.
  struct Account {
    /// Rows that cannot stand in the other store at all, with the column because of which.
    var setAside: [Int: Int] = [:]
    /// Values, no texts, in whose place something else stands.
    var substituted: [(row: Int, column: Int, original: Value)] = []
    /// Values that are of another type there; nothing of them is lost.
    var converted: [(row: Int, column: Int)] = []
  }

  /// The columns with a form, in order.
  private let columns: [(column: Int, form: ValueForm)]
  private let key: Set<Int>
  private let unique: Set<Int>
  /// The column with the path of a row's file.
  private let reference: Int?

  /// - Parameter unique: Columns in which no value may be put in the place of another, for it could be one that is there.
  /// - Returns: nil where every value is held as it is.
  init?(_ forms: [ValueForm], of entity: Entity, unique: Set<Int> = []) {
    columns = forms.enumerated().filter { !$0.element.isAny }.map { ($0.offset, $0.element) }
    key = Set(entity.key)
    self.unique = unique
    reference = entity.referenceColumn
    if columns.isEmpty { return nil }
  }

  /// The forms that a store gives the columns of an entity, by the name and type of each.
  init?(of entity: Entity, in schema: StoreSchema) {
    guard let other = schema.entity(named: entity.name) else { return nil }
    self.init(
      entity.columns.map { column in
        guard let index = other.index(of: column.name), column.kind != .file else { return .any }
        return ValueForm(
          engine: schema.engine, declaredType: other.columns[index].declaredType, source: column.declaredType)
      }, of: entity)
  }

  /// Hands over each text of a row that cannot be held, with what stands for it.
  ///
  /// Where texts must be unique, and in paths of files, those that differ in bytes without meaning alone stay apart.
  func substitutes(
    _ row: Int, of page: RecordPage, _ body: (_ column: Int, _ original: [UInt8], _ text: [UInt8]) -> Void
  ) {
    outcomes(page.row(row)) { column, original, outcome in
      guard case .substitute(.text(let text)) = outcome, case .text(let bytes) = original, isText(column),
        !key.contains(column)
      else { return }
      guard form(ofColumn: column)?.kind == .text(.unicode), unique.contains(column) || column == reference else {
        return body(column, Array(bytes), text)
      }
      let told = TextMarker.marked(bytes, tellsBytes: true)
      body(column, Array(bytes), column == reference ? FileNames.shortened(told) : told)
    }
  }

  /// What stands for a text that a column cannot hold; nil where it can.
  func substitute(for text: [UInt8], inColumn column: Int) -> [UInt8]? {
    guard let form = form(ofColumn: column), isText(column),
      case .substitute(.text(let text)) = text.withUnsafeBytes({ form.outcome(of: .text($0)) })
    else { return nil }
    return text
  }

  /// Brings all rows into their forms, those that are repaired too.
  ///
  /// - Parameter substitutes: Whether something is put in the place of values that cannot be held.
  @discardableResult
  func apply(_ page: RecordPage, to rows: RepairedRows, substitutes: Bool = true) -> Account {
    var account = Account()
    for row in 0..<page.rowCount { apply(row, of: page, to: rows, substitutes: substitutes, &account) }
    if !account.setAside.isEmpty {
      account.substituted.removeAll { account.setAside[$0.row] != nil }
      account.converted.removeAll { account.setAside[$0.row] != nil }
    }
    return account
  }

  /// Brings one row into its forms again, when other texts were put into it.
  func apply(row: Int, of page: RecordPage, to rows: RepairedRows) {
    var account = Account()
    apply(row, of: page, to: rows, substitutes: true, &account)
  }

  private func apply(
    _ row: Int, of page: RecordPage, to rows: RepairedRows, substitutes: Bool, _ account: inout Account
  ) {
    var values: [(column: Int, value: RowValue)] = []
    outcomes(rows.place(of: row).map { rows.page.row($0) } ?? page.row(row)) { column, original, outcome in
      switch outcome {
      case .same: break
      case .relabelled(let isText): values.append((column, .relabelled(isText: isText)))
      case .converted(let value):
        if key.contains(column) { account.setAside[row] = column }
        values.append((column, .value(value)))
        // A JSON text that is written otherwise is of the same type.
        if case .text = original, case .text = value { break }
        account.converted.append((row, column))
      case .substitute(let value):
        let isOfText = if case .text = original { isText(column) } else { false }
        if key.contains(column) || (unique.contains(column) && !isOfText) { account.setAside[row] = column }
        // Texts are substituted before, like repairs.
        guard !isOfText, substitutes else { break }
        values.append((column, .value(value)))
        account.substituted.append((row, column, original.copied))
      }
    }
    if !values.isEmpty { rows.form(row: row, of: page, values: values) }
  }

  /// The form of a column; nil where every value is held.
  func form(ofColumn column: Int) -> ValueForm? { columns.first { $0.column == column }?.form }

  /// Whether another text may stand for one that the column does not hold. The beginning of a text may not where no two
  /// are to be alike, so such a row is set aside.
  private func isText(_ column: Int) -> Bool {
    switch form(ofColumn: column)?.kind {
    case .text(.limited): !unique.contains(column)
    case .text: true
    default: false
    }
  }

  private func outcomes(_ row: UnsafeRawBufferPointer, _ body: (Int, ValueView, ValueForm.Outcome) -> Void) {
    var reader = RecordReader(row)
    var column = 0
    for (wanted, form) in columns {
      while column < wanted {
        _ = reader.next()
        column += 1
      }
      guard let value = reader.next() else { return }
      column += 1
      if form.isPlainlyHeld(value) { continue }
      let outcome = form.outcome(of: value)
      if outcome != .same { body(wanted, value, outcome) }
    }
  }
}
