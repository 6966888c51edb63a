import RemoteLink

/// A command line as it can be typed again.
enum CommandLineText {
  /// Secrets are hidden; what a shell would not take as one word is quoted.
  static func noteferry(_ arguments: [String]) -> String {
    (["noteferry"] + arguments.map { ShellWord.quoted(Redaction.argument($0)) }).joined(separator: " ")
  }
}
