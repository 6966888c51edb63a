/// Changes inside of members. Compressed members are decompressed before and compressed after.
extension TarImage {
  /// A member's bytes, decompressed where its name says that they are compressed.
  ///
  /// - Throws: `RecipeError` where they are no whole frames.
  func text(of member: Member) throws -> [UInt8] {
    let body = Array(bytes[member.body])
    return member.name.hasSuffix(".zst") ? try ZstdFrame.unpack(body) : body
  }

  private mutating func setText(_ text: [UInt8], of member: Member) throws {
    try setContent(member.name.hasSuffix(".zst") ? try ZstdFrame.pack(text) : text, of: member)
  }

  /// `edit NAME OLD => NEW`.
  mutating func edit(_ name: String, _ line: String) throws {
    let head = "edit \(name) "
    let words = line.dropFirst(head.count)
    guard line.hasPrefix(head), let arrow = Self.find(Array(" => ".utf8), in: Array(words.utf8), from: 0) else {
      throw RecipeError("'\(line)' does not say what becomes of what")
    }
    let both = Array(words.utf8)
    let (old, new) = (Array(both[..<arrow]), Array(both[(arrow + 4)...]))
    let member = try find(name)
    let text = try text(of: member)
    var changed: [UInt8] = []
    var start = 0
    while let found = Self.find(old, in: text, from: start) {
      changed += text[start..<found] + new
      start = found + old.count
    }
    guard start > 0 else { throw RecipeError("'\(String(decoding: old, as: UTF8.self))' is not in \(member.name)") }
    try setText(changed + text[start...], of: member)
  }

  /// Where bytes occur; `nil` when they do not.
  static func find(_ part: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    guard let first = part.first, text.count >= part.count else { return nil }
    return text.withUnsafeBytes { text in
      var at = start
      while at <= text.count - part.count {
        if text[at] == first, text[at..<at + part.count].elementsEqual(part) { return at }
        at += 1
      }
      return nil
    }
  }

  mutating func change(_ member: Member, _ verb: String, _ words: [String]) throws {
    switch verb {
    case "content": try setContent(Array(bytes[try find(words.first ?? "").body]), of: member)
    case "bomb":
      let count = try ArchiveDamage.number(words.first) << 20
      try setContent(try ZstdFrame.pack([UInt8](repeating: 0x20, count: count)), of: member)
    case "claim": try setContent(ZstdFrame.claim(try ArchiveDamage.number(words.first)), of: member)
    case "deepen":
      let levels = try ArchiveDamage.number(words.first)
      let deep = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
      try changeLines(of: member) { $0[0] = Array("{\"id\":\(deep)}".utf8)[...] }
    case "swap-lines", "double-line", "drop-line":
      let numbers = try words.map { try ArchiveDamage.number($0) - 1 }
      guard numbers.count == (verb == "swap-lines" ? 2 : 1) else { throw RecipeError("'\(verb)' needs lines") }
      try changeLines(of: member) { lines in
        guard numbers.allSatisfy(lines.indices.contains) else {
          throw RecipeError("\(member.name) has \(lines.count) lines")
        }
        switch verb {
        case "swap-lines": lines.swapAt(numbers[0], numbers[1])
        case "double-line": lines.insert(lines[numbers[0]], at: numbers[0])
        default: lines.remove(at: numbers[0])
        }
      }
    default: throw RecipeError("'\(verb)' is no damage")
    }
  }

  private mutating func changeLines(of member: Member, _ body: (inout [ArraySlice<UInt8>]) throws -> Void) throws {
    var lines = try text(of: member).split(separator: UInt8(ascii: "\n"))
    try body(&lines)
    try setText(lines.flatMap { $0 + [UInt8(ascii: "\n")] }, of: member)
  }
}
