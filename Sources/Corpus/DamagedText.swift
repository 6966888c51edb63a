import NoteModel
import NoteRepair

/// Text with one kind of damage, made from clean sentences by what damages text in the field.
enum DamagedText {
  /// A damaged text.
  ///
  /// - Parameter kind: Its name in the table of kinds.
  static func make(_ kind: String, seed: UInt64) throws -> [UInt8] {
    throw RecipeError("there is no kind of damage '\(kind)'")
  }

  /// UTF-8 text in a legacy code page.
  static func encoded(_ text: [UInt8], page: String) throws -> [UInt8] {
    guard let codePage = CodePage(label: page) else { throw RecipeError("there is no code page '\(page)'") }
    guard let bytes = codePage.encode(String(decoding: text, as: UTF8.self).unicodeScalars) else {
      throw RecipeError("the text has characters that \(page) lacks")
    }
    return bytes
  }
}
