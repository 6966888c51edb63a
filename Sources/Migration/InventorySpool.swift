import DurableIO
import NoteModel

/// Key and digest of every row, set aside to be compared with another store later.
///
/// On disk each row takes its key as JSON and 36 bytes, in the state directory; 4 MiB stay in memory.
final class InventorySpool {
  private let spool: Spool
  private let line = GrowingBuffer(capacity: 64 << 10)
  private let key = GrowingBuffer(capacity: 256)

  init(directory: String) { spool = Spool(directory: directory) }

  /// Set in the length of a key behind whose digest another one stands.
  fileprivate static let alternativeMark: UInt32 = 1 << 31

  /// Appends the rows of a page.
  ///
  /// - Parameters:
  ///   - alternatives: Rows that may have another digest as well, which is theirs there.
  ///   - omitted: Rows that are left out.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil,
    omitting omitted: Set<Int> = []
  ) throws {
    line.removeAll()
    line.append(littleEndian: UInt32(entityIndex))
    line.append(littleEndian: UInt32(page.rowCount - omitted.count))
    for row in 0..<page.rowCount where omitted.isEmpty || !omitted.contains(row) {
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      let hasAlternative = alternatives?.place(of: row) != nil
      line.append(littleEndian: UInt32(key.count) | (hasAlternative ? Self.alternativeMark : 0))
      line.append(key.bytes)
      line.append(rowDigests.slice(row * 32..<(row + 1) * 32))
      if hasAlternative { alternatives?.withDigest(ofRow: row) { line.append($0) } }
    }
    try spool.append(line.bytes)
    line.removeAll()
    line.shrink(to: 1 << 20)
  }

  /// Walks what was appended. The spool must not grow meanwhile; several threads may each walk it.
  struct Cursor {
    private let spool: Spool
    private var offset: Int64 = 0
    private let buffer = GrowingBuffer(capacity: 64 << 10)
    private var position = 0
    private var rowsLeft = 0

    private(set) var entityIndex = -1
    /// The present row's key as JSON and its digest; empty at the end.
    private(set) var key: [UInt8] = []
    private(set) var digest: [UInt8] = []
    /// The other digest that the row may have; empty for the most of all rows.
    private(set) var alternative: [UInt8] = []
    var isAtEnd: Bool { digest.isEmpty }

    init(_ inventory: InventorySpool) throws {
      spool = inventory.spool
      try advance()
    }

    mutating func advance() throws {
      while rowsLeft == 0 {
        guard try fill(8) else {
          key = []
          digest = []
          return
        }
        entityIndex = Int(word())
        rowsLeft = Int(word())
      }
      guard try fill(4) else { return try end() }
      let mark = word()
      let length = Int(mark & ~InventorySpool.alternativeMark)
      let alternativeCount = mark & InventorySpool.alternativeMark == 0 ? 0 : 32
      guard try fill(length + 32 + alternativeCount) else { return try end() }
      key = Array(buffer.slice(position..<position + length))
      digest = Array(buffer.slice(position + length..<position + length + 32))
      position += length + 32
      alternative = Array(buffer.slice(position..<position + alternativeCount))
      position += alternativeCount
      rowsLeft -= 1
    }

    private func end() throws {
      throw MigrationError(
        .internal, "the inventory set aside is cut off", cause: "at byte \(offset)", safeNow: "nothing was changed",
        next: ["repeat the command"])
    }

    private mutating func word() -> UInt32 {
      let value = buffer.bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      position += 4
      return UInt32(littleEndian: value)
    }

    /// Whether `count` bytes stand in the buffer behind `position`; reads more when they do not.
    private mutating func fill(_ count: Int) throws -> Bool {
      if buffer.count - position >= count { return true }
      if position > 0 {
        let tail = Array(buffer.slice(position..<buffer.count))
        buffer.removeAll()
        buffer.append(tail)
        position = 0
      }
      while buffer.count < count {
        let before = buffer.count
        try buffer.appendUninitialized(max(64 << 10, count - before)) { try spool.read(into: $0, at: offset) }
        let got = buffer.count - before
        if got == 0 { return false }
        offset += Int64(got)
      }
      return true
    }
  }
}

/// The key of a row as JSON, straight from the page.
enum RowKey {
  static func append(of row: Int, in page: RecordPage, to buffer: GrowingBuffer) {
    let keyColumns = page.entity.key
    if keyColumns.count == 1 {
      var reader = RecordReader(page.row(row))
      for _ in 0..<keyColumns[0] { _ = reader.next() }
      buffer.append(UInt8(ascii: "["))
      JSONWriter.append(value: reader.next()!, to: buffer)
      buffer.append(UInt8(ascii: "]"))
    } else {
      page.key(ofRow: row).appendJSON(to: buffer)
    }
  }
}
