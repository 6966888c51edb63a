/// A value of a column, in memory of its own.
///
/// Text is the bytes that the store holds; nothing says that they are UTF-8.
public enum Value: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text([UInt8])
  case bytes([UInt8])
  case content(byteCount: Int64, digest: [UInt8], isText: Bool)
  case withheld
  case missing
}

/// The key of a row: the values of its key columns.
///
/// The order is SQLite's: null, then numbers by value, then text, then bytes, both by their bytes.
public struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let values: [Value]

  public init(_ values: [Value]) { self.values = values }

  public static func < (left: Key, right: Key) -> Bool {
    for (first, second) in zip(left.values, right.values) {
      let order = compare(first, second)
      if order != 0 { return order < 0 }
    }
    return left.values.count < right.values.count
  }

  private static func compare(_ left: Value, _ right: Value) -> Int {
    switch (left, right) {
    case (.integer(let first), .integer(let second)): return first < second ? -1 : first > second ? 1 : 0
    case (.real(let first), .real(let second)): return compare(first, second)
    case (.integer(let first), .real(let second)): return compare(first, second)
    case (.real(let first), .integer(let second)): return -compare(second, first)
    case (.text(let first), .text(let second)), (.bytes(let first), .bytes(let second)):
      for (one, other) in zip(first, second) where one != other { return one < other ? -1 : 1 }
      return first.count < second.count ? -1 : first.count > second.count ? 1 : 0
    default: return left.rank < right.rank ? -1 : left.rank > right.rank ? 1 : 0
    }
  }

  /// What is not a number stands in front of all numbers. SQLite knows none; an archive may say anything.
  private static func compare(_ left: Double, _ right: Double) -> Int {
    if left.isNaN || right.isNaN { return left.isNaN ? (right.isNaN ? 0 : -1) : 1 }
    return left < right ? -1 : left > right ? 1 : 0
  }

  /// Compares without rounding: an integer above 2^53 is not turned into a real.
  private static func compare(_ left: Int64, _ right: Double) -> Int {
    if right.isNaN { return 1 }
    if right >= 9_223_372_036_854_775_808 { return -1 }
    if right < -9_223_372_036_854_775_808 { return 1 }
    let whole = Int64(right)
    if left != whole { return left < whole ? -1 : 1 }
    let rest = right - right.rounded(.towardZero)
    return rest > 0 ? -1 : rest < 0 ? 1 : 0
  }

  /// The key as a JSON array, as it stands in the archive's inventory: `[17]`, `[1,"GENERAL"]`.
  public var description: String {
    let buffer = GrowingBuffer(capacity: 64)
    appendJSON(to: buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  /// Appends the key as a JSON array.
  public func appendJSON(to buffer: GrowingBuffer) {
    buffer.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { buffer.append(UInt8(ascii: ",")) }
      switch value {
      case .text(let bytes): bytes.withUnsafeBytes { JSONWriter.append(value: .text($0), to: buffer) }
      case .bytes(let bytes): bytes.withUnsafeBytes { JSONWriter.append(value: .bytes($0), to: buffer) }
      case .integer(let number): JSONWriter.append(value: .integer(number), to: buffer)
      case .real(let number): JSONWriter.append(value: .real(number), to: buffer)
      case .null, .content, .withheld, .missing: JSONWriter.append(value: .null, to: buffer)
      }
    }
    buffer.append(UInt8(ascii: "]"))
  }

  /// Reads a key back from its JSON array; `nil` when it is not one.
  public init?(json: JSONValue) {
    guard case .array(let parts) = json else { return nil }
    var values: [Value] = []
    for part in parts {
      guard let value = part.rowValue else { return nil }
      values.append(value)
    }
    self.values = values
  }

  /// The name of the file that holds a content of this row: safe on every file system, injective.
  ///
  /// Integers stand in decimal digits; of other values small letters, digits and `_` stay, the rest becomes `=xx`, also
  /// capitals, because there are file systems on which they are no other letters. A name that
  /// would be longer than 120 characters is cut and ends in a hash, so that it stays unique.
  public var fileName: String {
    var name = ""
    for (index, value) in values.enumerated() {
      if index > 0 { name += "," }
      switch value {
      case .integer(let number): name += String(number)
      case .text(let bytes): name += "t" + Self.encode(bytes)
      case .bytes(let bytes): name += "b" + Self.encode(bytes)
      case .real(let number): name += "r" + String(number.bitPattern, radix: 16)
      case .null, .content, .withheld, .missing: name += "n"
      }
    }
    if name.utf8.count <= 120 { return name }
    return String(name.prefix(100)) + "=-" + String(Self.hash(name), radix: 16)
  }

  private static func encode(_ bytes: [UInt8]) -> String {
    var name = ""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        name.unicodeScalars.append(UnicodeScalar(byte))
      default: name += "=" + hexadecimal(CollectionOfOne(byte))
      }
    }
    return name
  }

  /// FNV-1a over 64 bits; only keeps long names apart.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }
}

extension Value {
  fileprivate var rank: Int {
    switch self {
    case .null, .withheld, .missing, .content: 0
    case .integer, .real: 1
    case .text: 2
    case .bytes: 3
    }
  }
}
