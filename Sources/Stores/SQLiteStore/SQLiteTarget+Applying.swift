import CSQLite
import DurableIO
import NoteModel
import NoteStore

// Rows and their contents.
extension SQLiteTarget {
  /// Applies one row.
  ///
  /// The page's bytes and those of `.bytes` supplies must stay where they are until the row's last `endContent`.
  ///
  /// - Throws: `.targetRefusedRow` naming entity and key where a constraint of the table forbids the row; `.diskFull`.
  public func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    guard pending == nil else { throw unfinished() }
    let loader = try loader(for: page)
    try openBatch()
    if !patches.isEmpty { try forgetPatch(of: row, page, loader) }
    if isDelta { try loader.removeRivals(ofRow: row, in: page) }
    streams.removeAll(keepingCapacity: true)
    withheld.removeAll(keepingCapacity: true)
    var shared = try bind(row, page, supplies, loader, try loader.upsert(), isFirst: true)
    if !changed.isEmpty,
      try !prepareChanged(row, page, loader, hasContents: !supplies.isEmpty, hasShared: shared != nil)
    {
      for other in shared ?? [] { other.reset() }
      shared = try bind(row, page, supplies, loader, try loader.upsert(), isFirst: false, keepsChanged: false)
    }
    if shared == nil, streams.isEmpty, withheld.isEmpty {
      return try insert(try loader.upsert(), loader, page, row)
    }
    do {
      try begin(row, page, supplies, loader, shared ?? [])
    } catch {
      for other in shared ?? [] { other.reset() }
      throw error
    }
  }

  public func beginDelta() { isDelta = true }

  public func remove(_ key: Key, of entity: Entity) throws {
    guard pending == nil else { throw unfinished() }
    let loader = try loader(for: entity)
    try openBatch()
    if patches.has(loader.shape.name), let name = loader.shape.rowIDName, let found = try loader.find(name, key) {
      let rowID = found.integer(0)
      found.reset()
      patches.remove(loader.shape.name, rowID)
    }
    try loader.remove(key)
  }

  public func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    // Only a store of our own making takes rows that break its rules.
    guard isCreated else { return try apply(row: row, of: page, supplies: supplies) }
    try connection.execute("PRAGMA ignore_check_constraints = 0")
    defer { try? connection.execute("PRAGMA ignore_check_constraints = 1") }
    try apply(row: row, of: page, supplies: supplies)
  }

  /// A row that is applied again is written as a whole, so nothing in it is left to be corrected.
  private func forgetPatch(of row: Int, _ page: RecordPage, _ loader: RowLoader) throws {
    guard patches.has(loader.shape.name), let name = loader.shape.rowIDName,
      let found = try loader.find(name, page.key(ofRow: row))
    else { return }
    let rowID = found.integer(0)
    found.reset()
    patches.remove(loader.shape.name, rowID)
  }

  @inline(__always)
  private func insert(_ statement: Statement, _ loader: RowLoader, _ page: RecordPage, _ row: Int) throws {
    // A blob that stands for another value may break a CHECK that the value keeps.
    let result = changed.isEmpty || isCreated ? statement.rawStep() : try loader.withoutChecks(statement)
    if result == SQLITE_DONE {
      statement.reset()
      if !changed.isEmpty { try patchChanged(loader, page.key(ofRow: row)) }
      return
    }
    let failure = connection.failure(
      "the target refuses a row of \(loader.entity.name), key \(page.key(ofRow: row).description)")
    statement.reset()
    throw failure
  }

  /// Puts off what would look at the blobs that stand for changed values; `false` when that cannot be done. The row is
  /// then written as SQLite does it, and the reading back names it.
  private func prepareChanged(
    _ row: Int, _ page: RecordPage, _ loader: RowLoader, hasContents: Bool, hasShared: Bool
  ) throws -> Bool {
    let places = Set(changed.map { loader.places[$0.column] })
    let byteCount = page.row(row).count + 8 * changed.count
    let isWhole = !hasContents && loader.places.filter { $0 >= 0 }.count == loader.shape.columns.count
    let columns = loader.shape.columns.count
    guard loader.canPatch(places),
      isWhole
        ? RecordPatch.fits(columns: columns, byteCount: byteCount, pageSize: pageSize)
        : RecordPatch.fits(columns: columns, pageSize: pageSize)
    else { return false }
    guard !loader.indexes(on: places).isEmpty else { return true }
    // An index cannot go while a statement stands on a row.
    if hasShared { return false }
    try putOffIndexes(loader, places)
    return true
  }

  /// Lists the types that the changed values of the row just written shall have.
  private func patchChanged(_ loader: RowLoader, _ key: Key) throws {
    guard let found = try loader.find(loader.shape.rowIDName!, key) else { throw unfinished() }
    let rowID = found.integer(0)
    found.reset()
    let types = changed.map { (place: loader.places[$0.column], kind: $0.kind) }.sorted { $0.place < $1.place }
    patches.add(RecordPatch(table: loader.shape.name, row: rowID, types: types))
    changed.removeAll(keepingCapacity: true)
  }

  /// Binds a row's values. Contents that will be streamed are left out and listed in `streams`, withheld columns in
  /// `withheld`, values that SQLite would change are bound as blobs and listed in `changed`.
  ///
  /// - Returns: Statements that hold shared contents until the row is inserted; `nil` when there are none.
  private func bind(
    _ row: Int, _ page: RecordPage, _ supplies: [ContentSupply], _ loader: RowLoader, _ statement: Statement,
    isFirst: Bool, keepsChanged: Bool = true
  ) throws -> [Statement]? {
    var reader = RecordReader(page.row(row))
    changed.removeAll(keepingCapacity: true)
    var supply = 0
    var shared: [Statement]?
    let columns = page.entity.columns.count
    for column in 0..<columns {
      guard let value = reader.next() else { break }
      let index = Int32(column + 1)
      switch value {
      case .null: statement.bindNull(at: index)
      case .integer(let number):
        if keepsChanged, loader.affinities[column].changesIntegers {
          keep(withUnsafeBytes(of: number.bigEndian) { Array($0) }, column, .integer, statement)
        } else {
          statement.bind(number, at: index)
        }
      case .real(let number):
        if keepsChanged, loader.affinities[column].changes(real: number) {
          keep(withUnsafeBytes(of: number.bitPattern.bigEndian) { Array($0) }, column, .real, statement)
        } else {
          statement.bind(number, at: index)
        }
      case .text(let bytes):
        if keepsChanged, loader.affinities[column].changes(text: bytes) {
          statement.bind(blob: bytes, at: index)
          changed.append((column, .text))
        } else {
          statement.bind(text: bytes, at: index)
        }
      case .bytes(let bytes): statement.bind(blob: bytes, at: index)
      case .withheld: if isFirst { withheld.append(column) }
      case .missing: bindLost(statement, loader, column, isText: false)
      case .content(let byteCount, _, let isText):
        guard supply < supplies.count else { throw unfinished() }
        let isFile = page.entity.columns[column].kind == .file
        switch supplies[supply] {
        case .bytes(let bytes) where isFile:
          if isFirst {
            try files.write(bytes, to: files.path(ofRow: row, of: page), isDurable: keepsCommits)
          }
        case .bytes(let bytes):
          if isText { statement.bind(text: bytes, at: index) } else { statement.bind(blob: bytes, at: index) }
        case .stream:
          guard isFirst else { break }
          var stream = PendingRow.Stream(supply: supply, column: column, byteCount: byteCount, isText: isText)
          if isFile { stream.path = try files.path(ofRow: row, of: page) }
          streams.append(stream)
        case .sameAs(let key) where isFile:
          if isFirst, key != page.key(ofRow: row) { try copyFile(of: key, page, row, loader) }
        case .sameAs(let key):
          guard let other = try loader.find(loader.name(column), key) else {
            throw MigrationError(
              .archiveDamaged, "a row refers to a content that is not in the target",
              cause: "\(loader.entity.name) \(key.description) was not applied before",
              safeNow: "what was committed before stays", next: ["noteferry verify ARCHIVE"])
          }
          // The statement stands on its row until the insertion is done, so its bytes stay.
          let bytes = other.bytes(0)
          if isText { statement.bind(text: bytes, at: index) } else { statement.bind(blob: bytes, at: index) }
          shared = (shared ?? []) + [other]
        case .lost where isFile: if isFirst { try removeFile(page, row) }
        case .lost: bindLost(statement, loader, column, isText: isText)
        }
        supply += 1
      }
    }
    return shared
  }

  /// Binds the bytes of a number as they stand in a record.
  private func keep(_ bytes: [UInt8], _ column: Int, _ kind: RecordPatch.Kind, _ statement: Statement) {
    bytes.withUnsafeBytes { statement.bind(blob: $0, at: Int32(column + 1), copies: true) }
    changed.append((column, kind))
  }

  private func bindLost(_ statement: Statement, _ loader: RowLoader, _ column: Int, isText: Bool) {
    guard loader.places[column] >= 0 else { return }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if loader.isNullable(column) {
      statement.bindNull(at: Int32(column + 1))
    } else if isText {
      statement.bind(text: nothing, at: Int32(column + 1))
    } else {
      statement.bind(blob: nothing, at: Int32(column + 1))
    }
  }

  // MARK: - Rows that need more than one step

  private func begin(
    _ row: Int, _ page: RecordPage, _ supplies: [ContentSupply], _ loader: RowLoader, _ shared: [Statement]
  ) throws {
    let inDatabase = streams.filter { $0.path == nil }
    let total = inDatabase.reduce(0) { $0 + $1.byteCount }
    var waiting = PendingRow(loader: loader, page: page, row: row, streams: streams)
    if total > (isReturning ? Self.returningLimit : Self.bufferLimit), withheld.isEmpty, shared.isEmpty,
      let rowID = try insertZeros(row, page, supplies, loader, inDatabase)
    {
      waiting.rowID = rowID
      changed.removeAll(keepingCapacity: true)
    } else {
      var statement = try loader.upsert()
      if !withheld.isEmpty {
        statement = try loader.upsert(withheld: withheld)
        _ = try bind(row, page, supplies, loader, statement, isFirst: false)
      }
      if inDatabase.isEmpty {
        try insert(statement, loader, page, row)
        for other in shared { other.reset() }
      } else {
        waiting.statement = statement
        waiting.shared = shared
        buffer.removeAll()
        buffer.reserve(Int(total))
      }
    }
    if !streams.isEmpty { pending = waiting }
  }

  public func beginContent(_ index: Int) throws {
    guard var row = pending, !row.isOpen, row.next < row.streams.count, row.streams[row.next].supply == index else {
      throw unfinished()
    }
    row.isOpen = true
    row.written = 0
    let stream = row.streams[row.next]
    if let path = stream.path {
      row.file = try files.begin(path)
    } else if row.statement != nil {
      row.streams[row.next].start = buffer.count
    } else {
      row.blob = try openBlob(row.loader, stream.column, row.rowID)
    }
    pending = row
  }

  public func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    guard let row = pending, row.isOpen, row.written + Int64(bytes.count) <= row.streams[row.next].byteCount else {
      throw unfinished()
    }
    guard bytes.count > 0 else { return }
    if let file = row.file {
      try file.file.write(bytes)
    } else if let blob = row.blob {
      try write(bytes, to: blob, at: row.written, row.loader)
    } else {
      buffer.append(bytes)
    }
    pending?.written += Int64(bytes.count)
  }

  public func endContent() throws {
    guard var row = pending, row.isOpen, row.written == row.streams[row.next].byteCount else { throw unfinished() }
    if let file = row.file, let path = row.streams[row.next].path {
      try files.end(file, path, isDurable: keepsCommits)
    }
    if let blob = row.blob { sqlite3_blob_close(blob) }
    row.file = nil
    row.blob = nil
    row.isOpen = false
    row.next += 1
    pending = row
    guard row.next == row.streams.count else { return }
    if let statement = row.statement {
      for stream in row.streams where stream.path == nil {
        let bytes = buffer.slice(stream.start..<stream.start + Int(stream.byteCount))
        let index = Int32(stream.column + 1)
        if stream.isText { statement.bind(text: bytes, at: index) } else { statement.bind(blob: bytes, at: index) }
      }
      try insert(statement, row.loader, row.page, row.row)
      for other in row.shared { other.reset() }
      buffer.removeAll()
      buffer.shrink(to: 1 << 20)
    }
    pending = nil
  }

  public func abandonContents() {
    pending?.cancel()
    pending = nil
    buffer.removeAll()
  }

  // MARK: - Files

  /// Removes the file of a row, if it is this batch that wrote it.
  private func removeFile(_ page: RecordPage, _ row: Int) throws {
    guard let path = try? files.path(ofRow: row, of: page) else { return }
    try files.remove(path)
  }

  /// Copies the file of another row of the same entity.
  private func copyFile(of key: Key, _ page: RecordPage, _ row: Int, _ loader: RowLoader) throws {
    guard let column = page.entity.referenceColumn, let other = try loader.find(loader.name(column), key) else {
      throw unfinished()
    }
    defer { other.reset() }
    try files.copy(
      from: other.bytes(0), of: "\(loader.entity.name) \(key.description)", to: files.path(ofRow: row, of: page),
      isDurable: keepsCommits)
  }
}
