import DurableIO
import NoteModel

/// Gives values of one row their right type after their bytes were written.
///
/// SQLite fills a value in pieces only when it was inserted as a blob of zeros, and keeps such zeros out of memory only
/// when no other data stands behind them in the row. So a row with a very large content is inserted with zeros for that
/// content and for every value behind it, the bytes are written into them, and then, with the database closed, the
/// type numbers in the head of the record are corrected in the file: the same number of bytes, in one page.
///
/// A value that SQLite would change when it writes it (digits as text in a column of numbers) takes the same way, in
/// rows of any length.
///
/// The patches are committed together with the row and repeated until they are done, so a crash between the two leaves
/// nothing behind that the next run does not mend. Applying a patch twice does nothing.
struct RecordPatch: Equatable {
  enum Kind: String {
    case text = "t"
    case integer = "i"
    case real = "r"
  }

  var table: String
  var row: Int64
  /// Places in the record and what they become, in rising order.
  var types: [(place: Int, kind: Kind)]

  static func == (left: RecordPatch, right: RecordPatch) -> Bool {
    left.table == right.table && left.row == right.row && left.text == right.text
  }

  /// `6:t,7:i`
  var text: String { types.map { "\($0.place):\($0.kind.rawValue)" }.joined(separator: ",") }

  init(table: String, row: Int64, types: [(place: Int, kind: Kind)]) {
    self.table = table
    self.row = row
    self.types = types
  }

  init?(table: String, row: Int64, text: String) {
    self.init(table: table, row: row, types: [])
    for part in text.split(separator: ",") {
      let halves = part.split(separator: ":")
      guard halves.count == 2, let place = Int(halves[0]), let kind = Kind(rawValue: String(halves[1])) else {
        return nil
      }
      types.append((place, kind))
    }
  }

  /// Whether the head of a record is sure to stand in the row's own page, as the whole record does.
  ///
  /// - Parameter byteCount: Bytes of its values.
  static func fits(columns: Int, byteCount: Int, pageSize: Int) -> Bool {
    // Up to usable - 35 bytes stay in the page; at most 255 are not usable, and a page keeps 480 that are. A value's
    // length takes at most 5 bytes of the head.
    columns * 5 + 5 + byteCount <= max(480, pageSize - 255) - 35 || fits(columns: columns, pageSize: pageSize)
  }

  /// The longest head of a record of `columns` values that is sure to stand in the row's own page.
  static func fits(columns: Int, pageSize: Int) -> Bool {
    // A head takes at most 9 bytes a value and 3 for its length; the page keeps at least this much of a long record.
    columns * 9 + 3 <= (pageSize - 255 - 12) * 32 / 255 - 23
  }

  /// Applies patches to a database file that no connection of this process has open and that has no journal.
  ///
  /// - Parameter roots: The root page of each table.
  static func apply(_ patches: [RecordPatch], to path: String, roots: [String: Int64]) throws {
    let file = try File.write(path)
    let database = try DatabaseFile(file)
    for patch in patches {
      guard let root = roots[patch.table] else { throw database.damage("the table \(patch.table) is gone") }
      try database.apply(patch, root: root)
    }
    try file.synchronize()
  }
}

/// The patches of a batch, one for each row.
struct PatchList {
  private var rows: [String: [Int64: RecordPatch]] = [:]
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var all: [RecordPatch] { rows.values.flatMap { $0.values } }
  func has(_ table: String) -> Bool { rows[table] != nil }

  mutating func add(_ patch: RecordPatch) {
    if rows[patch.table, default: [:]].updateValue(patch, forKey: patch.row) == nil { count += 1 }
  }

  mutating func remove(_ table: String, _ row: Int64) {
    if rows[table]?.removeValue(forKey: row) != nil { count -= 1 }
  }

  mutating func removeAll() {
    rows.removeAll()
    count = 0
  }
}

/// The pages of a SQLite database file, read and written without SQLite (https://sqlite.org/fileformat.html).
private struct DatabaseFile {
  let file: File
  let pageSize: Int
  let usable: Int

  init(_ file: File) throws {
    self.file = file
    var header = [UInt8](repeating: 0, count: 100)
    let count = try header.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    let size = Int(header[16]) << 8 | Int(header[17])
    pageSize = size == 1 ? 65536 : size
    usable = pageSize - Int(header[20])
    guard count == 100, pageSize >= 512, pageSize & (pageSize - 1) == 0, usable >= 480 else {
      throw damage("its header does not make sense")
    }
  }

  func damage(_ cause: String) -> MigrationError {
    MigrationError(
      .targetMismatch, "the target's file is not as it was written", cause: "\(file.path): \(cause)",
      safeNow: "the source and the archive are untouched", next: ["import into a new, empty store"])
  }

  func apply(_ patch: RecordPatch, root: Int64) throws {
    var number = root
    for _ in 0..<40 {
      var page = [UInt8](repeating: 0, count: pageSize)
      let offset = (number - 1) * Int64(pageSize)
      guard number > 0, try page.withUnsafeMutableBytes({ try file.read(into: $0, at: offset) }) == pageSize else {
        throw damage("page \(number) is not there")
      }
      let start = number == 1 ? 100 : 0
      switch page[start] {
      case 0x05: number = try child(of: page, start, for: patch.row)
      case 0x0D: return try applyInLeaf(patch, page, start, offset)
      default: throw damage("page \(number) is not part of a table")
      }
    }
    throw damage("a table is deeper than any can be")
  }

  private func child(of page: [UInt8], _ start: Int, for row: Int64) throws -> Int64 {
    for cell in 0..<word16(page, start + 3) {
      let at = word16(page, start + 12 + cell * 2)
      guard let (key, _) = varint(page, at + 4) else { throw damage("a cell is cut off") }
      if row <= Int64(bitPattern: key) { return word32(page, at) }
    }
    return word32(page, start + 8)
  }

  private func applyInLeaf(_ patch: RecordPatch, _ page: [UInt8], _ start: Int, _ offset: Int64) throws {
    for cell in 0..<word16(page, start + 3) {
      let at = word16(page, start + 8 + cell * 2)
      guard let (_, rowAt) = varint(page, at), let (row, recordAt) = varint(page, rowAt) else {
        throw damage("a cell is cut off")
      }
      guard Int64(bitPattern: row) == patch.row else { continue }
      return try applyInRecord(patch, page, recordAt, offset)
    }
    throw damage("row number \(patch.row) of \(patch.table) is not there")
  }

  private func applyInRecord(_ patch: RecordPatch, _ page: [UInt8], _ recordAt: Int, _ offset: Int64) throws {
    guard let (length, first) = varint(page, recordAt), recordAt + Int(length) <= page.count else {
      throw damage("a record's head is not in its page")
    }
    var page = page
    var at = first
    var place = 0
    var rest = patch.types[...]
    while at < recordAt + Int(length), let wanted = rest.first {
      guard let (type, next) = varint(page, at) else { throw damage("a record's head is cut off") }
      if place == wanted.place {
        let settled = try self.type(wanted.kind, from: type)
        // The length does not change: an even type number and the odd one behind it take the same number of bytes.
        write(settled, to: &page, at, next - at)
        rest.removeFirst()
      }
      at = next
      place += 1
    }
    guard rest.isEmpty else { throw damage("a record has too few values") }
    try file.seek(to: offset + Int64(recordAt))
    try page.withUnsafeBytes {
      try file.write(UnsafeRawBufferPointer(rebasing: $0[recordAt..<recordAt + Int(length)]))
    }
  }

  private func type(_ kind: RecordPatch.Kind, from type: UInt64) throws -> UInt64 {
    switch kind {
    case .text where type >= 12: return type | 1
    case .integer where type == 28 || type == 6: return 6
    case .real where type == 28 || type == 7: return 7
    default: throw damage("a value has the type \(type), which cannot become \(kind)")
    }
  }

  private func word16(_ page: [UInt8], _ at: Int) -> Int { Int(page[at]) << 8 | Int(page[at + 1]) }
  private func word32(_ page: [UInt8], _ at: Int) -> Int64 { Int64(word16(page, at) << 16 | word16(page, at + 2)) }

  /// A number of one to nine bytes, and where it ends.
  private func varint(_ page: [UInt8], _ start: Int) -> (UInt64, Int)? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard start + index < page.count else { return nil }
      let byte = page[start + index]
      if index == 8 { return (value << 8 | UInt64(byte), start + 9) }
      value = value << 7 | UInt64(byte & 0x7F)
      if byte & 0x80 == 0 { return (value, start + index + 1) }
    }
    return nil
  }

  private func write(_ value: UInt64, to page: inout [UInt8], _ at: Int, _ length: Int) {
    for index in 0..<length {
      let part = UInt8(truncatingIfNeeded: value >> UInt64(7 * (length - 1 - index))) & 0x7F
      page[at + index] = part | (index < length - 1 ? 0x80 : 0)
    }
  }
}
