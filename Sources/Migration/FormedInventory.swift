import NoteModel
import NoteStore

/// Digests of rows as another store holds them: in that store's forms.
final class FormedDigests {
  private let schema: StoreSchema?
  private var forms: [String: RowForms?] = [:]
  private var rows: RepairedRows?

  /// - Parameter schema: Of the other store; nil where the rows have its forms already. Two sides have one form, that of a
  ///   server: what it makes of a value is known, and its own values are in it.
  init(_ schema: StoreSchema?) { self.schema = schema?.engine == "sqlite" ? nil : schema }

  /// Sets the digests of the rows of a page that stand there in another form.
  ///
  /// - Parameter alternatives: Rows that may have another digest as well; they are brought into the forms, too.
  /// - Returns: The rows in another form, and the alternatives.
  func apply(_ page: RecordPage, _ rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil) -> RepairedRows? {
    var rows = alternatives
    if let forms = forms(of: page.entity) {
      let formed = alternatives ?? emptied(for: page)
      forms.apply(page, to: formed, substitutes: false)
      for row in formed.formed {
        formed.updateContents(ofRow: row, from: page)
        formed.withDigest(ofRow: row) { rowDigests.overwrite(at: row * 32, with: $0) }
      }
      rows = formed
    }
    RowSum.leaveNumbersOut(of: page, rows, in: rowDigests)
    return rows
  }

  private func forms(of entity: Entity) -> RowForms? {
    if let known = forms[entity.name] { return known }
    let found = schema.flatMap { RowForms(of: entity, in: $0) }
    forms[entity.name] = found
    return found
  }

  private func emptied(for page: RecordPage) -> RepairedRows {
    let rows = rows ?? RepairedRows(entity: page.entity, algorithm: page.algorithm)
    self.rows = rows
    rows.reset(entity: page.entity, algorithm: page.algorithm)
    return rows
  }
}

/// An inventory of rows as another store holds them: with their repairs, and in that store's forms.
final class FormedInventory {
  let inventories: ChainInventories
  private let forms: FormedDigests?

  /// - Parameter forms: Of the store that the rows are compared with; nil where it is of the same engine.
  init(_ inventories: ChainInventories, comparedWith forms: FormedDigests?) {
    self.inventories = inventories
    self.forms = forms
  }

  /// Appends the rows of a page; sets the digests of those that stand there in another form; leaves `omitted` out.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows?,
    omitting omitted: Set<Int> = []
  ) throws {
    let rows = forms?.apply(page, rowDigests, alternatives: alternatives) ?? alternatives
    try inventories.append(
      entityIndex: entityIndex, page: page, rowDigests: rowDigests, alternatives: rows, omitting: omitted)
  }
}
