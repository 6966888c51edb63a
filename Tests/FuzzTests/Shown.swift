import NoteModel

@testable import NoteFerryCommands

/// What may stand on a screen or in a line of events.
///
/// Judged here without the code that makes texts safe: by general category and by the few code points themselves.
enum Shown {
  /// One line that no terminal obeys.
  static func check(line text: String) throws {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return }
    for scalar in text.unicodeScalars where !isHarmless(scalar) {
      throw Violation(description: "U+\(String(scalar.value, radix: 16)) reaches the screen")
    }
  }

  /// Several lines.
  static func check(lines text: String) throws {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) { try check(line: String(line)) }
  }

  /// Every form in which a failure is told.
  static func check(_ error: MigrationError) throws {
    for width in [20, 80] {
      for line in ErrorText.render(error, width: width).split(separator: "\n", omittingEmptySubsequences: false) {
        try check(line: String(line))
        // A word that is too long and a command that must be copied whole are not broken.
        let isUnbroken =
          line.contains("noteferry ") || line.split(separator: " ").contains { $0.utf8.count > width - 14 }
        try require(isUnbroken || DisplayWidth.of(String(line)) <= width, "a line of an error is wider than \(width)")
      }
    }
    try check(document: ResultDocument.failure(error, command: "verify"))
  }

  /// A finding among the results, and as an event.
  static func check(_ finding: Finding) throws {
    try check(line: ResultText.line(finding))
    try check(document: .object([.init("key", .text(finding.key)), .init("text", .text(finding.explanation))]))
  }

  /// A document in one line that reads back as what it was.
  static func check(document: JSONValue) throws {
    let text = ResultDocument.text(document)
    try check(line: text)
    let back = try? JSONReader.parse(Array(text.utf8))
    try require(back == document, "a document does not read back as it was")
  }

  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200D: true
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
      0xE0000...0xE007F:
      false
    default: ![.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }
  }
}
