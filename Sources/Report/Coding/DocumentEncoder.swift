import NoteModel

/// Makes JSON of a document: members in the order of their declaration, absent ones left out.
struct DocumentEncoder {
  static func value(_ document: some Encodable) throws -> JSONValue {
    let node = Node()
    try document.encode(to: NodeEncoder(node: node, codingPath: []))
    return node.value
  }

  /// A value that is being made.
  final class Node {
    private var scalar = JSONValue.null
    private var members: [(name: String, node: Node)]?
    private var elements: [Node]?

    var value: JSONValue {
      if let members { return .object(members.map { .init($0.name, $0.node.value) }) }
      if let elements { return .array(elements.map(\.value)) }
      return scalar
    }

    func set(_ value: JSONValue) { scalar = value }

    func beObject() { members = members ?? [] }

    func beArray() { elements = elements ?? [] }

    func member(_ name: String) -> Node {
      let node = Node()
      members = (members ?? []) + [(name, node)]
      return node
    }

    func element() -> Node {
      let node = Node()
      elements = (elements ?? []) + [node]
      return node
    }

    var count: Int { elements?.count ?? 0 }
  }
}

private struct NodeEncoder: Encoder {
  let node: DocumentEncoder.Node
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.beObject()
    return KeyedEncodingContainer(ObjectEncoding(node: node, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.beArray()
    return ArrayEncoding(node: node, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { ScalarEncoding(node: node, codingPath: codingPath) }
}

private struct ObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: DocumentEncoder.Node
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { node.member(MemberName.of(key)).set(.null) }

  func encode(_ value: some Encodable, forKey key: Key) throws {
    try value.encode(to: NodeEncoder(node: node.member(MemberName.of(key)), codingPath: codingPath + [key]))
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested>
  {
    NodeEncoder(node: node.member(MemberName.of(key)), codingPath: codingPath + [key]).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    NodeEncoder(node: node.member(MemberName.of(key)), codingPath: codingPath + [key]).unkeyedContainer()
  }

  func superEncoder() -> any Encoder { NodeEncoder(node: node.member("super"), codingPath: codingPath) }

  func superEncoder(forKey key: Key) -> any Encoder {
    NodeEncoder(node: node.member(MemberName.of(key)), codingPath: codingPath + [key])
  }
}

private struct ArrayEncoding: UnkeyedEncodingContainer {
  let node: DocumentEncoder.Node
  let codingPath: [any CodingKey]
  var count: Int { node.count }

  private var next: NodeEncoder { NodeEncoder(node: node.element(), codingPath: codingPath + [IndexKey(count)]) }

  func encodeNil() { node.element().set(.null) }

  func encode(_ value: some Encodable) throws { try value.encode(to: next) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    next.container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next.unkeyedContainer() }

  func superEncoder() -> any Encoder { next }
}

private struct ScalarEncoding: SingleValueEncodingContainer {
  let node: DocumentEncoder.Node
  let codingPath: [any CodingKey]

  func encodeNil() { node.set(.null) }
  func encode(_ value: Bool) { node.set(.bool(value)) }
  func encode(_ value: String) { node.set(.text(value)) }
  func encode(_ value: Double) throws {
    guard value.isFinite else {
      throw EncodingError.invalidValue(value, .init(codingPath: codingPath, debugDescription: "not a finite number"))
    }
    node.set(.real(value))
  }
  func encode(_ value: Float) throws { try encode(Double(value)) }
  func encode(_ value: Int) throws { try integer(value) }
  func encode(_ value: Int8) throws { try integer(value) }
  func encode(_ value: Int16) throws { try integer(value) }
  func encode(_ value: Int32) throws { try integer(value) }
  func encode(_ value: Int64) throws { try integer(value) }
  func encode(_ value: UInt) throws { try integer(value) }
  func encode(_ value: UInt8) throws { try integer(value) }
  func encode(_ value: UInt16) throws { try integer(value) }
  func encode(_ value: UInt32) throws { try integer(value) }
  func encode(_ value: UInt64) throws { try integer(value) }
  func encode(_ value: some Encodable) throws { try value.encode(to: NodeEncoder(node: node, codingPath: codingPath)) }

  private func integer(_ value: some BinaryInteger) throws {
    guard let number = Int64(exactly: value) else {
      throw EncodingError.invalidValue(value, .init(codingPath: codingPath, debugDescription: "more than 64 bits"))
    }
    node.set(.integer(number))
  }
}
