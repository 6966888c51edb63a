/// Takes secrets out of what is written down about a command line.
enum Redaction {
  /// Hides user and password of a URL that has both, and the values of options that name a secret.
  static func argument(_ text: String) -> String {
    var result = text
    if let scheme = range(of: "://", in: text) {
      let rest = text[scheme.upperBound...]
      let authority = rest.prefix { $0 != "/" && $0 != "?" }
      // A user alone is no secret, and a command without it would not run again.
      if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") {
        result = text[..<scheme.upperBound] + "***" + text[at...]
      }
    }
    guard let mark = result.firstIndex(of: "?") else { return result }
    var shown = result[..<mark]
    var rest = result[mark...]
    // A path may have a `?` in it too, so each of them may be the one in front of the options.
    while let separator = rest.popFirst() {
      let option = rest.prefix { $0 != "&" && $0 != "?" }
      let name = option.prefix { $0 != "=" }
      let isSecret = ["password", "passfile", "token", "secret", "key", "sslkey"].contains(name.lowercased())
      let isStore = name == "store" && text.hasPrefix("ssh://")
      let plain = isStore ? "store=" + argument(String(option.dropFirst(6))) : String(option)
      shown += "\(separator)\(isSecret ? "\(name)=***" : plain)"
      rest = rest[option.endIndex...]
    }
    return String(shown)
  }

  private static func range(of part: String, in text: String) -> Range<String.Index>? {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(part) { return index..<text.index(index, offsetBy: part.count) }
      index = text.index(after: index)
    }
    return nil
  }
}
