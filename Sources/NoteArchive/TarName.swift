import NoteModel

/// The rules for names of archive members.
///
/// A name is a relative path of plain components. Whatever could lead outside the archive's own directory, or could
/// mislead the person who reads it on a screen, is refused.
package enum TarName {
  /// Longest name in bytes.
  package static let maximumByteCount = 1024

  /// Why a name is refused; `nil` when it is sound.
  ///
  /// - Complexity: O(*name.count*), without memory.
  package static func problem(_ name: UnsafeRawBufferPointer) -> StaticString? {
    guard name.count > 0 else { return "the name is empty" }
    guard name.count <= maximumByteCount else { return "the name is longer than 1024 bytes" }
    guard name[0] != UInt8(ascii: "/") else { return "the name is an absolute path" }
    for index in name.indices {
      let byte = name[index]
      if byte == 0 { return "the name contains a NUL" }
      // U+0080 to U+009F are C2 80 to C2 9F.
      let isHighControl = byte == 0xC2 && index + 1 < name.count && name[index + 1] <= 0x9F
      if byte < 0x20 || byte == 0x7F || isHighControl { return "the name contains a control character" }
      if byte == UInt8(ascii: "\\") { return "the name contains a backslash" }
    }
    guard isValidUTF8(name) else { return "the name is not valid UTF-8" }
    var start = 0
    while start <= name.count {
      var end = start
      while end < name.count, name[end] != UInt8(ascii: "/") { end += 1 }
      let isDot = end > start && name[start] == UInt8(ascii: ".")
      switch end - start {
      case 0: return "the name has an empty component"
      case 1 where isDot: return "the name has the component '.'"
      case 2 where isDot && name[start + 1] == UInt8(ascii: "."): return "the name has the component '..'"
      default: break
      }
      start = end + 1
    }
    return nil
  }

  /// Why a member name is refused; it must also stand below `expectedRoot`, or below a segment name where that is `nil`.
  package static func problem(_ name: UnsafeRawBufferPointer, expectedRoot: String?) -> StaticString? {
    if let problem = problem(name) { return problem }
    guard let slash = name.firstIndex(of: UInt8(ascii: "/")) else { return "the name is outside the segment" }
    let root = UnsafeRawBufferPointer(rebasing: name[..<slash])
    if let expectedRoot {
      return root.elementsEqual(expectedRoot.utf8) ? nil : "the name is outside the segment"
    }
    return isRoot(root) ? nil : "the name does not begin with a segment such as 0000-base"
  }

  /// Whether bytes are the name of a segment: four digits, then `-base` or `-delta`.
  package static func isRoot(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 4, bytes[..<4].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
    return bytes[4...].elementsEqual("-base".utf8) || bytes[4...].elementsEqual("-delta".utf8)
  }

  /// A name as it may stand on a screen: every byte that is not printable ASCII becomes `\xNN`; cut after 200 bytes.
  package static func printable(_ name: UnsafeRawBufferPointer) -> String {
    var text = ""
    for byte in name.prefix(200) {
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        text += "\\x" + hexadecimal(CollectionOfOne(byte))
      }
    }
    return name.count > 200 ? text + "..." : text
  }

  package static func printable(_ name: String) -> String {
    var name = name
    return name.withUTF8 { printable(UnsafeRawBufferPointer($0)) }
  }
}
