import NoteModel
import NoteStore

/// An inventory of rows as another store holds them: with their repairs, and in that store's forms.
final class FormedInventory {
  let inventories: ChainInventories
  private let schema: StoreSchema?
  private var forms: [String: RowForms?] = [:]
  private var rows: RepairedRows?

  /// - Parameter schema: Of the store that the rows are compared with; nil where that is an archive.
  init(_ inventories: ChainInventories, comparedWith schema: StoreSchema?) {
    self.inventories = inventories
    self.schema = schema
  }

  /// Appends the rows of a page; sets the digests of those that stand there in another form.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows?
  ) throws {
    guard let forms = forms(of: page.entity) else {
      return try inventories.append(
        entityIndex: entityIndex, page: page, rowDigests: rowDigests, alternatives: alternatives)
    }
    let rows = alternatives ?? emptied(for: page)
    forms.apply(page, to: rows)
    for row in rows.formed {
      rows.updateContents(ofRow: row, from: page)
      rows.withDigest(ofRow: row) { rowDigests.overwrite(at: row * 32, with: $0) }
    }
    try inventories.append(entityIndex: entityIndex, page: page, rowDigests: rowDigests, alternatives: rows)
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
