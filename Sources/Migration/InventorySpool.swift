import DurableIO
import NoteArchive
import NoteModel

/// Key and digest of every row, set aside to be compared with another store later.
///
/// On disk each row takes its key as JSON and 36 bytes, in the state directory; 4 MiB stay in memory.
final class InventorySpool {
  private let spool: Spool
  /// Set where the digests of the rows' contents are kept, too: how many bytes each has.
  fileprivate let contentSize: Int
  private let line = GrowingBuffer(capacity: 64 << 10)
  private let key = GrowingBuffer(capacity: 256)

  /// - Parameter contents: The algorithm of the contents' digests, where these are to be kept.
  init(directory: String, contents algorithm: DigestAlgorithm? = nil) {
    spool = Spool(directory: directory)
    contentSize = algorithm?.byteCount ?? 0
  }

  /// Set in the length of a key behind whose digest another one stands.
  fileprivate static let alternativeMark: UInt32 = 1 << 31
  /// Set in the length of a key of a row that is gone; no digest follows.
  fileprivate static let deletedMark: UInt32 = 1 << 30
  fileprivate static let lengthMask: UInt32 = 1 << 30 - 1

  /// Appends the rows of a page.
  ///
  /// - Parameter alternatives: Rows that may have another digest as well, which is theirs there.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil
  ) throws {
    line.removeAll()
    line.append(littleEndian: UInt32(entityIndex))
    line.append(littleEndian: UInt32(page.rowCount))
    var content = 0
    for row in 0..<page.rowCount {
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      let hasAlternative = alternatives?.place(of: row) != nil
      line.append(littleEndian: UInt32(key.count) | (hasAlternative ? Self.alternativeMark : 0))
      line.append(key.bytes)
      line.append(rowDigests.slice(row * 32..<(row + 1) * 32))
      if hasAlternative { alternatives?.withDigest(ofRow: row) { line.append($0) } }
      let first = content
      while content < page.contents.count, page.contents[content].row == row { content += 1 }
      guard contentSize > 0 else { continue }
      line.append(UInt8(content - first))
      for index in first..<content { line.append(page.digest(ofContent: index)) }
    }
    try passOn()
  }

  /// Appends rows by the lines of an archive's inventory.
  func append(entityIndex: Int, _ entries: [InventoryEntry]) throws {
    line.append(littleEndian: UInt32(entityIndex))
    line.append(littleEndian: UInt32(entries.count))
    for entry in entries {
      key.removeAll()
      entry.key.appendJSON(to: key)
      line.append(littleEndian: UInt32(key.count))
      line.append(key.bytes)
      line.append(entry.rowDigest)
      guard contentSize > 0 else { continue }
      line.append(UInt8(entry.contents.count))
      for digest in entry.contents { line.append(digest) }
    }
    try passOn()
  }

  /// Appends rows that are gone.
  func append(entityIndex: Int, deleted keys: [Key]) throws {
    line.append(littleEndian: UInt32(entityIndex))
    line.append(littleEndian: UInt32(keys.count))
    for deleted in keys {
      key.removeAll()
      deleted.appendJSON(to: key)
      line.append(littleEndian: UInt32(key.count) | Self.deletedMark)
      line.append(key.bytes)
    }
    try passOn()
  }

  private func passOn() throws {
    try spool.append(line.bytes)
    line.removeAll()
    line.shrink(to: 1 << 20)
  }

  /// Walks what was appended. The spool must not grow meanwhile; several threads may each walk it.
  struct Cursor {
    private let spool: Spool
    private let contentSize: Int
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
    /// The digests of the row's contents, one behind the other, where they are kept.
    private(set) var contents: [UInt8] = []
    /// Whether the row is gone.
    private(set) var isDeleted = false
    var isAtEnd: Bool { key.isEmpty }

    init(_ inventory: InventorySpool) throws {
      spool = inventory.spool
      contentSize = inventory.contentSize
      try advance()
    }

    mutating func advance() throws {
      while rowsLeft == 0 {
        guard try fill(8) else {
          (key, digest, alternative, contents, isDeleted) = ([], [], [], [], false)
          return
        }
        entityIndex = Int(word())
        rowsLeft = Int(word())
      }
      guard try fill(4) else { try end() }
      let mark = word()
      let length = Int(mark & InventorySpool.lengthMask)
      isDeleted = mark & InventorySpool.deletedMark != 0
      rowsLeft -= 1
      key = try take(length)
      digest = isDeleted ? [] : try take(32)
      alternative = mark & InventorySpool.alternativeMark == 0 ? [] : try take(32)
      contents = isDeleted || contentSize == 0 ? [] : try take(Int(try take(1)[0]) * contentSize)
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
      guard count > 0 else { return [] }
      guard try fill(count) else { try end() }
      defer { position += count }
      return Array(buffer.slice(position..<position + count))
    }

    private func end() throws -> Never {
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

/// The key of a row as JSON.
enum RowKey {
  /// Reads a key back that an inventory set aside.
  static func parse(_ json: [UInt8]) throws -> Key {
    guard let value = try? JSONReader.parse(json), let key = Key(json: value) else {
      throw MigrationError(
        .internal, "a key of the inventory cannot be read", cause: String(decoding: json, as: UTF8.self),
        safeNow: "nothing was changed", next: [])
    }
    return key
  }

  /// Straight from the page.
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
