import NoteModel
import NoteStore

/// Opens a view of a store and lets it go.
func withSnapshot<Result>(
  of source: any SourceStore, _ body: (any SourceSnapshot) throws -> Result
) throws -> Result {
  let snapshot = try source.openSnapshot(SnapshotOptions(secrets: .include))
  defer { snapshot.close() }
  return try body(snapshot)
}

extension SourceSnapshot {
  func entity(_ name: String) throws -> Entity {
    guard let entity = schema.entity(named: name) else {
      throw Breach(explanation: "the schema has no entity \(name)")
    }
    return entity
  }

  /// Reads rows page by page; contents become the bytes that they have.
  ///
  /// - Parameter chunk: The room that is given to one read of a content, in bytes.
  func rows(
    of name: String, after key: Key? = nil, chunk: Int = 64 << 10, report: (Finding) -> Void = { _ in }
  ) throws -> [[Value]] {
    let entity = try entity(name)
    try startReading(entity, after: key)
    return try rest(of: entity, chunk: chunk, report: report)
  }

  /// What a reading that was begun still has to give.
  func rest(
    of entity: Entity, chunk: Int = 64 << 10, report: (Finding) -> Void = { _ in }
  ) throws -> [[Value]] {
    let page = RecordPage(entity: entity, algorithm: .sha256)
    var found: [[Value]] = []
    while true {
      page.removeAll()
      let mayGoOn = try readPage(into: page, report: report)
      try require(!page.isEmpty || !mayGoOn, "a page in front of the end has no row")
      for row in 0..<page.rowCount { found.append(try values(ofRow: row, of: page, chunk: chunk)) }
      if !mayGoOn { break }
    }
    return found
  }

  private func values(ofRow row: Int, of page: RecordPage, chunk: Int) throws -> [Value] {
    var reader = RecordReader(page.row(row))
    var values: [Value] = []
    var contents = page.contents.filter { $0.row == row }[...]
    while let value = reader.next() {
      guard case .content(let byteCount, _, let isText) = value else {
        values.append(value.copied)
        continue
      }
      guard let content = contents.popFirst(), content.column == values.count, content.byteCount == byteCount else {
        throw Breach(explanation: "the contents of a row do not follow the order of its columns")
      }
      let bytes = try bytes(of: content, in: page, chunk: chunk)
      values.append(isText ? .text(bytes) : .bytes(bytes))
    }
    try require(contents.isEmpty, "a row has contents that no column has")
    try require(values.count == page.entity.columns.count, "a row has not one value for each column")
    return values
  }

  private func bytes(of content: RecordPage.Content, in page: RecordPage, chunk: Int) throws -> [UInt8] {
    switch content.place {
    case .payload(let range):
      try require(range.count == content.byteCount, "a content in the payload has another length than its row says")
      return Array(page.payload.slice(range))
    case .sameAs: throw Breach(explanation: "a store says that a content is in an archive")
    case .unread: throw Breach(explanation: "a store did not read a content")
    case .store(let handle):
      let reader = try openContent(handle)
      try require(reader.byteCount == content.byteCount, "a content has another length than its row says")
      return try reader.whole(chunk: chunk)
    }
  }
}

extension ContentReader {
  fileprivate func whole(chunk: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: chunk)
    while true {
      let count = try room.withUnsafeMutableBytes { try read(into: $0) }
      bytes += room[..<count]
      if count < chunk { break }
    }
    try require(bytes.count == Int(byteCount), "a content of \(byteCount) bytes ended after \(bytes.count)")
    try require(try finish() == .settled, "a content that nobody changed is not settled")
    return bytes
  }
}

/// The rows in the order of their keys.
func inKeyOrder(_ rows: [[Value]], _ entity: Entity) -> [[Value]] {
  rows.map { row in (Key(entity.key.map { row[$0] }), row) }.sorted { $0.0 < $1.0 }.map(\.1)
}

/// Compares rows as a whole and says where they part.
func requireEqual(_ found: [[Value]], _ expected: [[Value]], _ what: String) throws {
  for (index, (one, other)) in zip(found, expected).enumerated() where one != other {
    let column = zip(one, other).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? -1
    throw Breach(explanation: "\(what): row \(index) differs in column \(column)")
  }
  try require(found.count == expected.count, "\(what): \(found.count) rows, not \(expected.count)")
}
