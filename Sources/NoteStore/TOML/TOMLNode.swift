import TOMLKit

/// A value of a TOML text with its place.
package struct TOMLNode {
  package enum Content {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case array([TOMLNode])
    case table([String: TOMLNode])
    /// A type that profiles do not use; its name.
    case other(String)
  }

  package var content: Content
  package var place: TOMLPositions.Place

  /// The type in words, for messages.
  package var kind: String {
    switch content {
    case .string: "a text"
    case .integer: "a whole number"
    case .boolean: "true or false"
    case .array: "a list"
    case .table: "a table"
    case .other(let name): "a " + name
    }
  }

  /// The text is not TOML, or not TOML that is read here.
  struct SyntaxError: Error {
    var place: TOMLPositions.Place
    var reason: String
  }

  /// Parses a whole text.
  ///
  /// - Parameter bytes: Valid UTF-8 without NUL.
  /// - Throws: `SyntaxError`.
  static func parse(_ bytes: [UInt8]) throws -> TOMLNode {
    let positions = TOMLPositions(bytes)
    if let refusal = positions.refusal { throw SyntaxError(place: refusal.place, reason: refusal.reason) }
    do {
      let table = try TOMLTable(string: String(decoding: bytes, as: UTF8.self))
      return node(table, at: positions.root, or: positions.root.place)
    } catch let error as TOMLParseError {
      let place = TOMLPositions.Place(line: error.source.begin.line, column: error.source.begin.column)
      throw SyntaxError(place: place, reason: error.description)
    }
  }

  private static func node(
    _ table: TOMLTable, at position: TOMLPositions.Node?, or place: TOMLPositions.Place
  ) -> TOMLNode {
    let place = position?.place ?? place
    var members: [String: TOMLNode] = [:]
    for key in table.keys {
      guard let value = table[key] else { continue }
      members[key] = node(value, at: position?.members[key], or: place)
    }
    return TOMLNode(content: .table(members), place: place)
  }

  private static func node(
    _ value: any TOMLValueConvertible, at position: TOMLPositions.Node?, or place: TOMLPositions.Place
  ) -> TOMLNode {
    let place = position?.place ?? place
    if let table = value.table { return node(table, at: position, or: place) }
    if let array = value.array {
      let positions = position?.elements ?? []
      let elements = (0..<array.count).map { index in
        node(array[index], at: index < positions.count ? positions[index] : nil, or: place)
      }
      return TOMLNode(content: .array(elements), place: place)
    }
    if let text = value.string { return TOMLNode(content: .string(text), place: place) }
    if let number = value.int { return TOMLNode(content: .integer(number), place: place) }
    if let isTrue = value.bool { return TOMLNode(content: .boolean(isTrue), place: place) }
    return TOMLNode(content: .other(value.type.description), place: place)
  }
}
