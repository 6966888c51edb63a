import NoteModel

/// What a column of a target holds of a value, and what becomes of a value of another type.
///
/// A target says it of each column of an entity: the import applies it before the row, and a comparison applies it to the
/// side that has not been through it, so that both compare the row as the target holds it.
///
/// | column | held as it is | converted, nothing is lost | not held: null, or where that is not allowed |
/// | --- | --- | --- | --- |
/// | whole number of *n* bits | whole numbers of *n* bits | `3.0`, the text `3` | 0 |
/// | boolean | 0, 1 | `1.0`, the texts `0`, `1`, `true`, `false` | 1 for other numbers than 0, else 0 |
/// | fraction | fractions of its size | whole numbers that it holds exactly, a text that is one | 0 |
/// | decimal number | texts of digits, as many as it has room for | whole numbers, fractions without an exponent | 0 |
/// | text, JSON | what ``TextForm`` says | numbers as their digits, bytes that are text | a text with marks |
/// | text of *n* characters | texts that are no longer | numbers and bytes as above | its first *n* characters |
/// | UUID | as the server writes it | the ways to write it that the server reads | zeros |
/// | bytes | bytes | texts as their bytes, numbers as their digits | – |
/// | date and time | what the server writes | ISO 8601, seconds since 1970 | 1970-01-01 |
/// | seconds since 1970 | every value | a text with a date and time in whole seconds | – |
public struct ValueForm: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case any
    case text(TextForm)
    case integer(bits: Int)
    case boolean
    case real(bits: Int)
    /// Digits before the point and after it; nil: any number of them.
    case decimal(whole: Int? = nil, fraction: Int? = nil)
    case uuid
    case bytes
    case time(TimeForm)
    /// Whole numbers that another engine has as date and time.
    case seconds
  }

  public var kind: Kind
  public var isNullable: Bool

  public init(_ kind: Kind, isNullable: Bool = true) {
    self.kind = kind
    self.isNullable = isNullable
  }

  public static let any = ValueForm(.any)
  public var isAny: Bool { kind == .any }

  /// The form of a column by the type that its engine gives it.
  ///
  /// - Parameter source: The type where the values come from: what the same type wrote is held, also infinity.
  public init(engine: String, declaredType: String, source: String = "", isNullable: Bool = true) {
    self.isNullable = isNullable
    guard engine == "postgresql" else {
      let isTime = TimeForm(declaredType: source.lowercased()) != nil
      kind = isTime && ColumnKind(engine: engine, declaredType: declaredType) == .integer(bits: 64) ? .seconds : .any
      return
    }
    let type = declaredType.lowercased()
    if let time = TimeForm(declaredType: type) {
      kind = source == declaredType ? .any : .time(time)
      return
    }
    kind =
      switch ColumnKind(engine: engine, declaredType: type) {
      case .integer(let bits): .integer(bits: bits)
      case .boolean: .boolean
      case .real(let bits): .real(bits: bits)
      case .decimal: Self.decimal(type)
      case .bytes: .bytes
      case .document: .text(type == "jsonb" ? .meaning : .document)
      // Types of which only the server knows what they hold.
      case .text: Self.text(type)
      }
  }

  private static let texts = ["text", "character", "varchar", "char"]

  private static func text(_ type: String) -> Kind {
    if type == "uuid" { return .uuid }
    guard texts.contains(where: type.hasPrefix) else { return .any }
    let isVarying = type.hasPrefix("character varying") || type.hasPrefix("varchar")
    guard isVarying, let limit = sizes(type).first else { return .text(.unicode) }
    return .text(.limited(limit))
  }

  /// `numeric(p, s)` has room for p − s digits before the point and s after it.
  private static func decimal(_ type: String) -> Kind {
    let sizes = sizes(type)
    guard let precision = sizes.first else { return .decimal() }
    let scale = sizes.count > 1 ? sizes[1] : 0
    // A scale that is negative or larger than the precision rounds in ways of its own.
    return (0...precision).contains(scale) ? .decimal(whole: precision - scale, fraction: scale) : .decimal()
  }

  /// The numbers in a type's parentheses.
  private static func sizes(_ type: String) -> [Int] {
    guard let open = type.firstIndex(of: "("), let end = type.lastIndex(of: ")"), open < end else { return [] }
    return type[type.index(after: open)..<end].split(separator: ",").compactMap {
      Int($0.filter { $0 != " " })
    }
  }

  /// What both of two targets hold.
  public static func narrower(_ left: ValueForm, _ right: ValueForm) -> ValueForm {
    if left.isAny { return right }
    let isNullable = left.isNullable && right.isNullable
    switch (left.kind, right.kind) {
    case (.text(let one), .text(let other)): return ValueForm(.text(.narrower(one, other)), isNullable: isNullable)
    case (.integer(let one), .integer(let other)):
      return ValueForm(.integer(bits: min(one, other)), isNullable: isNullable)
    case (.integer, .boolean): return ValueForm(.boolean, isNullable: isNullable)
    default: return ValueForm(left.kind, isNullable: right.isAny ? left.isNullable : isNullable)
    }
  }

  /// A value in a form.
  public enum Outcome: Sendable, Equatable {
    /// It is held as it is.
    case same
    /// Nothing of it is lost, and it is written otherwise.
    case converted(Value)
    /// It cannot be held; this stands in its place, and the original must be kept elsewhere.
    case substitute(Value)
    /// A content that is held as the other kind of bytes or text.
    case relabelled(isText: Bool)
  }

  /// Whether a value is held as it is, as nearly every one that is no text is; `false` where more must be asked.
  @inline(__always)
  public func isPlainlyHeld(_ value: ValueView) -> Bool {
    switch (kind, value) {
    case (_, .null): true
    case (.integer(let bits), .integer(let number)): bits >= 64 || number >> (bits - 1) == 0
    case (.boolean, .integer(let number)): number == 0 || number == 1
    case (.bytes, .bytes), (.real(bits: 64), .real): true
    default: false
    }
  }

  public func outcome(of value: ValueView) -> Outcome {
    switch (kind, value) {
    case (.any, _), (_, .null), (_, .withheld), (_, .missing): return .same
    case (_, .content(_, _, let isText)):
      return kind == .bytes && isText ? .relabelled(isText: false) : .same
    case (.integer(let bits), _):
      return whole(value) { bits >= 64 || (-1 << (bits - 1)..<1 << (bits - 1)).contains($0) }
    case (.boolean, _): return boolean(value)
    case (.real(let bits), _): return real(value, bits)
    case (.decimal(let whole, let fraction), _): return decimal(value, whole, fraction)
    case (.uuid, _): return uuid(value)
    case (.text(let form), _): return text(value, form)
    case (.bytes, _): return bytes(value)
    case (.time(let form), _): return time(value, form)
    case (.seconds, .text(let text)):
      return TimeForm.seconds(of: text).map { .converted(.integer($0)) } ?? .same
    case (.seconds, _): return .same
    }
  }

  private func substitute(_ value: Value) -> Outcome { .substitute(isNullable ? .null : value) }

  // MARK: - Numbers

  private func whole(_ value: ValueView, _ isHeld: (Int64) -> Bool) -> Outcome {
    switch value {
    case .integer(let number): return isHeld(number) ? .same : substitute(.integer(0))
    case .real(let number):
      guard let whole = Int64(exactly: number), isHeld(whole) else { return substitute(.integer(0)) }
      return .converted(.integer(whole))
    case .text(let text):
      guard let whole = Self.whole(text), isHeld(whole) else { return substitute(.integer(0)) }
      return .converted(.integer(whole))
    default: return substitute(.integer(0))
    }
  }

  /// A number as it is written in no other way: without a plus, and without zeros in front.
  private static func whole(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard text.count <= 20, let number = Int64(String(decoding: text, as: UTF8.self)),
      String(number).utf8.elementsEqual(text)
    else { return nil }
    return number
  }

  private func boolean(_ value: ValueView) -> Outcome {
    switch value {
    case .integer(0), .integer(1): return .same
    case .integer: return substitute(.integer(1))
    case .real(let number):
      return number == 0 || number == 1 ? .converted(.integer(Int64(number))) : substitute(.integer(1))
    case .text(let text):
      switch String(decoding: text, as: UTF8.self).lowercased() {
      case "1", "true": return .converted(.integer(1))
      case "0", "false": return .converted(.integer(0))
      default: return substitute(.integer(0))
      }
    default: return substitute(.integer(0))
    }
  }

  private func real(_ value: ValueView, _ bits: Int) -> Outcome {
    func held(_ number: Double?) -> Double? {
      guard let number, bits == 64 || Double(Float(number)) == number || number.isNaN else { return nil }
      return number
    }
    switch value {
    case .real(let number): return held(number) != nil ? .same : substitute(.real(0))
    case .integer(let number):
      guard let exact = held(Double(exactly: number)) else { return substitute(.real(0)) }
      return .converted(.real(exact))
    case .text(let text):
      let words = String(decoding: text, as: UTF8.self)
      guard let number = held(Double(words)), number.description == words || Self.whole(text) != nil else {
        return substitute(.real(0))
      }
      return .converted(.real(number))
    default: return substitute(.real(0))
    }
  }

  private func decimal(_ value: ValueView, _ whole: Int?, _ fraction: Int?) -> Outcome {
    let zero = Value.text(Array("0".utf8) + (fraction ?? 0 > 0 ? Array(".".utf8) + Self.zeros(fraction ?? 0) : []))
    let digits: [UInt8]
    switch value {
    case .integer(let number): digits = Array(String(number).utf8)
    case .real(let number): digits = Array(number.description.utf8)
    case .text(let text): digits = Array(text.prefix(1001))
    default: return substitute(zero)
    }
    if case .text = value, Self.isNoNumber(digits, whole == nil) { return .same }
    guard Self.isDecimal(digits), let held = Self.padded(digits, whole, fraction) else { return substitute(zero) }
    if case .text = value, held == digits { return .same }
    return .converted(.text(held))
  }

  /// What the server writes for numbers that are none: only NaN where it has room for a number of digits.
  private static func isNoNumber(_ text: [UInt8], _ isUnlimited: Bool) -> Bool {
    let words = isUnlimited ? ["NaN", "Infinity", "-Infinity"] : ["NaN"]
    return words.contains { text.elementsEqual($0.utf8) }
  }

  private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "0"), count: count) }

  /// The number with all digits that its column has after the point; nil where it has too many on either side of it.
  private static func padded(_ digits: [UInt8], _ whole: Int?, _ fraction: Int?) -> [UInt8]? {
    guard let whole, let fraction else { return digits }
    let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let head = parts[0].drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "0") }
    let tail = parts.count > 1 ? parts[1].count : 0
    guard head.count <= whole, tail <= fraction else { return nil }
    guard tail < fraction else { return digits }
    return digits + (tail == 0 ? Array(".".utf8) : []) + zeros(fraction - tail)
  }

  /// Whether it is a number as the server writes it.
  private static func isDecimal<Text: Collection<UInt8>>(_ text: Text) -> Bool {
    var rest = text[...]
    if rest.first == UInt8(ascii: "-") {
      rest = rest.dropFirst()
      // There is no zero with a sign.
      if rest.allSatisfy({ $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }) { return false }
    }
    let isDigit: (UInt8) -> Bool = { $0 >= 0x30 && $0 <= 0x39 }
    let parts = rest.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, whole.allSatisfy(isDigit), text.count <= 1000 else { return false }
    if whole.count > 1, whole.first == UInt8(ascii: "0") { return false }
    return parts.count == 1 || (!parts[1].isEmpty && parts[1].allSatisfy(isDigit))
  }

  // MARK: - Texts, bytes, times

  /// The digits of a number, by which it can be read back.
  private static func digits(_ value: ValueView) -> [UInt8]? {
    switch value {
    case .integer(let number): Array(String(number).utf8)
    case .real(let number): Array(number.description.utf8)
    default: nil
    }
  }

  private func text(_ value: ValueView, _ form: TextForm) -> Outcome {
    switch value {
    case .text(let text):
      switch form.outcome(of: text) {
      case .same: return .same
      case .normal(let text): return .converted(.text(text))
      case .substitute(let text): return .substitute(.text(text))
      }
    case .bytes(let bytes): return ofBytes(bytes, form)
    default:
      guard let digits = Self.digits(value) else { return .same }
      return digits.withUnsafeBytes { ofBytes($0, form) }
    }
  }

  /// What was no text becomes one where it can.
  private func ofBytes(_ bytes: UnsafeRawBufferPointer, _ form: TextForm) -> Outcome {
    switch form.outcome(of: bytes) {
    case .same: .converted(.text(Array(bytes)))
    case .normal(let text): .converted(.text(text))
    case .substitute(let text): .substitute(.text(text))
    }
  }

  /// 32 hexadecimal digits, in upper or lower case, in braces or not, with a hyphen after any four or without.
  ///
  /// Source: PostgreSQL 15, Data Types, UUID Type; that is also what it reads, and it writes them in lower case as 8-4-4-4-12.
  private func uuid(_ value: ValueView) -> Outcome {
    guard case .text(let text) = value, let normal = Self.uuid(text) else {
      return substitute(.text(Array("00000000-0000-0000-0000-000000000000".utf8)))
    }
    return text.elementsEqual(normal) ? .same : .converted(.text(normal))
  }

  private static func uuid(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard (32...41).contains(text.count) else { return nil }
    var words = Array(text)[...]
    if words.first == UInt8(ascii: "{"), words.last == UInt8(ascii: "}") { words = words.dropFirst().dropLast() }
    var result: [UInt8] = []
    var digits = 0
    var mayHyphen = false
    for byte in words {
      if byte == UInt8(ascii: "-"), mayHyphen {
        mayHyphen = false
        continue
      }
      guard Unicode.Scalar(byte).properties.isASCIIHexDigit, digits < 32 else { return nil }
      if [8, 12, 16, 20].contains(digits) { result.append(UInt8(ascii: "-")) }
      result.append(byte | 0x20)
      digits += 1
      mayHyphen = digits % 4 == 0 && digits < 32
    }
    return digits == 32 ? result : nil
  }

  private func bytes(_ value: ValueView) -> Outcome {
    switch value {
    case .text(let text): .converted(.bytes(Array(text)))
    default: Self.digits(value).map { .converted(.bytes($0)) } ?? .same
    }
  }

  private func time(_ value: ValueView, _ form: TimeForm) -> Outcome {
    switch value {
    case .text(let text):
      guard let normal = form.normal(text) else { break }
      return text.elementsEqual(normal) ? .same : .converted(.text(normal))
    case .integer(let number):
      guard let text = form.text(ofSeconds: number) else { break }
      return .converted(.text(text))
    default: break
    }
    return substitute(.text(form.text(ofSeconds: 0) ?? []))
  }
}
