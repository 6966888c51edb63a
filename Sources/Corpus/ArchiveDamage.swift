import DurableIO
import NoteModel

/// What happens to an archive between export and verify: one line each. Members are named by a part of their name.
///
/// | line | effect |
/// | --- | --- |
/// | `flip-header NAME` | a byte in the member's tar header is inverted |
/// | `flip NAME [OFFSET]` | a byte of the member's content is inverted, the middle one when none is said |
/// | `cut NAME` | the archive ends in the middle of the member |
/// | `cut-after NAME` | the archive ends behind the member |
/// | `remove NAME` | the member is gone |
/// | `double NAME` | the member stands twice |
/// | `swap NAME OTHER` | two members stand in each other's place |
/// | `rename NAME NEW` | the member has another name, with a right header checksum |
/// | `kind NAME TYPE` | the member's tar type is this digit |
/// | `size NAME BYTES` | the header says this size |
/// | `zero NAME` | the member's content is zero |
/// | `append COUNT` | so many bytes of noise stand behind the end |
/// | `empty` | the archive has no bytes |
/// | `replace FILE` | the archive is this file of the scenario's folder |
enum ArchiveDamage {
  static func perform(_ line: String, on archive: String, case directory: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let path = archive + "/0000-base.tar"
    guard let verb = words.first else { throw RecipeError("an empty line is no damage") }
    if verb == "replace", words.count == 2, !words[1].contains("/") {
      return try FileBytes.write(try FileBytes.read(directory + "/" + words[1]), to: path)
    }
    var image = TarImage(try FileBytes.read(path))
    switch (verb, words.count) {
    case ("empty", 1): image.bytes = []
    case ("append", 2):
      var random = SampleRandom(7)
      random.append(Int(words[1]) ?? 0, to: &image.bytes)
    case ("swap", 3): try image.swap(words[1], words[2])
    case (_, 2...): try image.damage(verb, words[1], words.count > 2 ? words[2] : nil)
    default: throw RecipeError("'\(line)' is no damage")
    }
    try FileBytes.write(image.bytes, to: path)
  }
}

/// A tar file in memory, read by its headers alone.
private struct TarImage {
  var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private struct Member {
    var name: String
    var header: Int
    var size: Int
    var content: Int { header + 512 }
    var end: Int { content + (size + 511) / 512 * 512 }
    var range: Range<Int> { header..<end }
  }

  private var members: [Member] {
    var list: [Member] = []
    var start = 0
    while start + 512 <= bytes.count, bytes[start] != 0 {
      let name = String(decoding: bytes[start..<start + 100].prefix { $0 != 0 }, as: UTF8.self)
      let digits = bytes[start + 124..<start + 135]
      let size = digits[start + 124] & 0x80 != 0 ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8) ?? 0
      let member = Member(name: name, header: start, size: size)
      // A pax header belongs to the member behind it; damage is done to that member itself.
      if bytes[start + 156] != UInt8(ascii: "x") { list.append(member) }
      start = member.end
    }
    return list
  }

  private func find(_ part: String) throws -> Member {
    guard
      let member = members.first(where: { $0.name.hasSuffix(part) }) ?? members.first(where: { $0.name.contains(part) })
    else { throw RecipeError("the archive has no member '\(part)'") }
    return member
  }

  mutating func damage(_ verb: String, _ part: String, _ value: String?) throws {
    let member = try find(part)
    switch verb {
    case "flip-header": bytes[member.header + 3] ^= 0xFF
    case "flip":
      let offset = value.flatMap { Int($0) } ?? member.size / 2
      guard (0..<member.size).contains(offset) else { throw RecipeError("'\(part)' has only \(member.size) bytes") }
      bytes[member.content + offset] ^= 0xFF
    case "zero": for index in member.content..<member.content + member.size { bytes[index] = 0 }
    case "cut": bytes.removeSubrange((member.content + member.size / 2)...)
    case "cut-after": bytes.removeSubrange(member.end...)
    case "remove": bytes.removeSubrange(member.range)
    case "double": bytes.insert(contentsOf: bytes[member.range], at: member.end)
    case "rename": try write(value, at: member.header, width: 100, member)
    case "kind": try write(value, at: member.header + 156, width: 1, member)
    case "size":
      let octal = String(Int(value ?? "") ?? 0, radix: 8)
      try write(
        String(repeating: "0", count: max(0, 11 - octal.count)) + octal, at: member.header + 124, width: 12, member)
    default: throw RecipeError("'\(verb)' is no damage")
    }
  }

  mutating func swap(_ first: String, _ second: String) throws {
    let pair = [try find(first), try find(second)].sorted { $0.header < $1.header }
    guard pair[0].header != pair[1].header else { throw RecipeError("a member cannot be swapped with itself") }
    let between = bytes[pair[0].end..<pair[1].header]
    bytes.replaceSubrange(
      pair[0].header..<pair[1].end, with: Array(bytes[pair[1].range]) + between + bytes[pair[0].range])
  }

  /// Writes a field of a header and makes the header's checksum right again.
  private mutating func write(_ text: String?, at offset: Int, width: Int, _ member: Member) throws {
    guard let text, text.utf8.count <= width else { throw RecipeError("a field of \(width) bytes is needed") }
    let field = Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count)
    bytes.replaceSubrange(offset..<offset + width, with: field)
    let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(bytes[member.header + $1])) }
    let octal = String(sum, radix: 8)
    let digits = String(repeating: "0", count: 6 - octal.count) + octal
    bytes.replaceSubrange(member.header + 148..<member.header + 156, with: Array(digits.utf8) + [0, 0x20])
  }
}
