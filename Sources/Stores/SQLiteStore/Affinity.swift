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

  /// Whether SQLite, when it writes this text into such a column, may put a number in its place (datatype3, section
  /// 3): a whole literal of a number, with white space round it. May be `true` for a text that stays, not the reverse.
  @inline(__always)
  func changes(text: UnsafeRawBufferPointer) -> Bool {
    guard self == .integer || self == .real || self == .numeric, let first = text.first else { return false }
    // What begins like a word is no number; nearly all texts are settled here.
    return first < 0x3A && Self.isNumber(text)
  }

  /// Whether SQLite writes something else than this fraction: a whole number, or its digits.
  @inline(__always)
  func changes(real: Double) -> Bool {
    switch self {
    case .text: true
    case .integer, .numeric: real == real.rounded() && abs(real) < 0x1p63
    case .real, .blob, .none: false
    }
  }

  /// Whether SQLite writes the digits of whole numbers as text.
  var changesIntegers: Bool { self == .text }

  private static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    var place = 0
    func skip(_ isWanted: (UInt8) -> Bool) -> Int {
      let start = place
      while place < text.count, isWanted(text[place]) { place += 1 }
      return place - start
    }
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
    let isDigit: (UInt8) -> Bool = { $0 >= 0x30 && $0 <= 0x39 }
    let isSign: (UInt8) -> Bool = { $0 == 0x2B || $0 == 0x2D }
    _ = skip(isSpace)
    if place < text.count, isSign(text[place]) { place += 1 }
    var digits = skip(isDigit)
    if place < text.count, text[place] == 0x2E {
      place += 1
      digits += skip(isDigit)
    }
    guard digits > 0 else { return false }
    if place < text.count, text[place] | 0x20 == 0x65 {
      place += 1
      if place < text.count, isSign(text[place]) { place += 1 }
      guard skip(isDigit) > 0 else { return false }
    }
    _ = skip(isSpace)
    return place == text.count
  }

  private static func has(_ text: String, _ part: String) -> Bool {
    let text = Array(text.utf8)
    let part = Array(part.utf8)
    guard text.count >= part.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}
