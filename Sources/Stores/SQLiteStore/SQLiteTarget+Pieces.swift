import CSQLite
import NoteModel
import NoteStore

// Contents that are written in pieces because they are too long for memory. See `RecordPatch` for the way.
extension SQLiteTarget {
  /// Inserts a row with zeros for its streamed contents and for all values behind the first of them, and writes the
  /// bytes of those values.
  ///
  /// - Returns: The row's number; `nil` when this table does not allow it.
  func insertZeros(
    _ row: Int, _ page: RecordPage, _ supplies: [ContentSupply], _ loader: RowLoader, _ streams: [PendingRow.Stream]
  ) throws -> Int64? {
    guard let first = streams.map({ loader.places[$0.column] }).min() else { return nil }
    var values: [(column: Int, place: Int, value: ValueView, supply: ContentSupply?)] = []
    var reader = RecordReader(page.row(row))
    var supply = 0
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      var supplied: ContentSupply?
      if case .content = value {
        supplied = supplies[supply]
        supply += 1
        if case .sameAs = supplied, page.entity.columns[column].kind != .file { return nil }
      }
      if page.entity.columns[column].kind != .file {
        values.append((column, loader.places[column], value, supplied))
      }
    }

    // What stands behind the first streamed content and has bytes of its own gets zeros at first; so does what SQLite
    // would change.
    var fakes: [(column: Int, place: Int, bytes: [UInt8], kind: RecordPatch.Kind?)] = []
    let changes = Set(changed.map(\.column))
    for (column, place, value, supplied) in values
    where (place >= first || changes.contains(column)) && place != loader.shape.rowIDColumn {
      switch (value, supplied) {
      case (.integer(let number), _) where number != 0 && number != 1 || changes.contains(column):
        fakes.append((column, place, withUnsafeBytes(of: number.bigEndian) { Array($0) }, .integer))
      case (.real(let number), _):
        fakes.append((column, place, withUnsafeBytes(of: number.bitPattern.bigEndian) { Array($0) }, .real))
      case (.text(let bytes), _) where bytes.count > 0: fakes.append((column, place, Array(bytes), .text))
      case (.bytes(let bytes), _) where bytes.count > 0: fakes.append((column, place, Array(bytes), nil))
      case (.content(_, _, let isText), .bytes(let bytes)) where bytes.count > 0:
        fakes.append((column, place, Array(bytes), isText ? .text : nil))
      default: break
      }
    }
    let touched = Set(fakes.map(\.place)).union(streams.map { loader.places[$0.column] })
    guard loader.canFillInPieces(from: first, fakes: touched, pageSize: pageSize) else { return nil }
    try putOffIndexes(loader, touched)

    try loader.remove(page.key(ofRow: row))
    let statement = try loader.plainInsert()
    statement.clearBindings()
    for (column, _, value, supplied) in values {
      let index = Int32(column + 1)
      if let fake = fakes.first(where: { $0.column == column }) {
        statement.bind(zeros: Int64(fake.bytes.count), at: index)
        continue
      }
      switch (value, supplied) {
      case (.integer(let number), _): statement.bind(number, at: index)
      case (.real(let number), _): statement.bind(number, at: index)
      case (.text(let bytes), _): statement.bind(text: bytes, at: index)
      case (.bytes(let bytes), _): statement.bind(blob: bytes, at: index)
      case (.content(let byteCount, _, _), .stream): statement.bind(zeros: byteCount, at: index)
      case (.content(_, _, let isText), .bytes(let bytes)):
        if isText { statement.bind(text: bytes, at: index) } else { statement.bind(blob: bytes, at: index) }
      case (.content, _), (.missing, _):
        if loader.isNullable(column) { statement.bindNull(at: index) } else { statement.bind(zeros: 0, at: index) }
      default: statement.bindNull(at: index)
      }
    }
    let result = try loader.withoutChecks(statement)
    guard result == SQLITE_DONE else {
      let failure = connection.failure(
        "the target refuses a row of \(loader.entity.name), key \(page.key(ofRow: row).description)")
      statement.reset()
      try connection.execute("PRAGMA ignore_check_constraints = 0")
      throw failure
    }
    statement.reset()
    let rowID = sqlite3_last_insert_rowid(connection.handle)

    var types: [(place: Int, kind: RecordPatch.Kind)] = []
    for fake in fakes {
      let blob = try openBlob(loader, fake.column, rowID)
      defer { sqlite3_blob_close(blob) }
      try fake.bytes.withUnsafeBytes { try write($0, to: blob, at: 0, loader) }
      if let kind = fake.kind { types.append((fake.place, kind)) }
    }
    for stream in streams where stream.isText { types.append((loader.places[stream.column], .text)) }
    if !types.isEmpty {
      types.sort { $0.place < $1.place }
      patches.add(RecordPatch(table: loader.shape.name, row: rowID, types: types))
    }
    return rowID
  }

  /// Removes the indexes that would hold zeros, until `finish` makes them again from the values.
  func putOffIndexes(_ loader: RowLoader, _ places: Set<Int>) throws {
    for index in loader.indexes(on: places) {
      guard let sql = try connection.text("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", index.name)
      else { continue }
      try ImportMark.add(connection, kind: "index", name: index.name, row: 0, text: sql)
      try connection.execute("DROP INDEX \(quoted(index.name))")
    }
  }

  func openBlob(_ loader: RowLoader, _ column: Int, _ row: Int64) throws -> OpaquePointer {
    var blob: OpaquePointer?
    let name = loader.shape.columns[loader.places[column]].name
    guard sqlite3_blob_open(connection.handle, "main", loader.shape.name, name, row, 1, &blob) == SQLITE_OK, let blob
    else {
      let failure = connection.failure("cannot write a content of \(loader.entity.name), row number \(row)")
      if let blob { sqlite3_blob_close(blob) }
      throw failure
    }
    return blob
  }

  func write(_ bytes: UnsafeRawBufferPointer, to blob: OpaquePointer, at offset: Int64, _ loader: RowLoader) throws {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    guard sqlite3_blob_write(blob, start, Int32(bytes.count), Int32(offset)) == SQLITE_OK else {
      throw connection.failure("cannot write a content of \(loader.entity.name) at byte \(offset)")
    }
  }
}
