/// Rows of one entity, read together, in one block of memory.
///
/// A page is the unit that travels from a store to the archive and from the archive to a target. Each row is its
/// column values, one behind the other, in the entity's column order, in the *record encoding*:
///
/// | tag | value | what follows |
/// | --- | --- | --- |
/// | 0 | null | nothing |
/// | 1 | integer | 8 bytes, little-endian |
/// | 2 | real | 8 bytes, IEEE 754 bits, little-endian |
/// | 3 | text | length (8 bytes, little-endian), bytes as stored |
/// | 4 | bytes | length, bytes |
/// | 5 | content (bytes kept outside the row) | length, digest algorithm (1 byte: 1 SHA-256, 2 SHA-512), digest |
/// | 6 | text content (text kept outside the row) | as 5 |
/// | 7 | withheld | nothing |
/// | 8 | missing (a file that should exist and cannot be read) | nothing |
///
/// The encoding is a pure function of the values, so SHA-256 over a row's bytes, once the digests of its contents are
/// filled in, is the *row digest* by which source, archive and target are compared.
///
/// Values of `plain` columns of up to `inlineLimit` bytes stand in the row; longer ones and all values of `content`
/// and `file` columns are contents. Text is bytes: nothing here decodes it.
///
/// A page belongs to one thread at a time and is handed over, never shared while it is written. It is reused:
/// `removeAll` keeps its memory.
public final class RecordPage: @unchecked Sendable {
  /// Longest value of a plain column that stands in the row, in bytes.
  public static let inlineLimit = 256 << 10
  /// A page is full when its rows reach this many bytes, or its buffered contents reach `payloadLimit`.
  public static let rowLimit = 2 << 20
  /// Contents of up to this many bytes may be buffered in `payload` beside their row.
  public static let smallContentLimit = 1 << 20
  public static let payloadLimit = 3 << 20
  /// Most rows of one page.
  public static let maximumRows = 16_384

  public let entity: Entity
  public let algorithm: DigestAlgorithm
  /// The rows in the record encoding.
  public let rows = GrowingBuffer(capacity: 64 << 10)
  /// Where each row begins in `rows`.
  public private(set) var rowStarts: [Int] = []
  /// The contents that belong to the rows, in row order, then column order.
  public var contents: [Content] = []
  /// Bytes of buffered small contents.
  public let payload = GrowingBuffer(capacity: 64 << 10)

  /// Bytes that belong to a row and stand outside it.
  public struct Content: Sendable {
    public enum Place: Sendable {
      /// In the page's `payload`.
      case payload(Range<Int>)
      /// To be streamed from the store by `SourceSnapshot.readContent`; `handle` is the store's own number for it.
      case store(handle: Int)
      /// Equal to a content that the archive already holds under this member path.
      case sameAs(path: String)
      /// Not read, only measured. A suspect one may have other bytes of the same length than it had before.
      case unread(isSuspect: Bool)
    }
    public var row: Int
    public var column: Int
    public var byteCount: Int64
    /// Where the digest stands in `rows`.
    public var digestOffset: Int
    public var place: Place
    /// Text that was too long for the row.
    public var isText: Bool
    /// The name of the archive member that holds it, relative to the segment: `data/blobs/attachment/17`.
    public var path = ""

    public init(row: Int, column: Int, byteCount: Int64, digestOffset: Int, place: Place, isText: Bool) {
      self.row = row
      self.column = column
      self.byteCount = byteCount
      self.digestOffset = digestOffset
      self.place = place
      self.isText = isText
    }
  }

  public init(entity: Entity, algorithm: DigestAlgorithm) {
    self.entity = entity
    self.algorithm = algorithm
    rowStarts.reserveCapacity(1024)
  }

  public var rowCount: Int { rowStarts.count }
  public var isEmpty: Bool { rowStarts.isEmpty }
  public var isFull: Bool {
    rows.count >= Self.rowLimit || payload.count >= Self.payloadLimit || rowStarts.count >= Self.maximumRows
  }

  public func removeAll() {
    rows.removeAll()
    rowStarts.removeAll(keepingCapacity: true)
    contents.removeAll(keepingCapacity: true)
    payload.removeAll()
    rows.shrink(to: 8 << 20)
    payload.shrink(to: 8 << 20)
  }

  // MARK: - Writing

  /// Begins a row; exactly one value for each column of the entity must follow.
  public func beginRow() { rowStarts.append(rows.count) }

  /// Takes the row that was begun last back, with its contents.
  public func dropLastRow() {
    let start = rowStarts.removeLast()
    rows.truncate(to: start)
    while let last = contents.last, last.row == rowStarts.count {
      if case .payload(let range) = last.place { payload.truncate(to: range.lowerBound) }
      contents.removeLast()
    }
  }

  @inline(__always) public func appendNull() { rows.append(RecordTag.null.rawValue) }

  @inline(__always)
  public func append(integer value: Int64) {
    rows.append(RecordTag.integer.rawValue)
    rows.append(littleEndian: value)
  }

  @inline(__always)
  public func append(real value: Double) {
    rows.append(RecordTag.real.rawValue)
    rows.append(littleEndian: value.bitPattern)
  }

  @inline(__always)
  public func append(text bytes: UnsafeRawBufferPointer) {
    rows.append(RecordTag.text.rawValue)
    rows.append(littleEndian: UInt64(bytes.count))
    rows.append(bytes)
  }

  @inline(__always)
  public func append(bytes: UnsafeRawBufferPointer) {
    rows.append(RecordTag.bytes.rawValue)
    rows.append(littleEndian: UInt64(bytes.count))
    rows.append(bytes)
  }

  public func appendWithheld() { rows.append(RecordTag.withheld.rawValue) }
  public func appendMissing() { rows.append(RecordTag.missing.rawValue) }

  /// Appends a content whose bytes are copied into the payload now.
  public func append(content bytes: UnsafeRawBufferPointer, isText: Bool, column: Int) {
    let start = payload.count
    payload.append(bytes)
    appendContent(
      byteCount: Int64(bytes.count), isText: isText, column: column, place: .payload(start..<payload.count))
  }

  /// Appends a content that is streamed later.
  public func append(contentOf byteCount: Int64, handle: Int, isText: Bool, column: Int) {
    appendContent(byteCount: byteCount, isText: isText, column: column, place: .store(handle: handle))
  }

  /// Appends a content that is only measured.
  public func append(unread byteCount: Int64, isSuspect: Bool, column: Int) {
    appendContent(byteCount: byteCount, isText: false, column: column, place: .unread(isSuspect: isSuspect))
  }

  /// Appends a content with the place where its bytes will come from; its digest is zero until it is set.
  public func appendContent(byteCount: Int64, isText: Bool, column: Int, place: Content.Place) {
    rows.append((isText ? RecordTag.textContent : RecordTag.content).rawValue)
    rows.append(littleEndian: UInt64(byteCount))
    rows.append(algorithm == .sha256 ? 1 : 2)
    let offset = rows.appendZeros(algorithm.byteCount)
    contents.append(
      Content(
        row: rowStarts.count - 1, column: column, byteCount: byteCount, digestOffset: offset, place: place,
        isText: isText))
  }

  /// Fills in the digest of `contents[index]`.
  public func setDigest(_ digest: UnsafeRawBufferPointer, ofContent index: Int) {
    precondition(digest.count == algorithm.byteCount)
    rows.overwrite(at: contents[index].digestOffset, with: digest)
  }

  /// Corrects the length of `contents[index]`, for a file that was read again with another length.
  public func setByteCount(_ byteCount: Int64, ofContent index: Int) {
    contents[index].byteCount = byteCount
    withUnsafeBytes(of: UInt64(byteCount).littleEndian) {
      rows.overwrite(at: contents[index].digestOffset - 9, with: $0)
    }
  }

  // MARK: - Reading

  /// The bytes of one row.
  public func row(_ index: Int) -> UnsafeRawBufferPointer {
    let end = index + 1 < rowStarts.count ? rowStarts[index + 1] : rows.count
    return rows.slice(rowStarts[index]..<end)
  }

  public func digest(ofContent index: Int) -> UnsafeRawBufferPointer {
    let offset = contents[index].digestOffset
    return rows.slice(offset..<offset + algorithm.byteCount)
  }

  /// The key of a row; allocates, so not for hot loops over all rows.
  public func key(ofRow index: Int) -> Key {
    let key = entity.key
    var values = [Value](repeating: .null, count: key.count)
    var left = key.count
    var reader = RecordReader(row(index))
    var column = 0
    while left > 0 {
      let value = reader.next()!
      for place in key.indices where key[place] == column {
        values[place] = value.copied
        left -= 1
      }
      column += 1
    }
    return Key(values)
  }
}

/// The first byte of a value in the record encoding.
public enum RecordTag: UInt8, Sendable {
  case null, integer, real, text, bytes, content, textContent, withheld, missing
}

/// A value that points into a page; valid as long as the page is.
public enum ValueView {
  case null
  case integer(Int64)
  case real(Double)
  case text(UnsafeRawBufferPointer)
  case bytes(UnsafeRawBufferPointer)
  case content(byteCount: Int64, digest: UnsafeRawBufferPointer, isText: Bool)
  case withheld
  case missing

  /// The value in memory of its own; contents become `missing`-like markers without their bytes.
  public var copied: Value {
    switch self {
    case .null: .null
    case .integer(let value): .integer(value)
    case .real(let value): .real(value)
    case .text(let bytes): .text(Array(bytes))
    case .bytes(let bytes): .bytes(Array(bytes))
    case .content(let byteCount, let digest, let isText):
      .content(byteCount: byteCount, digest: Array(digest), isText: isText)
    case .withheld: .withheld
    case .missing: .missing
    }
  }
}

/// Walks the values of one row.
public struct RecordReader {
  private let row: UnsafeRawBufferPointer
  private var offset = 0

  public init(_ row: UnsafeRawBufferPointer) { self.row = row }

  /// The next value; `nil` at the end of the row.
  ///
  /// Rows are made by `RecordPage` alone, so a malformed row is a bug and traps.
  @inline(__always)
  public mutating func next() -> ValueView? {
    guard offset < row.count else { return nil }
    let tag = RecordTag(rawValue: row[offset])!
    offset += 1
    switch tag {
    case .null: return .null
    case .integer: return .integer(Int64(bitPattern: word()))
    case .real: return .real(Double(bitPattern: word()))
    case .text: return .text(run())
    case .bytes: return .bytes(run())
    case .content, .textContent:
      let byteCount = Int64(word())
      let length = row[offset] == 1 ? 32 : 64
      offset += 1
      let digest = UnsafeRawBufferPointer(rebasing: row[offset..<offset + length])
      offset += length
      return .content(byteCount: byteCount, digest: digest, isText: tag == .textContent)
    case .withheld: return .withheld
    case .missing: return .missing
    }
  }

  @inline(__always)
  private mutating func word() -> UInt64 {
    let value = row.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    offset += 8
    return UInt64(littleEndian: value)
  }

  @inline(__always)
  private mutating func run() -> UnsafeRawBufferPointer {
    let length = Int(word())
    let bytes = UnsafeRawBufferPointer(rebasing: row[offset..<offset + length])
    offset += length
    return bytes
  }
}
