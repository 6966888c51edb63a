import CSQLite

/// The kind of value that a declared type asks for, by SQLite's rules (datatype3, section 3.1).
enum Affinity: UInt8 {
  case none, blob, text, integer, real, numeric

  init(declaredType: String) {
    let type = foldedCase(declaredType)
    if type.isEmpty {
      self = .none
    } else if Self.has(type, "int") {
      self = .integer
    } else if Self.has(type, "char") || Self.has(type, "clob") || Self.has(type, "text") {
      self = .text
    } else if Self.has(type, "blob") {
      self = .blob
    } else if Self.has(type, "real") || Self.has(type, "floa") || Self.has(type, "doub") {
      self = .real
    } else {
      self = .numeric
    }
  }

  /// Whether a value of this SQLite type contradicts the declaration. Null never does; `NUMERIC` and its kin
  /// (`DATETIME`, `BOOLEAN`, `JSON`) hold anything by custom.
  @inline(__always)
  func contradicts(_ type: Int32) -> Bool {
    switch self {
    case .none, .numeric: false
    case .text: type == SQLITE_BLOB
    case .blob: type != SQLITE_BLOB && type != SQLITE_NULL
    case .integer: type == SQLITE_TEXT || type == SQLITE_BLOB || type == SQLITE_FLOAT
    case .real: type == SQLITE_TEXT || type == SQLITE_BLOB
    }
  }

  private static func has(_ text: String, _ part: String) -> Bool {
    let text = Array(text.utf8)
    let part = Array(part.utf8)
    guard text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}
