#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What one stream can show. A value, so that a test can make any terminal.
struct TermCaps: Sendable, Equatable {
  /// Whether lines may be redrawn: a terminal that is not `dumb`.
  var isTerminal = false
  /// Columns; asked again before each drawing with `current`.
  var width = 80
  /// Whether the locale says that the terminal takes UTF-8.
  var isUTF8 = true
  /// Whether the terminal is at the other end of an SSH connection.
  var isRemote = false
  /// Whether colour may be used. Nothing is coloured for now.
  var hasColour = false

  /// Looks at an open stream and the environment.
  static func of(descriptor: Int32, environment: [String: String]) -> TermCaps {
    let term = environment["TERM"] ?? ""
    let isTerminal = isatty(descriptor) == 1 && term != "dumb"
    let isRemote = !(environment["SSH_CONNECTION"] ?? "").isEmpty
    return TermCaps(
      isTerminal: isTerminal, width: width(of: descriptor, environment: environment), isUTF8: isUTF8(environment),
      isRemote: isRemote, hasColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty)
  }

  /// The columns now: what the terminal says, else `COLUMNS`, else 80; at least 20.
  static func width(of descriptor: Int32, environment: [String: String]) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return max(20, Int(size.ws_col)) }
    if let text = environment["COLUMNS"], let columns = Int(text), columns > 0 { return max(20, columns) }
    return 80
  }

  /// The first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides, as in the C library.
  static func isUTF8(_ environment: [String: String]) -> Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = environment[name], !value.isEmpty else { continue }
      let lower = value.lowercased()
      return lower.contains("utf-8") || lower.contains("utf8")
    }
    return false
  }
}
