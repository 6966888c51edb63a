import NoteModel

extension TarBlock {
  /// Reads the records of a pax header: `<length> <keyword>=<value>\n`.
  ///
  /// `path` and `size` are honoured, times, owners and comments ignored. Whatever would change what the member *is*
  /// (a link's goal, a sparse map, another character set) is refused.
  ///
  /// - Parameter member: The name in the header behind the records, for messages.
  /// - Throws: `.archiveDamaged` for malformed records; `.archiveHostile` for a path or size that is not sound.
  package static func parsePax(
    _ records: UnsafeRawBufferPointer, of member: String, expectedRoot: String?
  ) throws -> Override {
    var result = Override()
    var rest = records
    while rest.count > 0 {
      let digits = UnsafeRawBufferPointer(rebasing: rest.prefix { $0 != 0x20 })
      guard let length = decimal(digits), length <= Int64(rest.count), length > Int64(digits.count) + 2,
        rest[Int(length) - 1] == UInt8(ascii: "\n")
      else { throw malformed("a record does not have the length that it names") }
      let body = UnsafeRawBufferPointer(rebasing: rest[(digits.count + 1)..<(Int(length) - 1)])
      rest = UnsafeRawBufferPointer(rebasing: rest[Int(length)...])
      guard let equals = body.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
        throw malformed("a record has no keyword")
      }
      let keyword = String(decoding: body[..<equals], as: UTF8.self)
      let value = UnsafeRawBufferPointer(rebasing: body[(equals + 1)...])
      switch keyword {
      case "path":
        guard result.path == nil else { throw malformed("the path stands twice") }
        if let problem = TarName.problem(value, expectedRoot: expectedRoot) { throw hostile(value, "\(problem)") }
        result.path = String(decoding: value, as: UTF8.self)
      case "size":
        guard result.byteCount == nil else { throw malformed("the size stands twice") }
        guard let size = decimal(value) else { throw malformed("the size is not a number") }
        guard size < sizeLimit else { throw hostile(member, "its size of \(size) bytes is impossible") }
        result.byteCount = size
      default:
        if keyword == "linkpath" || keyword == "hdrcharset" || keyword.hasPrefix("GNU.sparse.") {
          throw hostile(member, "its pax header has the record \(TarName.printable(keyword))")
        }
      }
    }
    return result
  }

  /// Digits without sign, space or leading zero, below 2^63; `nil` for anything else.
  private static func decimal(_ digits: UnsafeRawBufferPointer) -> Int64? {
    guard digits.count > 0, digits.count <= 19, digits.count == 1 || digits[0] != 0x30 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + UInt64(digit - 0x30)
    }
    return Int64(exactly: value)
  }

  private static func hostile(_ member: String, _ cause: String) -> MigrationError {
    .archiveHostile("the archive's member '\(TarName.printable(member))' is refused", cause: cause)
  }

  private static func malformed(_ cause: String) -> MigrationError {
    .archiveDamaged("a pax header is damaged", cause: cause)
  }
}
