import NoteModel
import NoteRepair
import NoteStore

/// Text with one kind of damage, made from clean sentences by what damages text in the field.
///
/// A kind is a row of one of the tables: `legacy`, `misread`, `lost`, `forms`, `escaped`, `names` and `images`.
enum DamagedText {
  static let kinds = legacy + misread + lost + forms + escaped + names + images

  private static let places = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1.name, $0) })

  /// A damaged text. The same kind, seed and number of phrases give the same bytes.
  ///
  /// - Parameters:
  ///   - kind: Its name in the table of kinds.
  ///   - phrases: How long the clean text is; one phrase is a title. By the seed 3 to 6 when `nil`.
  /// - Throws: `RecipeError` for an unknown kind.
  static func make(_ kind: String, seed: UInt64, phrases: Int? = nil) throws -> [UInt8] {
    let damage = try named(kind)
    var (clean, random) = source(damage, seed, phrases)
    return try damage.apply(&clean, &random)
  }

  /// The text that `make` damages when it gets the same arguments.
  static func clean(_ kind: String, seed: UInt64, phrases: Int? = nil) throws -> String {
    let damage = try named(kind)
    var (clean, random) = source(damage, seed, phrases)
    _ = try damage.apply(&clean, &random)
    return clean
  }

  /// What a repair ought to make of the text that `make` gives for the same arguments.
  static func meant(_ kind: String, seed: UInt64, phrases: Int? = nil) throws -> [UInt8] {
    let damage = try named(kind)
    var (clean, random) = source(damage, seed, phrases)
    switch damage.answer {
    case .clean:
      _ = try damage.apply(&clean, &random)
      return Array(clean.utf8)
    case .asFound: return try damage.apply(&clean, &random)
    case .text(let body): return try body(&clean, &random)
    }
  }

  private static func source(_ damage: Damage, _ seed: UInt64, _ phrases: Int?) -> (String, SampleRandom) {
    var random = SampleRandom(seed)
    let script = damage.scripts[random.below(damage.scripts.count)]
    let count = phrases ?? 3 + random.below(4)
    return (CleanText.make(script, phrases: count, random: &random), random)
  }

  private static func named(_ kind: String) throws -> Damage {
    if let place = places[kind] { return kinds[place] }
    let nearest = NearestName.find(kind, in: kinds.map(\.name)).map { [$0] } ?? related(kind)
    let hint = nearest.isEmpty ? "" : "; near it are " + nearest.joined(separator: ", ")
    throw RecipeError("there is no kind of damage '\(kind)'\(hint)")
  }

  /// Kinds that have a word of the name in common with it.
  private static func related(_ kind: String) -> [String] {
    let words = Set(kind.split(separator: "-"))
    return kinds.map(\.name).filter { !words.isDisjoint(with: $0.split(separator: "-")) }
  }

  /// UTF-8 text in a legacy code page.
  static func encoded(_ text: [UInt8], page: String) throws -> [UInt8] {
    guard let codePage = CodePage(label: page) else { throw RecipeError("there is no code page '\(page)'") }
    return try codePage.bytes(of: String(decoding: text, as: UTF8.self))
  }
}

/// One kind of damage.
struct Damage: Sendable {
  /// The clean text may be changed first, where a code page lacks some of it: what is left is what was damaged.
  typealias Body = @Sendable (_ clean: inout String, _ random: inout SampleRandom) throws -> [UInt8]

  /// What a repair ought to make of such a text.
  enum Answer: Sendable {
    /// The clean text again.
    case clean
    /// The same bytes: what they meant is gone, or nothing is wrong with them as text.
    case asFound
    /// Another text than the clean one: that stands in it, or a rule chose its form.
    case text(Body)
  }

  var name: String
  /// In which the clean text may be.
  var scripts: [CleanText.Script]
  var answer: Answer
  var apply: Body

  init(_ name: String, _ scripts: [CleanText.Script], _ answer: Answer = .clean, _ apply: @escaping Body) {
    self.name = name
    self.scripts = scripts
    self.answer = answer
    self.apply = apply
  }
}

extension CodePage {
  /// The text in this page.
  ///
  /// - Throws: `RecipeError` where the page lacks a character.
  func bytes(of text: String) throws -> [UInt8] {
    guard let bytes = encode(text.unicodeScalars) else {
      throw RecipeError("the text has characters that \(name) lacks")
    }
    return bytes
  }

  /// What a program sees that takes bytes for this page.
  func text(of bytes: [UInt8]) throws -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: try decode(bytes))
    return String(text)
  }
}
