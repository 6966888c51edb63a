/// The names of members in a document, made from the names of properties: `p50Ms` becomes `p50_ms`.
enum MemberName {
  static func of(_ key: some CodingKey) -> String {
    var name = ""
    for character in key.stringValue {
      if character.isUppercase { name += "_" + character.lowercased() } else { name.append(character) }
    }
    return name
  }
}

/// A place in an array.
struct IndexKey: CodingKey {
  var intValue: Int?
  var stringValue: String { "[\(intValue ?? 0)]" }
  init(_ index: Int) { intValue = index }
  init?(intValue: Int) { self.intValue = intValue }
  init?(stringValue: String) { nil }
}
