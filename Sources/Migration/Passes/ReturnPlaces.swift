import DurableIO
import NoteModel
import NoteStore

/// What the source has under the keys that users changed: how many rows, and where their attachments are.
///
/// Only those rows are read, and of their attachments nothing. Memory: about 200 bytes for each of them that has one.
final class ReturnPlaces {
  /// Where a row of the source keeps the bytes of its attachment.
  struct Place {
    /// `nil` for bytes in both places, or in none: such a row comes back as it is.
    var isFile: Bool?
    /// Of the column that says where the bytes are, and of the one with the file's path.
    var place: Value
    var reference: Value
    /// Whether the column with the content holds no bytes rather than nothing, where the bytes are in a file.
    var isContentEmpty: Bool
  }

  /// The columns of an entity that take part.
  struct Columns {
    let content, file, place, reference: Int
    let databaseValue: String
  }

  /// By the entity's index.
  private(set) var columns: [Int: Columns] = [:]
  private var places: [Int: [Key: Place]] = [:]
  /// By entity: rows that the source has of the changed ones, and all of its rows.
  private(set) var changed: [Int64]
  private(set) var counts: [Int64] = []
  /// Keys that are gone in the target and there in the source.
  let gone: KeySpool
  private let source: any SourceSnapshot
  private var page: RecordPage
  private let text = GrowingBuffer(capacity: 256)

  /// - Throws: `.returnConflict` where the source has a row under the key of one that users made.
  init(
    _ source: any SourceSnapshot, _ changes: ReturnScan.Changes, algorithm: DigestAlgorithm, stateDirectory: String,
    stop: StopRequest
  ) throws {
    self.source = source
    let entities = source.schema.entities
    changed = Array(repeating: 0, count: entities.count)
    gone = KeySpool(entities: entities.count, directory: stateDirectory)
    page = RecordPage(entity: entities[0], algorithm: algorithm)
    for (index, entity) in entities.enumerated() {
      try stop.check(safeNow: "nothing was changed")
      columns[index] = Self.columns(of: entity, in: source.profile)
      counts.append(try source.count(of: entity))
      try each(changes.new, index) { row in
        throw ReturnPass.conflict(
          "the source",
          "it has a row of \(entity.name) with the key \(page.key(ofRow: row).description), which users "
            + "gave to another one")
      }
      try each(changes.carried, index) { row in
        changed[index] += 1
        if let columns = columns[index] { keep(row, index, columns) }
      }
      try each(changes.gone, index) { try gone.append(entityIndex: index, key: json(page.key(ofRow: $0))) }
    }
  }

  func place(of key: Key, entity index: Int) -> Place? { places[index]?[key] }

  private func each(_ keys: KeySpool, _ index: Int, _ body: (Int) throws -> Void) throws {
    guard keys.counts[index] > 0 else { return }
    var cursor = keys.cursor(of: index)
    let entity = source.schema.entities[index]
    try source.startReading(entity) { try cursor.next() }
    var hasMore = true
    while hasMore {
      page = page.emptied(for: entity)
      hasMore = try source.readPage(into: page) { _ in }
      for row in 0..<page.rowCount { try body(row) }
    }
  }

  private func keep(_ row: Int, _ index: Int, _ columns: Columns) {
    var values: [Int: Value] = [:]
    var reader = RecordReader(page.row(row))
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      if [columns.content, columns.file, columns.place, columns.reference].contains(column) {
        values[column] = value.copied
      }
    }
    func hasBytes(_ column: Int) -> Bool {
      if case .content(let byteCount, _, _)? = values[column] { byteCount > 0 } else { false }
    }
    let (isHeld, isStored) = (hasBytes(columns.content), hasBytes(columns.file))
    places[index, default: [:]][page.key(ofRow: row)] = Place(
      isFile: isHeld == isStored ? nil : isStored, place: values[columns.place] ?? .null,
      reference: values[columns.reference] ?? .null, isContentEmpty: values[columns.content] != .null)
  }

  private func json(_ key: Key) -> String {
    text.removeAll()
    key.appendJSON(to: text)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private static func columns(of entity: Entity, in profile: Profile) -> Columns? {
    guard let file = profile.entities.first(where: { $0.name == entity.name })?.file, let move = file.move,
      let content = entity.columns.firstIndex(where: { $0.kind == .content }),
      let stored = entity.columns.firstIndex(where: { $0.kind == .file }),
      let place = entity.index(of: file.when.column), let reference = entity.referenceColumn
    else { return nil }
    return Columns(
      content: content, file: stored, place: place, reference: reference, databaseValue: move.databaseValues.first ?? ""
    )
  }
}
