/// A value that goes to the server beside a statement, in binary form.
enum Parameter {
  case null
  case integer(Int64)
  case real(Double)
  /// Bytes of text in the session's encoding.
  case text([UInt8])
  case bytes([UInt8])

  init(_ text: String) { self = .text(Array(text.utf8)) }

  /// The type's number in the server's catalogue; 0 lets the server decide.
  var type: UInt32 {
    switch self {
    case .null: 0
    case .integer: ServerType.int8
    case .real: ServerType.float8
    case .text: ServerType.text
    case .bytes: ServerType.bytea
    }
  }

  /// The value as it crosses the wire; `nil` for null.
  var encoded: [UInt8]? {
    switch self {
    case .null: nil
    case .integer(let number): withUnsafeBytes(of: number.bigEndian) { Array($0) }
    case .real(let number): withUnsafeBytes(of: number.bitPattern.bigEndian) { Array($0) }
    case .text(let bytes), .bytes(let bytes): bytes
    }
  }
}

/// Numbers of built-in types; they are the same in every server.
enum ServerType {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let json: UInt32 = 114
  static let float4: UInt32 = 700
  static let float8: UInt32 = 701
  static let bpchar: UInt32 = 1042
  static let varchar: UInt32 = 1043
}
