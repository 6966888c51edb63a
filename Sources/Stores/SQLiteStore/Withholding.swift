import NoteModel

/// Where the value of one member of a JSON object stands, so that it can be withheld.
enum MemberWithholding: Equatable {
  /// The value takes these bytes; `""` goes in their place.
  case replace(Range<Int>)
  /// The object has no such member, or its value is empty already.
  case nothing
  /// The text is not a JSON object that can be read without doubt.
  case unreadable
}

/// Finds the value of `member` in a JSON object so that it can be replaced by `""` with every other byte kept.
///
/// Only members of the object itself are looked at, not those of objects in it. A member that stands twice, a name with
/// escapes that cannot be read and any syntax error make the text unreadable: then the whole value must be withheld.
func withholding(member: String, in text: UnsafeRawBufferPointer) -> MemberWithholding {
  var reader = JSONReader(text)
  do throws(JSONError) {
    guard case .object = try JSONReader.parse(text) else { return .unreadable }
    let wanted = Array(member.utf8)
    reader.skipSpace()
    try reader.consume(UInt8(ascii: "{"))
    while true {
      reader.skipSpace()
      if reader.peek == UInt8(ascii: "}") { return .nothing }
      let name = try reader.stringBytes()
      reader.skipSpace()
      try reader.consume(UInt8(ascii: ":"))
      reader.skipSpace()
      let start = reader.offset
      let value = try reader.value(depth: 1)
      if name == wanted { return value == .string([]) ? .nothing : .replace(start..<reader.offset) }
      reader.skipSpace()
      if reader.peek == UInt8(ascii: ",") { try reader.consume(UInt8(ascii: ",")) }
    }
  } catch { return .unreadable }
}
