import DurableIO
import NoteModel
import NoteStore

/// The rows that users changed, as the source would have them: its tables, its counts, and each attachment where the source
/// keeps it.
///
/// A row that the source has not goes into a file or the database as the target has it; into the database where the source
/// has no place for files.
final class ReturningSnapshot: SnapshotView {
  private let returned: StoreSchema
  private let expected: [Int64]
  private let places: ReturnPlaces
  private let sourceTopology: SourceTopology
  private let holdsFiles: Bool
  /// The source's own files; nil where it has none.
  private let files: LocalFiles?
  /// Paths of files that are new to the source, also of an earlier call, which may have written them.
  private(set) var claimed: Set<String>
  private var entity = 0
  private var scratch: RecordPage

  /// - Parameters:
  ///   - schema: Of the archive.
  ///   - expected: By entity, how many rows the source has afterwards.
  ///   - claimed: What an earlier call wanted to write.
  init(
    _ base: any SourceSnapshot, schema: StoreSchema, topology: SourceTopology, places: ReturnPlaces, expected: [Int64],
    algorithm: DigestAlgorithm, holdsFiles: Bool, files: LocalFiles?, claimed: Set<String>
  ) {
    self.claimed = claimed
    var returned = schema
    // No number that users were given is given out again.
    returned.sequences = base.schema.sequences
    self.returned = returned
    self.expected = expected
    self.places = places
    self.holdsFiles = holdsFiles
    self.files = files
    sourceTopology = topology
    scratch = RecordPage(entity: schema.entities[0], algorithm: algorithm)
    super.init(base)
  }

  override var schema: StoreSchema { returned }
  override var topology: SourceTopology { sourceTopology }
  override func count(of entity: Entity) throws -> Int64 { expected[returned.entities.firstIndex(of: entity)!] }

  override func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    self.entity = returned.entities.firstIndex(of: entity)!
    try base.startReading(base.schema.entity(named: entity.name)!, keys: keys)
  }

  override func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    guard let columns = places.columns[entity] else { return try base.readPage(into: page, report: report) }
    scratch = scratch.emptied(for: page.entity)
    let hasMore = try base.readPage(into: scratch, report: report)
    var content = 0
    for row in 0..<scratch.rowCount {
      let first = content
      while content < scratch.contents.count, scratch.contents[content].row == row { content += 1 }
      try append(row, Array(scratch.contents[first..<content]), columns, to: page)
    }
    return hasMore
  }

  // MARK: - Rows

  private func append(
    _ row: Int, _ contents: [RecordPage.Content], _ columns: ReturnPlaces.Columns, to page: RecordPage
  ) throws {
    let key = scratch.key(ofRow: row)
    let former = places.place(of: key, entity: entity)
    let stored = contents.first { $0.column == columns.file && $0.byteCount > 0 }
    let held = contents.first { $0.column == columns.content && $0.byteCount > 0 }
    var values: [Int: Value] = [:]
    var moved: (content: RecordPage.Content, to: Int)?
    if let stored, held == nil, former.map({ $0.isFile == false }) ?? !holdsFiles {
      moved = (stored, columns.content)
      values[columns.file] = .null
      values[columns.place] = former?.place ?? .text(Array(columns.databaseValue.utf8))
      values[columns.reference] = former?.reference ?? .text([])
    } else if let held, stored == nil, let former, former.isFile == true {
      moved = (held, columns.file)
      values[columns.content] = former.isContentEmpty ? .bytes([]) : .null
      values[columns.place] = former.place
      values[columns.reference] = former.reference
    } else if stored != nil {
      values[columns.reference] = try freePath(row, key, former, columns)
    }
    page.beginRow()
    var reader = RecordReader(scratch.row(row))
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      if let moved, moved.to == column {
        append(moved.content, column: column, to: page)
      } else if let other = values[column] {
        append(other, column: column, to: page)
      } else if let content = contents.first(where: { $0.column == column }) {
        append(content, column: column, to: page)
      } else {
        page.append(value, column: column)
      }
    }
  }

  private func append(_ value: Value, column: Int, to page: RecordPage) {
    switch value {
    case .text(let bytes): bytes.withUnsafeBytes { page.append(text: $0) }
    // A column with contents has them outside of the row, also where there are none.
    case .bytes: page.append(content: .init(start: nil, count: 0), isText: false, column: column)
    case .integer(let number): page.append(integer: number)
    case .real(let number): page.append(real: number)
    default: page.appendNull()
    }
  }

  private func append(_ content: RecordPage.Content, column: Int, to page: RecordPage) {
    switch content.place {
    case .payload(let range): page.append(content: scratch.payload.slice(range), isText: content.isText, column: column)
    case let place:
      page.appendContent(byteCount: content.byteCount, isText: content.isText, column: column, place: place)
    }
  }

  /// Looks that no file of the source is written over that the row does not name.
  ///
  /// - Returns: The path in the data directory, where the row names the whole one on the target's machine; else nil.
  private func freePath(
    _ row: Int, _ key: Key, _ former: ReturnPlaces.Place?, _ columns: ReturnPlaces.Columns
  ) throws -> Value? {
    var reader = RecordReader(scratch.row(row))
    for _ in 0..<columns.reference { _ = reader.next() }
    guard let value = reader.next()?.copied, former?.reference != value else { return nil }
    var path: [UInt8]
    var relative: Value?
    switch value {
    case .text(let bytes), .bytes(let bytes): path = bytes
    default: return nil
    }
    if path.first == UInt8(ascii: "/"), let directory = base.schema.dataDirectory,
      let found = path.withUnsafeBytes({ LocalFiles.safeRelativePath($0, dataDirectory: directory) })
    {
      (path, relative) = (found, .text(found))
      if former?.reference == relative { return relative }
    }
    let name = String(decoding: path, as: UTF8.self)
    guard let files, !claimed.contains(name) else { return relative }
    guard path.withUnsafeBytes({ files.status(reference: $0) }) != nil else {
      claimed.insert(name)
      return relative
    }
    throw ReturnPass.conflict(
      "the source",
      "a file is at \(printable(name)), where the attachment \(key.description) of \(scratch.entity.name) would go")
  }
}

extension RecordPage {
  /// An empty page for rows of an entity: this one, where it is of it.
  func emptied(for entity: Entity) -> RecordPage {
    guard self.entity == entity else { return RecordPage(entity: entity, algorithm: algorithm) }
    removeAll()
    return self
  }
}
