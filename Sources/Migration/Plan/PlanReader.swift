import DurableIO
import NoteModel
import NoteStore

/// Reads a plan from its TOML text, strictly: what it does not know it refuses.
///
/// Every problem is found in one reading; each has its line and column, and where a name looks like a slip, the name that
/// was probably meant.
public enum PlanReader {
  /// The only value of the key `schema` that this version reads.
  public static let schema = 1

  /// Reads a plan file.
  ///
  /// - Throws: `.planMissing`, `.noPermission`, `.planInvalid`.
  public static func read(path: String) throws -> Plan {
    let file: File
    do { file = try File.read(path) } catch var error as MigrationError {
      if error.code == .sourceMissing { error.code = .planMissing }
      error.safeNow = "no store was opened; nothing was changed"
      error.next = ["noteferry plan new SOURCE --to TARGET -o \(path)"]
      throw error
    }
    guard try file.status().isRegularFile else {
      throw MigrationError(
        .planMissing, "\(path) is no plan", cause: "it is not a regular file",
        safeNow: "no store was opened; nothing was changed", next: ["noteferry plan new SOURCE --to TARGET -o FILE"])
    }
    var bytes = [UInt8](repeating: 0, count: ProfileReader.maximumByteCount + 1)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    return try bytes.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[..<count]), fileName: path) }
  }

  /// Reads a plan from the bytes of its file.
  ///
  /// - Throws: `.planInvalid`, whose cause names all problems, one a line.
  public static func read(_ bytes: UnsafeRawBufferPointer, fileName: String) throws -> Plan {
    let problems = ProfileProblems(fileName: fileName, document: "plan", code: .planInvalid)
    let plan = ProfileReader.table(bytes, noun: "a plan", problems: problems).flatMap { table in
      var table = table
      return PlanDecoder.plan(&table)
    }
    guard problems.isEmpty, let plan else { throw problems.error }
    return plan
  }

  public static func read(_ text: String, fileName: String) throws -> Plan {
    var text = text
    return try text.withUTF8 { try read(UnsafeRawBufferPointer($0), fileName: fileName) }
  }
}

/// Finds what looks like a secret in a text of a plan.
enum PlanSecret {
  private static let names = [
    "password", "passwd", "pgpassword", "sslpassword", "token", "secret", "apikey", "api-key", "api_key",
  ]

  /// Why a text may not stand in a plan; `nil` when nothing in it looks like a secret.
  static func problem(in text: String) -> String? {
    if hasPasswordInURL(text) { return "has a password in a URL" }
    for word in text.split(whereSeparator: { "?& \t;,".contains($0) }) {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, !parts[1].isEmpty else { continue }
      let name = parts[0].drop { $0 == "-" }.lowercased()
      if names.contains(name) { return "has a value for '\(ProfileProblems.printable(name))'" }
    }
    return nil
  }

  private static func hasPasswordInURL(_ text: String) -> Bool {
    var rest = Substring(text)
    while let mark = rest.firstRange(of: "://") {
      rest = rest[mark.upperBound...]
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != " " }
      if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
    }
    return false
  }
}
