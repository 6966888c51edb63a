import NoteModel

/// One thing that is wrong in a profile file.
public struct ProfileProblem: Sendable, Hashable, CustomStringConvertible {
  public var fileName: String
  /// Counted from 1.
  public var line: Int
  /// Counted from 1, in characters.
  public var column: Int
  /// Where it is in the profile: `entity[attachment].file.reference`; empty when it is about the file.
  public var keyPath: String
  /// A sentence without its subject: `must be a text, not a whole number`.
  public var statement: String
  /// The name that was probably meant.
  public var suggestion: String?

  /// `vendor.toml:14:3: entity[attachment].refrence is not a key of a profile; did you mean `reference`?`
  public var description: String {
    let subject = keyPath.isEmpty ? "" : keyPath + " "
    let question = suggestion.map { "; did you mean `\($0)`?" } ?? ""
    return "\(fileName):\(line):\(column): \(subject)\(statement)\(question)"
  }
}

/// Collects the problems of one file, in the order in which they are found.
package final class ProfileProblems {
  /// Problems beyond this many are only counted.
  static let maximumCount = 20

  let fileName: String
  /// What the file is called in the failure: `profile`.
  private let document: String
  private let code: ErrorCode
  private var found: [ProfileProblem] = []
  /// The keys that were asked for, by the noun of their table; Profiles.md is held against them.
  private(set) var knownKeys: [String: Set<String>] = [:]

  package init(fileName: String, document: String = "profile", code: ErrorCode = .profileInvalid) {
    self.fileName = Self.printable(fileName)
    self.document = document
    self.code = code
  }

  package var isEmpty: Bool { found.isEmpty }

  /// Remembers which keys the tables of one kind may have.
  func note(_ keys: [String], of noun: String) { knownKeys[noun, default: []].formUnion(keys) }

  /// Remembers a problem. Text from the file may stand in it only through `quoted` or `printable`.
  package func add(_ keyPath: String, _ statement: String, at place: TOMLPositions.Place, suggestion: String? = nil) {
    // The rest is kept up to a bound, so that the first problems by line are among those that are shown.
    guard found.count < 10_000 else { return }
    found.append(
      ProfileProblem(
        fileName: fileName, line: place.line, column: place.column, keyPath: keyPath, statement: statement,
        suggestion: suggestion))
  }

  /// The problems by line and column, those of one place in the order in which they were found.
  package var inOrder: [ProfileProblem] {
    found.enumerated().sorted { left, right in
      (left.element.line, left.element.column, left.offset) < (right.element.line, right.element.column, right.offset)
    }.map(\.element)
  }

  /// The failure that names all problems, one a line.
  package var error: MigrationError {
    let problems = inOrder
    var lines = problems.prefix(Self.maximumCount).map(\.description)
    if problems.count > lines.count { lines.append("and \(problems.count - lines.count) more") }
    return MigrationError(
      code,
      "the \(document) \(fileName) has \(problems.count == 1 ? "a problem" : "\(problems.count) problems")",
      cause: lines.joined(separator: "\n"), safeNow: "no store was opened; nothing was changed",
      next: [
        "correct \(fileName) at line \(problems.first?.line ?? 1)\(problems.count > 1 ? " and the others" : "")"
          + " and repeat the command",
        "noteferry explain \(code.rawValue)",
      ])
  }

  /// Text from a file in a form that is safe on every screen, in quotation marks.
  static func quoted(_ text: String) -> String { "'" + printable(text) + "'" }

  /// At most 80 characters; control, format and other invisible characters become `U+001B`.
  package static func printable(_ text: String) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      count += 1
      if count > 80 { return result + "..." }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
