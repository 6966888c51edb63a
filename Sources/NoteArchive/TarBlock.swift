import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads the headers of a tar archive, strictly: plain files and pax records, nothing else.
package enum TarBlock {
  package enum Parsed: Sendable, Equatable {
    case member(TarMember)
    /// A pax header; its records, of this many bytes, follow.
    case paxHeader(byteCount: Int)
    /// An empty block; two of them end the archive.
    case end
  }

  /// What a pax header says of the member behind it.
  package struct Override: Sendable, Equatable {
    package var path: String?
    package var byteCount: Int64?
    package init(path: String? = nil, byteCount: Int64? = nil) {
      self.path = path
      self.byteCount = byteCount
    }
  }

  /// Longest pax header in bytes.
  package static let paxLimit = 64 << 10
  /// Sizes must be below this bound.
  package static let sizeLimit: Int64 = 1 << 62

  /// Reads a header of 512 bytes.
  ///
  /// - Parameter expectedRoot: The segment that every name must stand below; `nil` accepts any segment's name.
  /// - Throws: `.archiveDamaged` when the bytes are no header or do not add up; `.archiveHostile`, naming the member,
  ///   for anything but a plain file with a sound name: links, devices, directories, GNU long names, global records.
  package static func parse(_ block: UnsafeRawBufferPointer, expectedRoot: String?) throws -> Parsed {
    precondition(block.count == TarHeader.blockSize)
    if isZero(block) { return .end }
    let sum = checksum(block)
    guard let stored = storedChecksum(block) else {
      throw MigrationError.archiveDamaged("a member header is damaged", cause: "its checksum field is not a number")
    }
    guard stored == sum else {
      throw MigrationError.archiveDamaged(
        "a member header is damaged", cause: "its checksum says \(stored), its bytes add up to \(sum)")
    }
    return try withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { room in
      let name = try assembleName(block, into: room)
      let type = block[156]
      guard type == UInt8(ascii: "0") || type == 0 || type == UInt8(ascii: "x") else {
        throw hostile(name, "it is \(kind(type)); an archive holds plain files only")
      }
      let magic: StaticString = "ustar\u{0}00"
      guard memcmp(block.baseAddress! + 257, magic.utf8Start, 8) == 0 else {
        throw MigrationError.archiveDamaged(
          "a member header is not in the POSIX tar format", cause: "the member is \(TarName.printable(name))")
      }
      if let problem = TarName.problem(name, expectedRoot: expectedRoot) { throw hostile(name, "\(problem)") }
      let byteCount = try number(block, 124..<136, of: name, "size")
      guard byteCount < sizeLimit else { throw hostile(name, "its size of \(byteCount) bytes is impossible") }
      let modified = try number(block, 136..<148, of: name, "time")
      if type == UInt8(ascii: "x") {
        guard byteCount <= paxLimit else { throw hostile(name, "its pax header has \(byteCount) bytes") }
        return .paxHeader(byteCount: Int(byteCount))
      }
      return .member(
        TarMember(name: String(decoding: name, as: UTF8.self), byteCount: byteCount, modified: modified))
    }
  }

  /// Whether all bytes are zero.
  package static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
    return bytes[0] == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
  }

  /// A quick look without the checksum: whether a block may be a header of a member below `root`.
  static func isPlausible(_ block: UnsafeRawBufferPointer, root: String?) -> Bool {
    guard memcmp(block.baseAddress! + 257, "ustar", 6) == 0 else { return false }
    // The root stands in the prefix field where there is one, else in the name field.
    let name = UnsafeRawBufferPointer(rebasing: block[345] != 0 ? block[345..<500] : block[..<100])
    let first = UnsafeRawBufferPointer(rebasing: name.prefix { $0 != UInt8(ascii: "/") && $0 != 0 })
    return root.map { first.elementsEqual($0.utf8) } ?? TarName.isRoot(first)
  }

  // MARK: - Fields

  /// The sum of all bytes, with the checksum field counted as spaces.
  private static func checksum(_ block: UnsafeRawBufferPointer) -> Int64 {
    var sum: Int64 = 8 * 0x20
    for byte in block { sum += Int64(byte) }
    for byte in block[148..<156] { sum -= Int64(byte) }
    return sum
  }

  /// Six octal digits, a NUL and a space: the only form that this reader accepts.
  private static func storedChecksum(_ block: UnsafeRawBufferPointer) -> Int64? {
    guard block[154] == 0, block[155] == 0x20 else { return nil }
    return octal(UnsafeRawBufferPointer(rebasing: block[148..<154]))
  }

  private static func octal(_ digits: UnsafeRawBufferPointer) -> Int64? {
    guard digits.count > 0 else { return nil }
    var value: Int64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "7") else { return nil }
      value = value << 3 | Int64(digit - UInt8(ascii: "0"))
    }
    return value
  }

  /// A number of twelve bytes: octal digits ended by NUL or space, or base-256 as GNU tar writes it.
  private static func number(
    _ block: UnsafeRawBufferPointer, _ range: Range<Int>, of name: UnsafeRawBufferPointer, _ what: StaticString
  ) throws -> Int64 {
    let field = UnsafeRawBufferPointer(rebasing: block[range])
    if field[0] & 0x80 != 0 {
      guard field[0] == 0x80, field[1..<4].allSatisfy({ $0 == 0 }), field[4] < 0x80 else {
        throw hostile(name, "its \(what) is impossible")
      }
      return field[4...].reduce(0) { $0 << 8 | Int64($1) }
    }
    let digits = UnsafeRawBufferPointer(rebasing: field.prefix { $0 != 0 && $0 != 0x20 })
    guard let value = octal(digits), field[digits.count...].allSatisfy({ $0 == 0 || $0 == 0x20 }) else {
      throw MigrationError.archiveDamaged(
        "the header of \(TarName.printable(name)) is damaged", cause: "its \(what) is not a number")
    }
    return value
  }

  /// Joins prefix and name; both end at their first NUL, and nothing may stand behind it.
  private static func assembleName(
    _ block: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
  ) throws -> UnsafeRawBufferPointer {
    var count = 0
    var hides = false
    for field in [345..<500, 0..<100] {
      let part = block[field].prefix { $0 != 0 }
      hides = hides || !block[part.endIndex..<field.upperBound].allSatisfy { $0 == 0 }
      if field.lowerBound == 0, count > 0 {
        room[count] = UInt8(ascii: "/")
        count += 1
      }
      for byte in part {
        room[count] = byte
        count += 1
      }
    }
    let name = UnsafeRawBufferPointer(rebasing: room[..<count])
    if hides { throw hostile(name, "the name contains a NUL") }
    return name
  }

  // MARK: - Words

  static func hostile(_ name: UnsafeRawBufferPointer, _ cause: String) -> MigrationError {
    .archiveHostile("the archive's member '\(TarName.printable(name))' is refused", cause: cause)
  }

  private static func kind(_ type: UInt8) -> String {
    switch type {
    case UInt8(ascii: "1"): "a hard link"
    case UInt8(ascii: "2"): "a symbolic link"
    case UInt8(ascii: "3"), UInt8(ascii: "4"): "a device"
    case UInt8(ascii: "5"): "a directory"
    case UInt8(ascii: "6"): "a FIFO"
    case UInt8(ascii: "g"): "a global pax header"
    case UInt8(ascii: "L"), UInt8(ascii: "K"): "a GNU long name"
    case UInt8(ascii: "S"): "a sparse file"
    default: "of the unknown type \\x\(hexadecimal(CollectionOfOne(type)))"
    }
  }
}
