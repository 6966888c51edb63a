import NoteModel

/// What a server refused, by the five characters that it gives every refusal, in our codes.
///
/// | SQLSTATE | source | target |
/// | --- | --- | --- |
/// | 28…, 42501 | `NF-ACCESS-23` | `NF-ACCESS-23` |
/// | 3D000 no such database | `NF-SOURCE-20` | `NF-TARGET-21B` |
/// | 57014 a time limit passed | `NF-DEADLINE-33` | `NF-DEADLINE-33` |
/// | 55P03, 40P01 a lock | `NF-LOCKED-24B` | `NF-LOCKED-24B` |
/// | 53100 its disk is full | `NF-SPACE-34B` | `NF-SPACE-34B` |
/// | 53200 its memory is used up | `NF-LINK-32B` | `NF-LINK-32B` |
/// | 08…, 57P01…05, 40001, 53300, 25P03, none: the connection is gone or not given | `NF-LINK-32B` | `NF-LINK-32B` |
/// | 25006 read-only | `NF-INTERNAL-1` | `NF-ACCESS-23B` |
/// | 58030, XX001, XX002 pages or files that cannot be read | `NF-SOURCE-20E` | `NF-LINK-32B` |
/// | 42P01, 42703, 3F000 no such table or column | `NF-SOURCE-20D` | `NF-TARGET-21C` |
/// | 22021, 22P05 bytes that are no text in this encoding | `NF-SOURCE-20E` | `NF-TARGET-21D` |
/// | 54… more than the server takes: columns, bytes of a key | `NF-INTERNAL-1` | `NF-TARGET-21D` |
/// | 22…, 23… a value or a rule | `NF-INTERNAL-1` | `NF-TARGET-21D` |
struct ServerFailure {
  /// Five characters; empty where there is no server to give them.
  let state: String
  /// The server's sentence; may be in its own language.
  let words: String

  func error(_ message: String, _ name: String, _ role: Connection.Role) -> MigrationError {
    let code = code(role)
    let number = state.isEmpty ? "" : " (SQLSTATE \(state))"
    return MigrationError(
      code, message, cause: "\(name): \(shownWords)\(number)", safeNow: Self.safeNow(role), next: Self.next(code, role))
  }

  private func code(_ role: Connection.Role) -> ErrorCode {
    let isSource = role == .source
    switch state {
    case "42501": return .noPermission
    case "3D000": return isSource ? .sourceMissing : .targetMissing
    case "57014": return .storeTimeout
    case "55P03", "40P01": return .storeLocked
    case "53100": return .diskFull
    case "25006": return isSource ? .internal : .targetReadOnly
    case "58030", "XX001", "XX002": return isSource ? .sourceCorrupt : .storeLost
    case "42P01", "42703", "3F000": return isSource ? .sourceTableMissing : .targetMismatch
    case "22021", "22P05": return isSource ? .sourceCorrupt : .targetRefusedRow
    case "", "40001", "53200", "53300", "25P03": return .storeLost
    default: break
    }
    switch state.prefix(2) {
    case "28": return .noPermission
    case "08": return .storeLost
    case "57": return .storeLost
    case "22", "23", "54": return isSource ? .internal : .targetRefusedRow
    default: return .internal
    }
  }

  /// The server's sentence without a value of the store: refusals of values repeat them behind a colon.
  private var shownWords: String {
    guard ["22", "23"].contains(state.prefix(2)), let colon = words.firstIndex(of: ":") else { return words }
    return String(words[..<colon])
  }

  private static func safeNow(_ role: Connection.Role) -> String {
    role == .source
      ? "the source was not changed" : "what was committed before stays; the source and the archive are untouched"
  }

  private static func next(_ code: ErrorCode, _ role: Connection.Role) -> [String] {
    switch code {
    case .noPermission:
      return [
        role == .source
          ? "grant this user SELECT on every table of the product, or connect as their owner"
          : "connect as the owner of the product's tables"
      ]
    case .storeTimeout: return ["repeat the same command at a quieter hour: it goes on where it stopped"]
    case .storeLocked: return ["wait until the program that holds the lock has ended its work, then repeat the command"]
    case .diskFull: return ["free space on the server's disk, then repeat the same command"]
    case .storeLost: return ["see whether the server is up, then repeat the same command: it goes on where it stopped"]
    case .targetReadOnly: return ["name the primary server, or allow writing to the database"]
    case .sourceMissing, .targetMissing: return ["name the server and the database: postgresql://USER@HOST/DATABASE"]
    default: return []
    }
  }
}
