import NoteModel

/// One line of an inventory.
package struct InventoryEntry: Sendable, Hashable {
  package var key: Key
  /// SHA-256 over the row's record encoding.
  package var rowDigest: [UInt8]
  /// The digests of the row's contents, in column order.
  package var contents: [[UInt8]]
  /// Where the key's JSON stands in the text: `[17]`.
  package var keyRange: Range<Int>
}

/// Reads the lines of an inventory, strictly and in order. The text must stay valid while it is read.
package struct InventoryReader {
  private let text: UnsafeRawBufferPointer
  private var offset = 0
  private var line = 0

  package init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// The next line; `nil` at the end.
  ///
  /// - Throws: `.archiveDamaged` with the line and the byte of the text.
  package mutating func next() throws -> InventoryEntry? {
    guard offset < text.count else { return nil }
    line += 1
    do throws(JSONError) {
      return try entry()
    } catch {
      throw MigrationError.archiveDamaged(
        "the inventory cannot be read", cause: "line \(line), byte \(error.offset) of the text: \(error.reason)")
    }
  }

  private mutating func entry() throws(JSONError) -> InventoryEntry {
    try consume("[")
    let start = offset
    let key = try key()
    let keyRange = start..<offset
    try consume(",\"")
    let rowDigest = try digest()
    guard rowDigest.count == InventoryEncoder.rowDigestByteCount else {
      throw JSONError("a row digest of \(rowDigest.count) bytes", at: offset)
    }
    var contents: [[UInt8]] = []
    if peek == UInt8(ascii: ",") {
      try consume(",[\"")
      contents.append(try digest())
      while peek == UInt8(ascii: ",") {
        try consume(",\"")
        contents.append(try digest())
      }
      try consume("]")
    }
    try consume("]\n")
    return InventoryEntry(key: key, rowDigest: rowDigest, contents: contents, keyRange: keyRange)
  }

  /// Reads a key. One integer, by far the most frequent key, goes without a JSON value.
  private mutating func key() throws(JSONError) -> Key {
    var at = offset + 1
    var number: Int64 = 0
    while at < text.count, text[at] >= 0x30, text[at] <= 0x39, at - offset < 19 {
      number = number * 10 + Int64(text[at] - 0x30)
      at += 1
    }
    let digits = at - offset - 1
    if text.count > at, text[offset] == UInt8(ascii: "["), text[at] == UInt8(ascii: "]"),
      digits == 1 || (digits > 1 && text[offset + 1] != 0x30)
    {
      offset = at + 1
      return Key([.integer(number)])
    }
    let start = offset
    var reader = JSONReader(UnsafeRawBufferPointer(rebasing: text[start...]))
    let value: JSONValue
    do throws(JSONError) { value = try reader.value(depth: 0) } catch {
      throw JSONError(error.reason, at: start + error.offset)
    }
    offset += reader.offset
    guard let key = Key(json: value), !key.values.isEmpty else { throw JSONError("not a key", at: start) }
    return key
  }

  /// Reads 64 or 128 lower-case hexadecimal digits and the quotation mark behind them.
  private mutating func digest() throws(JSONError) -> [UInt8] {
    let start = offset
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    while offset + 1 < text.count, bytes.count < 64, let high = nibble(text[offset]), let low = nibble(text[offset + 1])
    {
      bytes.append(high << 4 | low)
      offset += 2
    }
    try consume("\"")
    guard bytes.count == 32 || bytes.count == 64 else { throw JSONError("a digest of \(bytes.count) bytes", at: start) }
    return bytes
  }

  private func nibble(_ character: UInt8) -> UInt8? {
    character >= UInt8(ascii: "A") && character <= UInt8(ascii: "F") ? nil : hexNibble(character)
  }

  private var peek: UInt8? { offset < text.count ? text[offset] : nil }

  private mutating func consume(_ expected: StaticString) throws(JSONError) {
    let count = expected.utf8CodeUnitCount
    guard text.count - offset >= count,
      (0..<count).allSatisfy({ text[offset + $0] == expected.utf8Start[$0] })
    else { throw JSONError("unexpected text", at: offset) }
    offset += count
  }
}
