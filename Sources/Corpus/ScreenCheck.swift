/// What must hold of every byte that a command prints.
enum ScreenCheck {
  /// What is wrong with a command's words: text of a note, bytes that steer a terminal or turn its writing direction.
  static func problems(_ bytes: [UInt8]) -> [String] {
    var problems: [String] = []
    guard let text = String(validating: bytes, as: UTF8.self) else { return ["bytes that are not UTF-8"] }
    if text.contains(RecipeFunctions.canary) { problems.append("text of a note, a name or a title") }
    if let scalar = text.unicodeScalars.first(where: isUnsafe) {
      problems.append("the character U+" + String(scalar.value, radix: 16, uppercase: true))
    }
    return problems
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A: false
    case 0...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0x061C, 0xFEFF: true
    default: false
    }
  }
}
