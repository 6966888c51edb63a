import NoteModel
import NoteStore

/// Makes pages of rows, as they come out of an archive, and applies them.
struct Filling {
  var schema: StoreSchema
  static let origin = "sample-archive-0001"

  /// The schema that the engine reads from a store of the sample product.
  init(_ bench: any ConformanceBench) throws {
    let store = try bench.makeStore()
    schema = try withSnapshot(of: bench.source(store)) { $0.schema }
  }

  func prepare(
    _ target: any TargetStore, origin: String = Filling.origin, createSchema: Bool = false
  ) throws -> ImportWatermark? {
    try target.prepare(
      for: schema, profile: SampleProduct.profile, origin: origin, options: TargetOptions(createSchema: createSchema))
  }

  func watermark(_ groups: Int64) -> ImportWatermark { ImportWatermark(origin: Self.origin, groups: groups) }

  /// Rows in the order of the table's columns. Bytes of the column `bytes` become contents; `.withheld`, `.missing` stay.
  func page(_ rows: [[Value]], of table: String) throws -> RecordPage {
    guard let entity = schema.entity(named: table) else { throw Breach(explanation: "the schema has no \(table)") }
    let page = RecordPage(entity: entity, algorithm: .sha256)
    for row in rows {
      page.beginRow()
      for (column, value) in row.enumerated() {
        let isContent = entity.columns[column].kind == .content
        switch value {
        case .null: page.appendNull()
        case .integer(let number): page.append(integer: number)
        case .real(let number): page.append(real: number)
        case .text(let bytes): bytes.withUnsafeBytes { page.append(text: $0) }
        case .bytes(let bytes) where isContent:
          page.appendContent(
            byteCount: Int64(bytes.count), isText: false, column: column, place: .sameAs(path: "data/blobs"))
        case .bytes(let bytes): bytes.withUnsafeBytes { page.append(bytes: $0) }
        case .withheld: page.appendWithheld()
        case .missing: page.appendMissing()
        case .content(let byteCount, _, let isText):
          page.appendContent(byteCount: byteCount, isText: isText, column: column, place: .sameAs(path: "data/blobs"))
        }
      }
    }
    return page
  }

  /// Applies rows whose contents come at once, or in pieces of `chunk` bytes.
  func apply(_ rows: [[Value]], of table: String, to target: any TargetStore, chunk: Int? = nil) throws {
    let page = try page(rows, of: table)
    for (index, row) in rows.enumerated() {
      let contents = row.enumerated().compactMap { column, value -> [UInt8]? in
        guard case .bytes(let bytes) = value, page.entity.columns[column].kind == .content else { return nil }
        return bytes
      }
      guard let bytes = contents.first else {
        try target.apply(row: index, of: page, supplies: [])
        continue
      }
      if let chunk {
        try target.apply(row: index, of: page, supplies: [.stream])
        try target.beginContent(0)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
          try bytes.withUnsafeBytes {
            try target.writeContent(UnsafeRawBufferPointer(rebasing: $0[start..<min(start + chunk, bytes.count)]))
          }
        }
        try target.endContent()
      } else {
        try bytes.withUnsafeBytes { try target.apply(row: index, of: page, supplies: [.bytes($0)]) }
      }
    }
  }

  /// The rows of a store that was filled, by the client that is not under test.
  func requireRows(
    _ expected: [[Value]], of table: String, in store: String, _ bench: any ConformanceBench
  ) throws {
    guard let entity = schema.entity(named: table) else { throw Breach(explanation: "the schema has no \(table)") }
    try requireEqual(inKeyOrder(try bench.rows(of: table, in: store), entity), inKeyOrder(expected, entity), table)
  }
}

/// Fills a store in one go and ends the import.
func fill(
  _ store: String, _ bench: any ConformanceBench, _ filling: Filling, createSchema: Bool = false,
  _ body: (any TargetStore) throws -> Void
) throws {
  let target = try bench.target(store)
  defer { target.close() }
  _ = try filling.prepare(target, createSchema: createSchema)
  try body(target)
  try target.commit(filling.watermark(1))
  try target.finish(filling.schema)
  try target.approve()
}
