import DurableIO
import NoteModel
import Testing

/// Checks an event log: the chain, the order and every line's shape against the schema that the program prints.
enum EventLines {
  static let schema: JSONValue = {
    let run = Scratch().ferry("schema", "events")
    return run.json
  }()

  /// - Returns: The lines.
  static func check(_ bytes: [UInt8], exitCode: Int32, location: SourceLocation) -> [JSONValue] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    #expect(lines.popLast()?.isEmpty == true, "the last line is whole", sourceLocation: location)
    var previous: String?
    var values: [JSONValue] = []
    for (index, line) in lines.enumerated() {
      guard let value = try? JSONReader.parse(Array(line)) else {
        Issue.record("event line \(index) is not JSON", sourceLocation: location)
        continue
      }
      #expect(value["seq"]?.integer == Int64(index), sourceLocation: location)
      #expect(value["prev"]?.string == previous, sourceLocation: location)
      let wrong = problems(value, schema)
      #expect(wrong.isEmpty, "event line \(index): \(wrong)", sourceLocation: location)
      previous = Array(line).withUnsafeBytes { Digest.checksum(.sha256, $0).description }
      values.append(value)
    }
    #expect(values.first?["type"]?.string == "run.started", sourceLocation: location)
    #expect(values.last?["type"]?.string == "run.finished", sourceLocation: location)
    #expect(values.last?["exit_code"]?.integer == Int64(exitCode), sourceLocation: location)
    #expect(values.filter { $0["type"]?.string == "run.finished" }.count == 1, sourceLocation: location)
    return values
  }

  /// What in `value` breaks `schema`: type, const, enum, required, properties, items, allOf, if and then.
  static func problems(_ value: JSONValue, _ schema: JSONValue, at path: String = "") -> [String] {
    var wrong: [String] = []
    if let const = schema["const"], const != value { wrong.append("\(path) is not \(const.text)") }
    if let choices = schema["enum"]?.array, !choices.contains(value) { wrong.append("\(path) is \(value.text)") }
    if let type = schema["type"]?.string, !fits(value, type) { wrong.append("\(path) is no \(type)") }
    for name in schema["required"]?.array ?? [] where value[name.string ?? ""] == nil {
      wrong.append("\(path).\(name.string ?? "") is missing")
    }
    if case .object(let properties)? = schema["properties"] {
      for property in properties {
        guard let member = value[property.name] else { continue }
        wrong += problems(member, property.value, at: path + "." + property.name)
      }
    }
    if let items = schema["items"] { for item in value.array ?? [] { wrong += problems(item, items, at: path + "[]") } }
    for part in schema["allOf"]?.array ?? [] {
      if let condition = part["if"], let then = part["then"] {
        if problems(value, condition).isEmpty { wrong += problems(value, then, at: path) }
      } else {
        wrong += problems(value, part, at: path)
      }
    }
    return wrong
  }

  private static func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch (type, value) {
    case ("string", .string), ("integer", .integer), ("number", .integer), ("number", .real), ("boolean", .bool),
      ("array", .array), ("object", .object), ("null", .null):
      true
    default: false
    }
  }
}
