import NoteModel

extension Profile {
  /// The profiles that need no file, in the order in which a store is probed. Read on first use from their own TOML.
  public static let builtIn: [Profile] = [
    soundProfile(memosText, name: "memos"), soundProfile(referenceText, name: "reference"),
  ]

  /// A built-in profile by its name.
  public static func builtIn(named name: String) -> Profile? { builtIn.first { $0.name == name } }

  /// Like `builtIn(named:)`.
  ///
  /// - Throws: `.profileUnknown`, with the name that was probably meant.
  public static func named(_ name: String) throws -> Profile {
    if let profile = builtIn(named: name) { return profile }
    let known = builtIn.map(\.name)
    let nearest = NearestName.find(name, in: known).map { "did you mean `\($0)`? " } ?? ""
    throw MigrationError(
      .profileUnknown, "there is no built-in profile \(ProfileProblems.quoted(name))",
      cause: "\(nearest)the built-in profiles are \(known.joined(separator: ", "))",
      safeNow: "no store was opened; nothing was changed",
      next: ["name one of them", "or a profile file: --profile FILE"])
  }

  /// A built-in text with a problem is a bug, which the tests show.
  private static func soundProfile(_ text: String, name: String) -> Profile {
    do { return try ProfileReader.read(text, fileName: "built-in profile \(name)") } catch let error as MigrationError {
      preconditionFailure(error.cause)
    } catch { preconditionFailure("\(error)") }
  }
}
