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

  /// One with a name, to be kept.
  ///
  /// - Parameter length: What is in it already, in bytes.
  init(path: String, keeping length: Int64, contents algorithm: DigestAlgorithm) throws {
    spool = try Spool(path: path, keeping: length)
    contentSize = algorithm.byteCount
  }

  var byteCount: Int64 { spool.byteCount }

  func synchronize() throws { try spool.synchronize() }

  /// Appends the present row of a walk.
  func append(_ chain: InventoryChain) throws {
    line.append(littleEndian: UInt32(chain.entityIndex))
    line.append(littleEndian: UInt32(1))
    line.append(littleEndian: UInt32(chain.key.count) | (chain.alternative.isEmpty ? 0 : Self.alternativeMark))
    line.append(chain.key)
    line.append(chain.digest)
    line.append(chain.alternative)
    if contentSize > 0 {
      line.append(UInt8(chain.contents.count / contentSize))
      line.append(chain.contents)
    }
    try passOn()
  }

  /// Set in the length of a key behind whose digest another one stands.
  fileprivate static let alternativeMark: UInt32 = 1 << 31
  /// Set in the length of a key of a row that is gone; no digest follows.
  fileprivate static let deletedMark: UInt32 = 1 << 30
  fileprivate static let lengthMask: UInt32 = 1 << 30 - 1

  /// Appends the rows of a page.
  ///
  /// - Parameters:
  ///   - alternatives: Rows that may have another digest as well, which is theirs there.
  ///   - repaired: Rows that have other contents there.
  ///   - omitted: Rows that are left out, or, in a delta, are gone.
  func append(
    entityIndex: Int, page: RecordPage, rowDigests: GrowingBuffer, alternatives: RepairedRows? = nil,
    repaired: RepairedRows? = nil, omitting omitted: Set<Int> = [], isDelta: Bool = false
  ) throws {
    line.removeAll()
    line.append(littleEndian: UInt32(entityIndex))
    line.append(littleEndian: UInt32(page.rowCount - (isDelta ? 0 : omitted.count)))
    var content = 0
    for row in 0..<page.rowCount {
      let isOmitted = !omitted.isEmpty && omitted.contains(row)
      if isOmitted, !isDelta { continue }
      key.removeAll()
      RowKey.append(of: row, in: page, to: key)
      if isOmitted {
        line.append(littleEndian: UInt32(key.count) | Self.deletedMark)
        line.append(key.bytes)
        continue
      }
      let hasAlternative = alternatives?.place(of: row) != nil
      line.append(littleEndian: UInt32(key.count) | (hasAlternative ? Self.alternativeMark : 0))
      line.append(key.bytes)
      line.append(rowDigests.slice(row * 32..<(row + 1) * 32))
      if hasAlternative { alternatives?.withDigest(ofRow: row) { line.append($0) } }
      guard contentSize > 0 else { continue }
      while content < page.contents.count, page.contents[content].row < row { content += 1 }
      let first = content
      while content < page.contents.count, page.contents[content].row == row { content += 1 }
      var (source, range) = (page, first..<content)
      if let repaired, let place = repaired.place(of: row) {
        (source, range) = (repaired.page, repaired.page.contentRange(ofRow: place))
      }
      line.append(UInt8(range.count))
      for index in range { line.append(source.digest(ofContent: index)) }
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
      // Their room is kept from row to row: this runs for every row of a store.
      let key = try take(length)
      self.key.replace(with: key)
      let digest = try take(isDeleted ? 0 : 32)
      self.digest.replace(with: digest)
      let alternative = try take(mark & InventorySpool.alternativeMark == 0 ? 0 : 32)
      self.alternative.replace(with: alternative)
      var count = 0
      if !isDeleted, contentSize > 0 { count = Int(try take(1)[0]) }
      let contents = try take(count * contentSize)
      self.contents.replace(with: contents)
    }

    /// The next bytes; good until the next ones are taken.
    private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
      guard try fill(count) else { try end() }
      defer { position += count }
      return buffer.slice(position..<position + count)
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

extension [UInt8] {
  fileprivate mutating func replace(with bytes: UnsafeRawBufferPointer) {
    removeAll(keepingCapacity: true)
    append(contentsOf: bytes)
  }
}

/// The key of a row as JSON.
enum RowKey {
  /// Whether a key stands in front of another one; 0 where it is the same. Numbers alone, as most keys are, are compared as
  /// they are written.
  static func order(_ left: [UInt8], _ right: [UInt8]) throws -> Int {
    if let left = integer(left), let right = integer(right) { return left < right ? -1 : left > right ? 1 : 0 }
    if left == right { return 0 }
    let (first, second) = (try parse(left), try parse(right))
    return first < second ? -1 : second < first ? 1 : 0
  }

  /// The number of a key that is one: `[17]`.
  private static func integer(_ json: [UInt8]) -> Int64? {
    let isNegative = json.count > 2 && json[1] == UInt8(ascii: "-")
    let start = isNegative ? 2 : 1
    // Eighteen digits are always a number of 64 bits.
    guard json.count > start + 1, json.count <= start + 19, json[json.count - 1] == UInt8(ascii: "]") else {
      return nil
    }
    var number: Int64 = 0
    for index in start..<json.count - 1 {
      let digit = json[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      number = number &* 10 &+ Int64(digit)
    }
    return isNegative ? -number : number
  }

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
