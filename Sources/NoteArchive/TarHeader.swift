import NoteModel

/// A file in a segment.
package struct TarMember: Sendable, Hashable {
  /// The path in the archive, with the segment's name in front: `0000-base/data/rows/note/000001.ndjson.zst`.
  package var name: String
  package var byteCount: Int64
  /// Seconds since 1970-01-01T00:00:00Z.
  package var modified: Int64

  package init(name: String, byteCount: Int64, modified: Int64) {
    self.name = name
    self.byteCount = byteCount
    self.modified = modified
  }
}

/// Writes the headers of a tar archive (POSIX.1-2001: ustar with pax records where ustar has no room).
///
/// Equal members give equal bytes: no user, no group, no device, mode 0600.
package enum TarHeader {
  package static let blockSize = 512
  /// The two empty blocks that end an archive.
  package static let endOfArchive = [UInt8](repeating: 0, count: 2 * blockSize)

  /// Largest size and time that eleven octal digits hold: 8 GiB - 1.
  static let octalLimit: Int64 = 1 << 33 - 1
  /// Members below `<segment>/PaxHeaders/` are stand-ins: the true name is in the pax record before them.
  static let standInDirectory = "/PaxHeaders/"

  /// The zero bytes that follow a body of `byteCount` bytes, 0 to 511.
  package static func padding(_ byteCount: Int64) -> Int { Int((512 - byteCount % 512) % 512) }
  package static func padding(_ byteCount: Int) -> Int { padding(Int64(byteCount)) }

  /// Appends the header of a member: 512 bytes, or at least 1,536 where a pax record is needed.
  ///
  /// The member's name must be sound (`TarName.problem`) and its size not negative; anything else is a bug and traps.
  /// Times outside 0 to 2^33 - 1 are brought to the nearer bound.
  package static func append(_ member: TarMember, to buffer: GrowingBuffer) {
    precondition(member.byteCount >= 0, "a member cannot have a negative size")
    var name = member.name
    name.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      precondition(TarName.problem(bytes) == nil, "a member needs a sound name")
      let modified = min(max(member.modified, 0), octalLimit)
      let isASCII = bytes.allSatisfy { $0 < 0x80 }
      let split = isASCII ? splitting(bytes) : nil
      if let split, member.byteCount <= octalLimit {
        let prefix = UnsafeRawBufferPointer(rebasing: bytes[..<max(split - 1, 0)])
        let rest = UnsafeRawBufferPointer(rebasing: bytes[split...])
        appendBlock(name: rest, prefix: prefix, byteCount: member.byteCount, modified: modified, type: "0", to: buffer)
        return
      }
      let records = GrowingBuffer(capacity: 256)
      appendRecord("path", bytes, to: records)
      if member.byteCount > octalLimit {
        var size = String(member.byteCount)
        size.withUTF8 { appendRecord("size", UnsafeRawBufferPointer($0), to: records) }
      }
      let none = UnsafeRawBufferPointer(start: nil, count: 0)
      let standIn = standInName(bytes)
      standIn.withUnsafeBytes {
        let size = Int64(records.count)
        appendBlock(name: $0, prefix: none, byteCount: size, modified: modified, type: "x", to: buffer)
      }
      buffer.append(records.bytes)
      _ = buffer.appendZeros(padding(records.count))
      standIn.withUnsafeBytes {
        appendBlock(
          name: $0, prefix: none, byteCount: member.byteCount, modified: modified, type: "0", to: buffer)
      }
    }
  }

  /// Where the name field begins when a name is split into prefix (up to 155 bytes), `/` and name (up to 100);
  /// `nil` when no split fits.
  private static func splitting(_ name: UnsafeRawBufferPointer) -> Int? {
    if name.count <= 100 { return 0 }
    var index = name.count - 101
    while index < name.count - 1, index <= 155 {
      if name[index] == UInt8(ascii: "/") { return index + 1 }
      index += 1
    }
    return nil
  }

  /// `<segment>/PaxHeaders/<up to 80 plain characters of the rest>`, at most 100 bytes.
  private static func standInName(_ name: UnsafeRawBufferPointer) -> [UInt8] {
    let root = name.prefix { $0 != UInt8(ascii: "/") }
    var standIn = root.prefix(8).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }
    if TarName.isRoot(UnsafeRawBufferPointer(rebasing: root)) { standIn = Array(root) }
    standIn += Array(standInDirectory.utf8)
    let rest = root.count < name.count ? name[(root.endIndex + 1)...] : root
    let room = min(80, 100 - standIn.count)
    for byte in rest.prefix(room) {
      standIn.append(byte < 0x80 && byte != UInt8(ascii: "/") ? byte : UInt8(ascii: "_"))
    }
    return standIn
  }

  /// `<length> <keyword>=<value>\n`, where the length counts itself.
  private static func appendRecord(
    _ keyword: StaticString, _ value: UnsafeRawBufferPointer, to records: GrowingBuffer
  ) {
    let rest = keyword.utf8CodeUnitCount + value.count + 3
    var length = rest + 1
    while String(length).utf8.count + rest != length { length += 1 }
    records.append(decimal: Int64(length))
    records.append(" ")
    records.append(keyword)
    records.append("=")
    records.append(value)
    records.append("\n")
  }

  private static func appendBlock(
    name: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer, byteCount: Int64, modified: Int64,
    type: Unicode.Scalar, to buffer: GrowingBuffer
  ) {
    let start = buffer.appendZeros(blockSize)
    buffer.overwrite(at: start, with: name)
    overwrite("0000600", at: start + 100, in: buffer)
    overwrite("0000000", at: start + 108, in: buffer)
    overwrite("0000000", at: start + 116, in: buffer)
    if byteCount <= octalLimit {
      overwrite(octal: byteCount, digits: 11, at: start + 124, in: buffer)
    } else {
      // Base-256, as GNU tar writes it: readers without pax see the true size too.
      withUnsafeBytes(of: UInt8(0x80)) { buffer.overwrite(at: start + 124, with: $0) }
      withUnsafeBytes(of: byteCount.bigEndian) { buffer.overwrite(at: start + 128, with: $0) }
    }
    overwrite(octal: modified, digits: 11, at: start + 136, in: buffer)
    overwrite("        ", at: start + 148, in: buffer)
    withUnsafeBytes(of: UInt8(ascii: type)) { buffer.overwrite(at: start + 156, with: $0) }
    overwrite("ustar", at: start + 257, in: buffer)
    overwrite("00", at: start + 263, in: buffer)
    buffer.overwrite(at: start + 345, with: prefix)
    let sum = buffer.slice(start..<start + blockSize).reduce(0) { $0 + Int64($1) }
    overwrite(octal: sum, digits: 6, at: start + 148, in: buffer)
    withUnsafeBytes(of: UInt8(0)) { buffer.overwrite(at: start + 154, with: $0) }
  }

  private static func overwrite(_ text: StaticString, at offset: Int, in buffer: GrowingBuffer) {
    buffer.overwrite(at: offset, with: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func overwrite(octal value: Int64, digits: Int, at offset: Int, in buffer: GrowingBuffer) {
    for index in 0..<digits {
      let digit = UInt8(ascii: "0") + UInt8(value >> Int64(3 * (digits - 1 - index)) & 7)
      withUnsafeBytes(of: digit) { buffer.overwrite(at: offset + index, with: $0) }
    }
  }
}
