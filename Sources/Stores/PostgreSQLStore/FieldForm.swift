import NoteModel

/// How a value crosses the wire into a column, in the binary form of COPY.
///
/// A value that the column cannot hold as it is does not fit; it is never rounded, cut or converted.
enum FieldForm {
  case boolean, int2, int4, int8, float4, float8, text, json, jsonb, bytea
  /// The type's own text, which the server reads: times, numerics, arrays …
  case ownText

  init(type: UInt32) {
    self =
      switch type {
      case ServerType.bool: .boolean
      case ServerType.int2: .int2
      case ServerType.int4: .int4
      case ServerType.int8: .int8
      case ServerType.float4: .float4
      case ServerType.float8: .float8
      case ServerType.text, ServerType.varchar, ServerType.bpchar: .text
      case ServerType.json: .json
      case 3802: .jsonb
      case ServerType.bytea: .bytea
      default: .ownText
      }
  }

  /// The type of the column that holds it until its row is inserted.
  var stagedType: String {
    switch self {
    case .boolean: "bool"
    case .int2: "int2"
    case .int4: "int4"
    case .int8: "int8"
    case .float4: "float4"
    case .float8: "float8"
    case .text, .ownText: "text"
    case .json: "json"
    case .jsonb: "jsonb"
    case .bytea: "bytea"
    }
  }

  /// Whether the server can be asked for an order of the column in which keys stand.
  var isOrderedAsKeys: Bool { [.int2, .int4, .int8, .text, .bytea].contains(self) }

  /// Bytes in front of a value's own: the version of a `jsonb`.
  var prefix: [UInt8] { self == .jsonb ? [1] : [] }

  /// Whether a value of a key stands in the column as it is.
  func isOrdered(_ value: Value) -> Bool {
    switch (value, self) {
    case (.integer, .int2), (.integer, .int4), (.integer, .int8), (.text, .text), (.bytes, .bytea): true
    default: false
    }
  }

  /// The most bytes of one value: one allocation of the server of 1 GiB less what a row needs besides; of a `jsonb` what
  /// its own offsets reach.
  var lengthLimit: Int64 { self == .jsonb ? 268_435_455 : RowPlan.valueLimit }

  /// Whether contents of that kind go into the column.
  func takes(text isText: Bool) -> Bool {
    switch self {
    case .text, .json, .jsonb, .ownText: isText
    case .bytea: !isText
    default: false
    }
  }

  /// Appends a value with its length in front; `false` when it does not fit.
  @inline(__always)
  func append(_ value: ValueView, to buffer: GrowingBuffer) -> Bool {
    switch (value, self) {
    case (.null, _): Self.append(Int32(-1), to: buffer)
    case (.integer(let number), .boolean):
      guard number == 0 || number == 1 else { return false }
      Self.append(Int32(1), to: buffer)
      buffer.append(UInt8(number))
    case (.integer(let number), .int2): return Self.append(whole: Int16(exactly: number), to: buffer)
    case (.integer(let number), .int4): return Self.append(whole: Int32(exactly: number), to: buffer)
    case (.integer(let number), .int8): return Self.append(whole: number, to: buffer)
    case (.real(let number), .float8): return Self.append(whole: Int64(bitPattern: number.bitPattern), to: buffer)
    case (.real(let number), .float4):
      guard Double(Float(number)) == number || number.isNaN else { return false }
      return Self.append(whole: Int32(bitPattern: Float(number).bitPattern), to: buffer)
    case (.text(let bytes), .text), (.text(let bytes), .json), (.text(let bytes), .jsonb),
      (.text(let bytes), .ownText), (.bytes(let bytes), .bytea):
      let prefix = prefix
      guard bytes.count <= Int(Int32.max) - prefix.count else { return false }
      Self.append(Int32(bytes.count + prefix.count), to: buffer)
      buffer.append(prefix)
      buffer.append(bytes)
    default: return false
    }
    return true
  }

  static func append(_ number: Int32, to buffer: GrowingBuffer) { buffer.append(littleEndian: number.bigEndian) }

  private static func append<Number: FixedWidthInteger>(whole number: Number?, to buffer: GrowingBuffer) -> Bool {
    guard let number else { return false }
    append(Int32(MemoryLayout<Number>.size), to: buffer)
    buffer.append(littleEndian: number.bigEndian)
    return true
  }
}
