import NoteModel

/// A store on another machine: `ssh://[user@]host[:port]/path`, or `ssh://host/?store=URL` for a store of any engine there.
///
/// `%` and two hexadecimal digits stand for a byte everywhere in it, so a path may hold any. The path is absolute;
/// `/~/` at its beginning is the home of the user there. Options, behind the last `?`: `noteferry` (the program there),
/// `store` (a whole store URL, instead of a path), `profile` and `data` as for a SQLite store here.
public struct RemoteAddress: Sendable, Hashable {
  public var user: String?
  public var host: String
  public var port: Int?
  /// The store as the other machine names it: what a command there would be given.
  public var store: String
  /// The program there, where the address names one.
  public var program: String?

  /// How people name it: without options.
  public var name: String {
    let login = user.map { $0 + "@" } ?? ""
    let shown = host.contains(":") ? "[\(host)]" : host
    return "ssh://\(login)\(shown)\(port.map { ":\($0)" } ?? "")\(place)"
  }
  private var place: String

  public static func isRemote(_ text: String) -> Bool { text.hasPrefix("ssh://") }

  /// - Throws: `.usage` for what is no such address, or what `ssh` or its configuration could take for something else.
  public init(_ text: String) throws {
    func refuse(_ cause: String) -> MigrationError {
      MigrationError(
        .usage, "the remote store's address is not understood", cause: cause, safeNow: "no connection was made",
        next: ["ssh://USER@HOST:PORT/PATH", "or ssh://HOST/?store=URL, with %XX for a byte that has a meaning here"])
    }
    guard Self.isRemote(text) else { throw refuse("it does not begin with ssh://") }
    var rest = Substring(text.dropFirst(6))
    var options: [(name: String, value: String)] = []
    if let mark = rest.lastIndex(of: "?") {
      for option in rest[rest.index(after: mark)...].split(separator: "&") {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let value = Self.decoded(parts.count > 1 ? parts[1] : "") else { throw refuse("a % has no two digits") }
        options.append((String(parts[0]), value))
      }
      rest = rest[..<mark]
    }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var authority = rest[..<slash]
    guard let path = Self.decoded(rest[slash...]) else { throw refuse("a % in the path has no two digits") }
    if let at = authority.lastIndex(of: "@") {
      guard let user = Self.decoded(authority[..<at]), Self.isHarmless(user), !user.contains(":") else {
        throw refuse("the name of the user is empty, begins with a dash or has a character that a shell obeys")
      }
      self.user = user
      authority = authority[authority.index(after: at)...]
    }
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      authority = authority[authority.index(after: end)...]
    } else {
      let end = authority.firstIndex(of: ":") ?? authority.endIndex
      host = String(authority[..<end])
      authority = authority[end...]
    }
    if authority.hasPrefix(":") {
      guard let number = Int(authority.dropFirst()), (1...65535).contains(number) else {
        throw refuse("the port is no number from 1 to 65535")
      }
      port = number
    } else if !authority.isEmpty {
      throw refuse("behind the host stands neither a port nor a path")
    }
    guard Self.isHarmless(host), !host.contains("@"), !host.contains("/") else {
      throw refuse("the host is missing, begins with a dash or has a character that a shell obeys")
    }
    var ownOptions: [String] = []
    var url: String?
    for (name, value) in options {
      switch name {
      case "noteferry" where !value.isEmpty && !value.utf8.contains(0): program = value
      case "store" where !value.isEmpty && !value.utf8.contains(0) && !Self.isRemote(value): url = value
      case "profile" where !value.contains("&"), "data" where !value.contains("&"):
        ownOptions.append("\(name)=\(value)")
      default:
        throw refuse(
          "'\(name)' is not an option with a value that can be used; they are noteferry, store, profile, data")
      }
    }
    if let url {
      guard path.isEmpty || path == "/", ownOptions.isEmpty else {
        throw refuse("store= stands for the whole store there, so there is no path, profile or data beside it")
      }
      store = url
      place = "/?store=\(url)"
    } else {
      guard path.count > 1, path != "/~/", !path.utf8.contains(0) else { throw refuse("it names no path") }
      let own = path.hasPrefix("/~/") ? "./" + path.dropFirst(3) : path
      // The last question mark begins the options, so the path may have others in it.
      let isPlain = ownOptions.isEmpty && !own.contains("?")
      store = isPlain ? own : "sqlite:\(own)?" + ownOptions.joined(separator: "&")
      place = path
    }
  }

  /// What a host or a user may be, wherever `ssh_config` puts it: no option, and nothing that a shell obeys.
  private static func isHarmless(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("-")
      && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && !"'`\"$\\;&<>|(){}*?!#".utf8.contains($0) }
  }

  /// The text with each `%XX` as the byte it stands for; nil where that is no UTF-8 or no such thing.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
