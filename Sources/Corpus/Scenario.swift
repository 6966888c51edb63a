import NoteModel

/// One case of the pathological corpus: a store or an archive with something wrong, and what must come out of it.
package struct Scenario: Sendable {
  /// The folder above its own: `encodings`, `images`, `structure`, `products`, `archives`, `hostile`.
  package var family: String
  /// The name of its folder.
  package var name: String
  /// The folder itself.
  package var directory: String
  package var title: String
  /// What is wrong with the input.
  package var wrong: String
  /// How it comes about in the field.
  package var cause: String
  /// Where the idea comes from.
  package var idea: String
  /// What becomes of the damaged texts, in words; every case that names repaired values has it.
  package var outcome: String?
  /// Why it is known to fail, when it is. Such a scenario must fail; a known failure that passes is a surprise.
  package var knownFailure: String?
  package var store: StoreRecipe
  /// What is done to the archive between export and verify.
  package var damage: [String]
  package var journey: JourneyOptions
  package var expectation: Expectation
  /// What is otherwise where the store is moved to another engine than a database file.
  package var others: [ReplayEngine: OtherExpectation] = [:]

  package var id: String { family + "/" + name }
}

/// How a store is made. The same recipe, seed and scale give the same bytes.
package struct StoreRecipe: Sendable {
  /// `memos` or `reference`; empty for no tables at all.
  package var product = "memos"
  /// The product's schema version.
  package var version = ""
  /// Ordinary notes, before scaling.
  package var notes = 0
  /// Ordinary attachments, before scaling; every fifth is a file where the product knows files.
  package var attachments = 0
  /// SQL for the database while it has no tables yet, where the size of its pages and its encoding are still open.
  package var first = ""
  /// What makes the store pathological: SQL with the functions of `RecipeFunctions`.
  package var sql = ""
  /// Whether the recipe's last changes are still in the write-ahead log, as in a server that runs.
  package var leavesLog = true
  /// The database's file name.
  package var file = "memos_prod.db"
  /// What is done to the files afterwards, one `FileOperation` each.
  package var after: [String] = []
}

/// What differs from the ordinary journey. In arguments the word `{case}` stands for the scenario's folder.
package struct JourneyOptions: Sendable {
  /// More arguments of `inspect`, `export` and `diff`.
  package var reading: [String] = []
  /// More arguments of `export`.
  package var export: [String] = []
  /// More arguments of `import`.
  package var importing: [String] = []
  /// Export and import are joined by a pipe.
  package var isPiped = false
  /// The pipe ends after so many bytes; with `isPiped`.
  package var cut: Int?
  /// Verify and import read the archive from a pipe.
  package var isFed = false
  /// A copy of the store is also repaired where it lies.
  package var isMendedInPlace = false
}

/// What must come out, step by step. A number may be a sum of labels of the recipe: `all - lost`.
package struct Expectation: Sendable {
  /// The documented exit status of each step; 0 where nothing is said.
  package var statuses: [Journey.Step: Int32] = [:]
  package var notes: [String: CountExpression] = [:]
  package var attachments: [String: CountExpression] = [:]
  /// Kinds of findings of the export and how often each; no others may appear.
  package var findings: [String: CountExpression] = [:]
  /// How many of the damaged values of each column arrive as they were meant, by the same comparison; by table and column.
  /// All columns with damaged values must be named, and the rest of their values arrive as they were found.
  package var repaired: [String: Share] = [:]
  /// How many of all values of a column arrive neither as they were found nor as they were meant; the case must say why.
  package var otherwise: [String: Share] = [:]
  /// Damaged values that the import left and told, by its reason.
  package var unrepaired: [String: CountExpression] = [:]
  /// Rows of each table that arrive neither byte for byte nor repaired, by a comparison that does not use the stores' own
  /// code.
  package var differing: [String: CountExpression] = [:]
  /// The same for the target of the salvage.
  package var salvagedDiffering: [String: CountExpression] = [:]
  /// Texts that no member of the archive may hold, not even compressed.
  package var absent: [String] = []
  /// A code that the refusing step names.
  package var code: String?
}

/// What a scenario says of one engine, where the rule of what a server holds does not say it.
package struct OtherExpectation: Sendable {
  package var knownFailure: String?
  /// Each part that is not empty takes the place of the ordinary one, statuses one by one.
  package var expectation = Expectation()
}

extension Scenario {
  /// The scenario as it is for an engine.
  package func on(_ engine: ReplayEngine) -> Scenario {
    guard let other = others[engine] else { return self }
    var scenario = self
    scenario.knownFailure = other.knownFailure ?? knownFailure
    scenario.expectation.replace(by: other.expectation)
    return scenario
  }
}

extension Expectation {
  fileprivate mutating func replace(by other: Expectation) {
    statuses.merge(other.statuses) { _, new in new }
    code = other.code ?? code
    if !other.notes.isEmpty { notes = other.notes }
    if !other.attachments.isEmpty { attachments = other.attachments }
    if !other.repaired.isEmpty { repaired = other.repaired }
    if !other.otherwise.isEmpty { otherwise = other.otherwise }
    if !other.unrepaired.isEmpty { unrepaired = other.unrepaired }
    if !other.differing.isEmpty { differing = other.differing }
  }
}

/// `12 of 14`: so many values of a column.
package struct Share: Sendable, CustomStringConvertible {
  var part: Int64
  var whole: Int64

  package var description: String { "\(part) of \(whole)" }

  /// - Returns: `nil` when the text is not of that form, or says nothing.
  package init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 3, words[1] == "of", let part = Int64(words[0]), let whole = Int64(words[2]), whole > 0,
      0...whole ~= part
    else { return nil }
    self.part = part
    self.whole = whole
  }

  /// Whether it is just this.
  func isMet(by part: Int64, of whole: Int64) -> Bool { (part, whole) == (self.part, self.whole) }

  /// Whether it may be just this, when not all of the values tell.
  func isMet(by parts: ClosedRange<Int64>, of whole: Int64) -> Bool { parts.contains(part) && whole == self.whole }

  /// Whether it is nearly this or more, for a store of another seed or size than the case's: texts differ in how much they
  /// tell. Nothing stays nothing, on either side.
  func isNearlyReached(by part: Int64, of whole: Int64) -> Bool {
    if self.part == 0 || whole == 0 { return part == 0 }
    return Double(part) >= (Double(self.part) / Double(self.whole) - Self.tolerance) * Double(whole)
  }

  /// Whether it is not much more than this.
  func isHardlyExceeded(by part: Int64, of whole: Int64) -> Bool {
    Double(part) <= (Double(self.part) / Double(self.whole) + Self.tolerance) * Double(whole)
  }

  static func isSmall(_ part: Int64, of whole: Int64) -> Bool { Double(part) <= tolerance * Double(whole) }

  private static let tolerance = 0.25
}

/// A sum of numbers and labels: `12`, `all`, `all - lost + 3`.
package struct CountExpression: Sendable, CustomStringConvertible {
  package var description: String
  private var terms: [(sign: Int64, word: String)] = []

  /// - Returns: `nil` when the text is no such sum.
  package init?(_ text: String) {
    description = text
    var sign: Int64 = 1
    var needsTerm = true
    for word in text.split(separator: " ") {
      if needsTerm {
        guard let first = word.utf8.first, first != 0x2B, first != 0x2D || Int64(word) != nil else { return nil }
        terms.append((sign, String(word)))
      } else if word == "+" || word == "-" {
        sign = word == "+" ? 1 : -1
      } else {
        return nil
      }
      needsTerm.toggle()
    }
    guard !needsTerm else { return nil }
  }

  /// The number; a label that was never given counts 0.
  package func value(_ labels: [String: Int64]) -> Int64 {
    terms.reduce(0) { $0 + $1.sign * (Int64($1.word) ?? labels[$1.word] ?? 0) }
  }
}
