import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads NDJSON rows back into a page, strictly: the columns in the entity's order, none more, none missing, no spaces.
///
/// A decoder belongs to one thread at a time.
package final class RowDecoder: @unchecked Sendable {
  /// Longest line in bytes. An entity of many columns may have longer ones: room for each value at its longest.
  package let lineLimit: Int
  package let entity: Entity
  private let prefixes: ColumnPrefixes
  private let scratch = GrowingBuffer(capacity: 2048)

  package init(_ entity: Entity) {
    self.entity = entity
    prefixes = ColumnPrefixes(entity)
    // A control character takes six bytes as JSON.
    lineLimit = max(64 << 20, entity.columns.count * RecordPage.inlineLimit * 6 + prefixes.byteCount)
  }

  /// Appends the rows of a text to a page. Contents get the place `.sameAs(path:)`: the member of that name.
  ///
  /// Bounded by the text: the page grows by at most about 24 times its length. Digests of contents are zero.
  ///
  /// - Throws: `.archiveDamaged` with the line and byte of what is wrong; the page then holds the rows before that line.
  package func decode(_ text: UnsafeRawBufferPointer, into page: RecordPage) throws {
    precondition(page.entity.columns.count == prefixes.count, "a page of another entity")
    var line = 1
    var start = 0
    while start < text.count {
      // A line is cut out by its limit, so that nothing beyond it is ever searched.
      let rest = UnsafeRawBufferPointer(rebasing: text[start..<min(text.count, start + lineLimit)])
      guard page.rowCount < RecordPage.maximumRows else {
        throw MigrationError.archiveDamaged(
          "the rows of \(entity.name) cannot be read", cause: "the page has more than \(RecordPage.maximumRows) rows")
      }
      page.beginRow()
      do throws(JSONError) {
        start += try decodeLine(rest, into: page)
      } catch {
        page.dropLastRow()
        throw MigrationError.archiveDamaged(
          "the rows of \(entity.name) cannot be read", cause: "line \(line), byte \(error.offset): \(error.reason)")
      }
      line += 1
    }
  }

  // MARK: - Lines

  /// Reads the line at the beginning of `text`; returns its length with the line feed.
  private func decodeLine(_ text: UnsafeRawBufferPointer, into page: RecordPage) throws(JSONError) -> Int {
    var at = 0
    for column in 0..<prefixes.count {
      let prefix = prefixes[column]
      guard starts(text, at, with: prefix) else {
        throw JSONError("column \(column + 1) is not \(TarName.printable(entity.columns[column].name))", at: at)
      }
      at = try decodeValue(text, at + prefix.count, column, into: page)
    }
    guard starts(text, at, with: "}\n") else {
      throw JSONError(text.count - at < 2 ? "the line ends too early" : "the line goes on behind its columns", at: at)
    }
    return at + 2
  }

  @inline(__always)
  private func decodeValue(
    _ text: UnsafeRawBufferPointer, _ at: Int, _ column: Int, into page: RecordPage
  ) throws(JSONError) -> Int {
    guard at < text.count else { throw JSONError("the line ends too early", at: at) }
    switch text[at] {
    case UInt8(ascii: "\""):
      let start = page.rows.count
      page.append(text: UnsafeRawBufferPointer(start: nil, count: 0))
      let end = try decodeString(text, at, into: page.rows)
      withUnsafeBytes(of: UInt64(page.rows.count - start - 9).littleEndian) {
        page.rows.overwrite(at: start + 1, with: $0)
      }
      return end
    case UInt8(ascii: "n"):
      guard starts(text, at, with: "null") else { throw JSONError("unknown word", at: at) }
      page.appendNull()
      return at + 4
    case UInt8(ascii: "{"): return try decodeObject(text, at, column, into: page)
    default: return try decodeNumber(text, at, into: page)
    }
  }

  // MARK: - Values

  private func decodeString(
    _ text: UnsafeRawBufferPointer, _ at: Int, into buffer: GrowingBuffer
  ) throws(JSONError) -> Int {
    var reader = JSONReader(UnsafeRawBufferPointer(rebasing: text[at...]))
    do throws(JSONError) { try reader.string(into: buffer) } catch {
      throw JSONError(error.reason, at: at + error.offset)
    }
    return at + reader.offset
  }

  private func decodeNumber(
    _ text: UnsafeRawBufferPointer, _ at: Int, into page: RecordPage
  ) throws(JSONError) -> Int {
    var end = at
    let isNegative = text[at] == UInt8(ascii: "-")
    if isNegative { end += 1 }
    let first = end
    var magnitude: UInt64 = 0
    while end < text.count, text[end] >= 0x30, text[end] <= 0x39, end - first < 18 {
      magnitude = magnitude * 10 + UInt64(text[end] - 0x30)
      end += 1
    }
    let isPlain = end > first && end < text.count && (text[end] == UInt8(ascii: ",") || text[end] == UInt8(ascii: "}"))
    if isPlain, text[first] != 0x30 || (end - first == 1 && !isNegative) {
      page.append(integer: isNegative ? -Int64(magnitude) : Int64(magnitude))
      return end
    }
    // Reals, integers of 19 digits, and whatever is no number. No number takes more than 400 bytes.
    var reader = JSONReader(UnsafeRawBufferPointer(rebasing: text[at..<min(text.count, at + 400)]))
    let value: JSONValue
    do throws(JSONError) { value = try reader.number() } catch { throw JSONError(error.reason, at: at + error.offset) }
    switch value {
    case .real(let number): page.append(real: number)
    case .integer(let number) where number != 0: page.append(integer: number)
    default: throw JSONError("unexpected number", at: at)
    }
    return at + reader.offset
  }

  private func decodeObject(
    _ text: UnsafeRawBufferPointer, _ at: Int, _ column: Int, into page: RecordPage
  ) throws(JSONError) -> Int {
    if starts(text, at, with: "{\"blob\":") { return try decodeContent(text, at, at + 8, column, false, into: page) }
    if starts(text, at, with: "{\"text_blob\":") {
      return try decodeContent(text, at, at + 13, column, true, into: page)
    }
    if starts(text, at, with: "{\"withheld\":true}") {
      page.appendWithheld()
      return at + 17
    }
    if starts(text, at, with: "{\"missing\":true}") {
      page.appendMissing()
      return at + 16
    }
    let isBytes = starts(text, at, with: "{\"b64\":\"")
    if isBytes || starts(text, at, with: "{\"text_b64\":\"") {
      let (inner, end) = try quoted(text, at + (isBytes ? 8 : 13))
      guard let bytes = Base64.decode(inner) else { throw JSONError("malformed Base64", at: at) }
      bytes.withUnsafeBytes { isBytes ? page.append(bytes: $0) : page.append(text: $0) }
      return end
    }
    if starts(text, at, with: "{\"f64\":\"") {
      let (digits, end) = try quoted(text, at + 8)
      var bits: UInt64 = 0
      guard digits.count == 16 else { throw JSONError("a real that has not 16 digits", at: at) }
      for digit in digits {
        guard let nibble = hexNibble(digit) else { throw JSONError("a real with other characters than digits", at: at) }
        bits = bits << 4 | UInt64(nibble)
      }
      page.append(real: Double(bitPattern: bits))
      return end
    }
    throw JSONError("an object of an unknown kind", at: at)
  }

  private func decodeContent(
    _ text: UnsafeRawBufferPointer, _ start: Int, _ at: Int, _ column: Int, _ isText: Bool, into page: RecordPage
  ) throws(JSONError) -> Int {
    guard entity.columns[column].kind != .rowNumber else { throw JSONError("a row number with a content", at: start) }
    scratch.removeAll()
    var at = try decodeString(text, at, into: scratch)
    if let problem = TarName.problem(scratch.bytes) {
      throw JSONError("a content's path is refused: \(problem)", at: start)
    }
    guard starts(scratch.bytes, 0, with: "data/blobs/") else {
      throw JSONError("a content's path is outside data/blobs", at: start)
    }
    guard starts(text, at, with: ",\"size\":") else { throw JSONError("a content without its size", at: at) }
    at += 8
    var size: Int64 = 0
    let first = at
    while at < text.count, text[at] >= 0x30, text[at] <= 0x39, at - first < 18 {
      size = size * 10 + Int64(text[at] - 0x30)
      at += 1
    }
    guard at > first, at - first == 1 || text[first] != 0x30, at < text.count, text[at] == UInt8(ascii: "}") else {
      throw JSONError("a content's size is not a number of bytes", at: first)
    }
    let path = String(decoding: scratch.bytes, as: UTF8.self)
    page.appendContent(byteCount: size, isText: isText, column: column, place: .sameAs(path: path))
    page.contents[page.contents.count - 1].path = path
    return at + 1
  }

  // MARK: - Bytes

  /// The bytes up to the next quotation mark, and the offset behind the `"}` there.
  private func quoted(
    _ text: UnsafeRawBufferPointer, _ at: Int
  ) throws(JSONError) -> (UnsafeRawBufferPointer, Int) {
    guard at < text.count, let start = text.baseAddress, let mark = memchr(start + at, 0x22, text.count - at) else {
      throw JSONError("a string without its end", at: at)
    }
    let end = UnsafeRawPointer(mark) - start
    guard starts(text, end, with: "\"}") else { throw JSONError("an object with more than one name", at: end) }
    return (UnsafeRawBufferPointer(rebasing: text[at..<end]), end + 2)
  }

  @inline(__always)
  private func starts(_ text: UnsafeRawBufferPointer, _ at: Int, with part: UnsafeRawBufferPointer) -> Bool {
    guard text.count - at >= part.count else { return false }
    return memcmp(text.baseAddress! + at, part.baseAddress!, part.count) == 0
  }

  @inline(__always)
  private func starts(_ text: UnsafeRawBufferPointer, _ at: Int, with part: StaticString) -> Bool {
    starts(text, at, with: UnsafeRawBufferPointer(start: part.utf8Start, count: part.utf8CodeUnitCount))
  }
}
