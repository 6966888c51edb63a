import NoteModel

/// What the source has and a target of another engine cannot hold: a value, or the row that cannot stand there without it.
///
/// In a repairs file it is one line of JSON with the members `page`, `entity`, `key`, `column` and either `value`, or
/// `row`, the values of the row in the order of the entity's columns. Values are written as in an archive's rows; contents of a
/// row stay in the archive, and null stands in their place. A value of more than 256 KiB is several lines, each with a piece of
/// it as bytes and its number in `part`; where rows share it the others name the key of the first one in `same_as`.
public struct KeptOriginal: Sendable, Equatable {
  public enum What: Sendable, Equatable {
    case value(Value)
    case row([Value])
    case part(number: Int, [UInt8])
    /// The value of this row in the same column.
    case same(as: Key)
  }

  /// Bytes of one part.
  static let partSize = 1 << 20

  /// The page of the archive that the row stands in, counted from 1 over all entities.
  public var page: Int64
  public var entity: String
  public var key: Key
  /// The column that cannot hold its value.
  public var column: String
  public var what: What

  /// A row that would be a longer line stays in the archive alone.
  private static let lineLimit = RepairBookReader.lineLimit / 2

  /// Appends it as one line of JSON.
  func append(to buffer: GrowingBuffer) {
    var members: [JSONValue.Member] = [
      .init("page", .integer(page)), .init("entity", .text(entity)), .init("key", Self.json(key.values)),
      .init("column", .text(column)),
    ]
    switch what {
    case .value(let value): members.append(.init("value", Self.json([value]).array?.first ?? .null))
    case .row(let values): members.append(.init("row", Self.json(values)))
    case .same(let key): members.append(.init("same_as", Self.json(key.values)))
    case .part(let number, let bytes):
      members.append(.init("part", .integer(Int64(number))))
      members.append(.init("value", Self.json([.bytes(bytes)]).array?.first ?? .null))
    }
    JSONValue.object(members).append(to: buffer)
    buffer.append(UInt8(ascii: "\n"))
  }

  private static func json(_ values: [Value]) -> JSONValue {
    let buffer = GrowingBuffer(capacity: 256)
    Key(values).appendJSON(to: buffer)
    guard buffer.count < lineLimit else { return .array([]) }
    return (try? JSONReader.parse(buffer.bytes)) ?? .array([])
  }
}

extension KeptOriginal {
  /// - Returns: nil for a line that is a repair's.
  /// - Throws: ``RepairRecord/Problem`` with the member that is wrong.
  static func read(_ json: JSONValue) throws(RepairRecord.Problem) -> KeptOriginal? {
    ["value", "row", "same_as"].contains { json[$0] != nil } ? try KeptOriginal(json) : nil
  }

  private init(_ json: JSONValue) throws(RepairRecord.Problem) {
    guard let page = json["page"]?.integer, page > 0, let entity = json["entity"]?.string,
      let key = json["key"].flatMap({ Key(json: $0) }), let column = json["column"]?.string
    else { throw RepairRecord.Problem(reason: "page, entity, key or column is missing or wrong") }
    (self.page, self.entity, self.key, self.column) = (page, entity, key, column)
    if let row = json["row"] {
      guard let values = Key(json: row)?.values else { throw RepairRecord.Problem(reason: "row is wrong") }
      what = .row(values)
    } else if let other = json["same_as"] {
      guard let key = Key(json: other) else { throw RepairRecord.Problem(reason: "same_as is wrong") }
      what = .same(as: key)
    } else if let part = json["part"]?.integer {
      guard case .bytes(let bytes)? = json["value"]?.rowValue, part > 0 else {
        throw RepairRecord.Problem(reason: "part or value is wrong")
      }
      what = .part(number: Int(part), bytes)
    } else {
      guard let value = json["value"]?.rowValue else { throw RepairRecord.Problem(reason: "value is wrong") }
      what = .value(value)
    }
  }
}
