import NoteModel
import NoteRepair
import NoteStore

/// Brings rows of an entity into the forms in which a store of another engine holds them.
struct RowForms {
  /// The columns with a form, in order.
  private let columns: [(column: Int, form: TextForm)]

  /// - Returns: nil where every text is held as it is.
  init?(_ forms: [TextForm]) {
    columns = forms.enumerated().filter { $0.element != .any }.map { ($0.offset, $0.element) }
    if columns.isEmpty { return nil }
  }

  /// The forms that a store gives the columns of an entity, by the name and type of each.
  init?(of entity: Entity, in schema: StoreSchema) {
    guard let other = schema.entity(named: entity.name) else { return nil }
    self.init(
      entity.columns.map { column in
        guard let index = other.index(of: column.name), column.kind != .file else { return .any }
        let found = other.columns[index]
        return found.kind == .content ? .any : TextForm(engine: schema.engine, declaredType: found.declaredType)
      })
  }

  /// Hands over each text of the page that cannot be held, with what stands for it.
  func substitutes(
    _ page: RecordPage, _ body: (_ row: Int, _ column: Int, _ original: [UInt8], _ text: [UInt8]) -> Void
  ) {
    for row in 0..<page.rowCount {
      outcomes(page.row(row)) { column, original, outcome in
        if case .substitute(let text) = outcome { body(row, column, Array(original), text) }
      }
    }
  }

  /// Brings all rows into their forms, those that are repaired too.
  func apply(_ page: RecordPage, to rows: RepairedRows) {
    for row in 0..<page.rowCount {
      var texts: [(column: Int, text: [UInt8])] = []
      outcomes(rows.place(of: row).map { rows.page.row($0) } ?? page.row(row)) { column, _, outcome in
        if case .normal(let text) = outcome { texts.append((column, text)) }
      }
      if !texts.isEmpty { rows.form(row: row, of: page, texts: texts) }
    }
  }

  private func outcomes(
    _ row: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer, TextForm.Outcome) -> Void
  ) {
    var reader = RecordReader(row)
    var column = 0
    for (wanted, form) in columns {
      while column < wanted {
        _ = reader.next()
        column += 1
      }
      guard let value = reader.next() else { return }
      column += 1
      guard case .text(let text) = value else { continue }
      let outcome = form.outcome(of: text)
      if outcome != .same { body(wanted, text, outcome) }
    }
  }
}
