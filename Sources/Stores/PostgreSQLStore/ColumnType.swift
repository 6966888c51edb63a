/// What a column's values become, and how they are asked for. The one place that says so.
///
/// | type of the server | `Value` | read as |
/// | --- | --- | --- |
/// | `smallint`, `integer`, `bigint` | integer | binary |
/// | `boolean` | integer, 0 or 1 | binary |
/// | `real`, `double precision` | real, bit for bit | binary |
/// | `text`, `varchar` | text | bytes (`Connection` says in which encoding) |
/// | `char(n)` | text with its blanks | bytes |
/// | `bytea` | bytes | binary |
/// | everything else: `numeric`, `json`, `jsonb`, `timestamp`, `timestamptz`, `date`, `uuid`, arrays, enums, ranges … | text | the server's own text form: dates as ISO 8601, times with a zone in UTC, fractions with all their digits |
///
/// A domain is what it stands on. The type's own name stands in the archive as the column's declared type, so that a target
/// of the same engine can turn the text form back into the value. A `jsonb` loses nothing by that: the server itself has
/// forgotten white space, order and repeated members.
enum ColumnType: Hashable, Sendable {
  case integer, boolean, real, text, paddedText, bytes
  /// - Parameter isShort: Whether no value's text form is longer than a few dozen bytes.
  case textForm(isShort: Bool)

  /// - Parameters:
  ///   - oid: The type's number, of a domain that of what it stands on.
  ///   - length: The type's length in the server's catalogue; below zero where it varies.
  init(oid: UInt32, length: Int) {
    switch oid {
    case ServerType.int2, ServerType.int4, ServerType.int8: self = .integer
    case ServerType.bool: self = .boolean
    case ServerType.float4, ServerType.float8: self = .real
    case ServerType.text, ServerType.varchar: self = .text
    case ServerType.bpchar: self = .paddedText
    case ServerType.bytea: self = .bytes
    default: self = .textForm(isShort: length > 0)
    }
  }

  /// Whether its length must be asked for before it is read.
  var mayBeLong: Bool {
    switch self {
    case .integer, .boolean, .real: false
    case .textForm(let isShort): !isShort
    case .text, .paddedText, .bytes: true
    }
  }

  /// Whether its values are bytes rather than text.
  var isBytes: Bool { self == .bytes }

  /// The column as it is selected.
  func selection(_ column: String) -> String {
    if case .textForm = self { return "\(column)::text" }
    return column
  }

  /// An expression over the column in whose order `Key` sorts the values; `nil` where there is none.
  ///
  /// Text is compared by bytes of UTF-8. Where the database has another encoding than UTF-8 and Latin-1, whose order is the
  /// same, the server converts it first.
  func order(_ column: String, encoding: String) -> String? {
    switch self {
    case .integer, .bytes: column
    case .boolean: "\(column)::int"
    // What is not a number stands behind all numbers there and in front of them here.
    case .real: nil
    case .paddedText: "bpcharsend(\(column))"
    case .text, .textForm:
      Self.keepsOrder(encoding)
        ? "\(selection(column)) COLLATE \"C\"" : "convert_to(\(selection(column)), 'UTF8')"
    }
  }

  /// Whether `order` gives bytes for text.
  func ordersByBytes(encoding: String) -> Bool {
    switch self {
    case .paddedText: true
    case .text, .textForm: !Self.keepsOrder(encoding)
    default: false
    }
  }

  /// The whole value as bytes of the session's encoding, in the server's memory.
  func flat(_ column: String, encoding: String) -> String {
    switch self {
    case .bytes: "substring(\(column) FROM 1)"
    case .paddedText: "bpcharsend(\(column))"
    default: "convert_to(\(selection(column)), '\(encoding == "SQL_ASCII" ? "SQL_ASCII" : "UTF8")')"
    }
  }

  private static func keepsOrder(_ encoding: String) -> Bool { ["UTF8", "SQL_ASCII", "LATIN1"].contains(encoding) }
}
