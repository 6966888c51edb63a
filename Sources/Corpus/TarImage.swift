/// A tar file in memory, read by its headers alone: what is wrong in it is none of its business.
struct TarImage {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  struct Member {
    /// As the header says it: a member with a pax header has its stand-in name.
    var name: String
    /// Where it begins, with its pax header where it has one.
    var start: Int
    var header: Int
    var size: Int
    var content: Int { header + 512 }
    var end: Int { content + (size + 511) / 512 * 512 }
    var range: Range<Int> { start..<end }
    var body: Range<Int> { content..<content + size }
  }

  var members: [Member] {
    var list: [Member] = []
    var at = 0
    var paxStart: Int?
    while at + 512 <= bytes.count, bytes[at] != 0 {
      let digits = bytes[at + 124..<at + 135]
      let size = bytes[at + 124] & 0x80 != 0 ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8) ?? 0
      let member = Member(name: name(at), start: paxStart ?? at, header: at, size: size)
      guard member.end <= bytes.count else { break }
      let isPax = bytes[at + 156] == UInt8(ascii: "x")
      paxStart = isPax ? member.start : nil
      if !isPax { list.append(member) }
      at = member.end
    }
    return list
  }

  private func name(_ header: Int) -> String {
    let parts = [header + 345..<header + 500, header..<header + 100].map { bytes[$0].prefix { $0 != 0 } }
    return parts.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
  }

  /// The member whose name ends with a text, else the first that has it in its name.
  func find(_ part: String) throws -> Member {
    guard
      let member = members.first(where: { $0.name.hasSuffix(part) }) ?? members.first(where: { $0.name.contains(part) })
    else { throw RecipeError("the archive has no member '\(part)'") }
    return member
  }

  /// - Parameter words: The member and what else the verb takes.
  mutating func damage(_ verb: String, _ words: [String]) throws {
    let member = try find(words[0])
    let value = words.count > 1 ? words[1] : nil
    switch verb {
    case "flip-header": bytes[member.header + 3] ^= 0xFF
    case "flip":
      let offset = try value.map { try ArchiveDamage.number($0) } ?? member.size / 2
      guard offset < member.size else { throw RecipeError("'\(words[0])' has only \(member.size) bytes") }
      bytes[member.content + offset] ^= 0xFF
    case "flip-padding":
      guard member.end > member.body.upperBound else { throw RecipeError("'\(words[0])' has no padding") }
      bytes[member.end - 1] ^= 0xFF
    case "zero": for index in member.body { bytes[index] = 0 }
    case "cut": bytes.removeSubrange((member.content + member.size / 2)...)
    case "cut-header": bytes.removeSubrange((member.header + 256)...)
    case "cut-after": bytes.removeSubrange(member.end...)
    case "remove": bytes.removeSubrange(member.range)
    case "double": bytes.insert(contentsOf: bytes[member.range], at: member.end)
    case "copy":
      bytes.insert(contentsOf: bytes[member.header..<member.end], at: member.end)
      try write(value, at: member.end, width: 100, header: member.end)
    case "rename": try write(value, at: member.header, width: 100, header: member.header)
    case "long-name": try insertLongName(member, byteCount: try ArchiveDamage.number(value))
    case "kind": try write(value, at: member.header + 156, width: 1, header: member.header)
    case "size": try writeSize(try ArchiveDamage.number(value), header: member.header)
    default: try change(member, verb, Array(words.dropFirst()))
    }
  }

  mutating func swap(_ first: String, _ second: String) throws {
    let pair = [try find(first), try find(second)].sorted { $0.header < $1.header }
    guard pair[0].header != pair[1].header else { throw RecipeError("a member cannot be swapped with itself") }
    let between = bytes[pair[0].end..<pair[1].start]
    bytes.replaceSubrange(
      pair[0].start..<pair[1].end, with: Array(bytes[pair[1].range]) + between + bytes[pair[0].range])
  }

  /// Replaces a member's content, with the size that its header says.
  mutating func setContent(_ content: [UInt8], of member: Member) throws {
    let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    bytes.replaceSubrange(member.content..<member.end, with: content + padding)
    try writeSize(content.count, header: member.header)
  }

  // MARK: - Headers

  /// In front of the member comes a pax header with a name of so many bytes.
  private mutating func insertLongName(_ member: Member, byteCount: Int) throws {
    let start = "path=0000-base/data/blobs/attachment/"
    let record = start + String(repeating: "x", count: max(0, byteCount - start.utf8.count + 5)) + "\n"
    var length = record.utf8.count + 2
    while String(length).utf8.count + 1 + record.utf8.count != length { length += 1 }
    let body = Array("\(length) \(record)".utf8)
    var pax = Array(bytes[member.header..<member.header + 512]) + body
    pax += [UInt8](repeating: 0, count: (512 - body.count % 512) % 512)
    bytes.insert(contentsOf: pax, at: member.header)
    try write("0000-base/PaxHeaders/x", at: member.header, width: 100, header: member.header)
    try write("x", at: member.header + 156, width: 1, header: member.header)
    try writeSize(body.count, header: member.header)
  }

  /// Octal digits where they suffice, else in base 256 as GNU tar writes it.
  private mutating func writeSize(_ size: Int, header: Int) throws {
    if size < 1 << 33 {
      let octal = String(size, radix: 8)
      try write(String(repeating: "0", count: 11 - octal.count) + octal, at: header + 124, width: 12, header: header)
    } else {
      let number = withUnsafeBytes(of: Int64(size).bigEndian) { Array($0) }
      bytes.replaceSubrange(header + 124..<header + 136, with: [0x80, 0, 0, 0] + number)
      correctChecksum(header)
    }
  }

  /// Writes a field of a header and makes the header's checksum right again.
  private mutating func write(_ text: String?, at offset: Int, width: Int, header: Int) throws {
    guard let text, text.utf8.count <= width else { throw RecipeError("a field of \(width) bytes is needed") }
    let field = Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count)
    bytes.replaceSubrange(offset..<offset + width, with: field)
    correctChecksum(header)
  }

  private mutating func correctChecksum(_ header: Int) {
    let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(bytes[header + $1])) }
    let octal = String(sum, radix: 8)
    let digits = String(repeating: "0", count: 6 - octal.count) + octal
    bytes.replaceSubrange(header + 148..<header + 156, with: Array(digits.utf8) + [0, 0x20])
  }
}
