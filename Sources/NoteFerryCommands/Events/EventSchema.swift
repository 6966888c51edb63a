import NoteModel

/// The JSON Schema (draft 2020-12) of one event line, made from `EventType`.
enum EventSchema {
  /// The name and version that `run.started` carries.
  static let name = "noteferry.events/1"

  static var document: JSONValue {
    .object([
      .init("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      .init("$id", .text("urn:noteferry:events:1")),
      .init("title", .text("One line of a noteferry event log, version 1")),
      .init(
        "$comment",
        .text(
          "Readers ignore unknown fields and types. A field that is not known is absent. Units end the names: _ms, "
            + "_bytes, _per_s. prev is the SHA-256 of the line before, without its line end, in hexadecimal digits.")),
      .init("type", .text("object")),
      .init("required", names(EventType.envelope)),
      .init("properties", properties(EventType.envelope)),
      .init("allOf", .array(EventType.allCases.map(rule))),
    ])
  }

  private static func rule(_ type: EventType) -> JSONValue {
    let isThisType = JSONValue.object([
      .init("properties", .object([.init("type", .object([.init("const", .text(type.rawValue))]))]))
    ])
    let shape = JSONValue.object([
      .init("required", names(type.fields)), .init("properties", properties(type.fields)),
    ])
    return .object([.init("if", isThisType), .init("then", shape)])
  }

  private static func names(_ fields: [EventType.Field]) -> JSONValue {
    .array(fields.filter(\.isRequired).map { .text($0.name) })
  }

  private static func properties(_ fields: [EventType.Field]) -> JSONValue {
    .object(
      fields.map { field in
        var members: [JSONValue.Member] = []
        if field.kind == .strings {
          members.append(.init("type", .text("array")))
          members.append(.init("items", .object([.init("type", .text("string"))])))
        } else {
          members.append(.init("type", .text(field.kind.rawValue)))
        }
        if field.name == "v" { members.append(.init("const", .integer(1))) }
        if !field.values.isEmpty { members.append(.init("enum", .array(field.values.map { .text($0) }))) }
        return .init(field.name, .object(members))
      })
  }
}
