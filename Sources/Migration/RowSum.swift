import DurableIO
import NoteModel
import NoteStore

/// A sum over the digests of rows that does not depend on their order, for tables whose rows have nothing that tells them
/// apart on two engines, because their numbers are the engine's own, or that have another order on each.
///
/// Two tables with equal sums hold the same rows, each as often. Which rows differ it does not say.
struct RowSum: Equatable {
  private(set) var count: Int64 = 0
  private var lanes: SIMD4<UInt64> = .zero

  mutating func add(_ digest: UnsafeRawBufferPointer) {
    count += 1
    lanes &+= digest.loadUnaligned(as: SIMD4<UInt64>.self)
  }

  /// Whether a table is compared by its sum when its rows were given to another engine.
  static func isNeeded(for entity: Entity) -> Bool { entity.key.contains { entity.columns[$0].kind == .rowNumber } }

  /// Whether the rows of a table come in an order that only their own engine has, so that they cannot be merged with those
  /// of another engine: SQLite keeps a table WITHOUT ROWID in the order of its key, which a collation may say.
  static func isOrderForeign(_ entity: Entity, in schema: StoreSchema) -> Bool {
    guard schema.engine == "sqlite",
      let definition = schema.definitions.first(where: {
        $0.kind == .table && $0.table.lowercased() == entity.table.lowercased()
      }),
      let words = SQLWords.split(definition.statement)
    else { return false }
    func follow(_ first: String, _ isNext: (SQLWords.Word) -> Bool) -> Bool {
      zip(words, words.dropFirst()).contains { $0.is(first) && isNext($1) }
    }
    return follow("WITHOUT") { $0.is("ROWID") } && follow("COLLATE") { $0.asName?.uppercased() != "BINARY" }
  }

  /// Sets the digests of a page's rows to those that they have without their numbers.
  static func leaveNumbersOut(of page: RecordPage, _ rows: RepairedRows?, in rowDigests: GrowingBuffer) {
    guard isNeeded(for: page.entity) else { return }
    let digest = Digest(.sha256)
    for row in 0..<page.rowCount {
      if let place = rows?.place(of: row), let rows {
        rows.withRow(place) { update(digest, $0) }
      } else {
        update(digest, page.row(row))
      }
      digest.finish { rowDigests.overwrite(at: row * 32, with: $0) }
    }
  }

  /// The number is the first value of a row: a tag and 8 bytes.
  private static func update(_ digest: Digest, _ row: UnsafeRawBufferPointer) {
    digest.update(UnsafeRawBufferPointer(rebasing: row.dropFirst(9)))
  }
}
