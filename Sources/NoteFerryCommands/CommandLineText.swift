/// A command line as it can be typed again.
enum CommandLineText {
  /// Secrets are hidden; what a shell would not take as one word is quoted.
  static func noteferry(_ arguments: [String]) -> String {
    (["noteferry"] + arguments.map { word(Redaction.argument($0)) }).joined(separator: " ")
  }

  private static func word(_ text: String) -> String {
    let plain = text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "-_./:=,+@%".utf8.contains(byte) || byte >= 0x80
    }
    if plain, !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
