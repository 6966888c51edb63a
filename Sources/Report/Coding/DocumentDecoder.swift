import NoteModel

/// Reads a document from JSON. Members that it does not know are ignored; a member that is null is absent.
struct DocumentDecoder: Decoder {
  let value: JSONValue
  var codingPath: [any CodingKey] = []
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch(type, "an object") }
    return KeyedDecodingContainer(ObjectDecoding(members: members, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = value else { throw mismatch([JSONValue].self, "an array") }
    return ArrayDecoding(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { self }

  fileprivate func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
    .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "\(expected) was expected"))
  }

  fileprivate func scalar<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }
}

extension DocumentDecoder {
  /// The largest number that every reader of JSON keeps exactly (2 to the power of 53). Sums of a few of them fit 64 bits.
  static let largest: UInt64 = 1 << 53
}

extension DocumentDecoder: SingleValueDecodingContainer {
  func decodeNil() -> Bool { value == .null }
  func decode(_ type: Bool.Type) throws -> Bool { try value.bool ?? { throw mismatch(type, "true or false") }() }
  func decode(_ type: String.Type) throws -> String { try value.string ?? { throw mismatch(type, "a string") }() }
  func decode(_ type: Double.Type) throws -> Double {
    switch value {
    case .real(let number) where number.magnitude <= Double(Self.largest): return number
    case .integer(let number) where number.magnitude <= Self.largest: return Double(number)
    default: throw mismatch(type, "a number")
    }
  }
  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try scalar(type) }

  private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard let number = value.integer, number.magnitude <= Self.largest, let result = T(exactly: number) else {
      throw mismatch(type, "a whole number")
    }
    return result
  }
}

private struct ObjectDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: JSONValue]
  let codingPath: [any CodingKey]

  init(members: [JSONValue.Member], codingPath: [any CodingKey]) {
    self.members = Dictionary(members.map { ($0.name, $0.value) }) { first, _ in first }
    self.codingPath = codingPath
  }

  var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { members[MemberName.of(key)] != nil }

  func decodeNil(forKey key: Key) throws -> Bool { members[MemberName.of(key)] ?? .null == .null }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).scalar(type) }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { DocumentDecoder(value: .null, codingPath: codingPath) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

  private func decoder(_ key: Key) throws -> DocumentDecoder {
    guard let value = members[MemberName.of(key)] else {
      throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "it is missing"))
    }
    return DocumentDecoder(value: value, codingPath: codingPath + [key])
  }
}

private struct ArrayDecoding: UnkeyedDecodingContainer {
  let elements: [JSONValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0

  init(elements: [JSONValue], codingPath: [any CodingKey]) {
    self.elements = elements
    self.codingPath = codingPath
  }

  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex == elements.count }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().scalar(type) }

  mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    try next().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try next() }

  private mutating func next() throws -> DocumentDecoder {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        JSONValue.self, .init(codingPath: codingPath, debugDescription: "the array ends here"))
    }
    defer { currentIndex += 1 }
    return DocumentDecoder(value: elements[currentIndex], codingPath: codingPath + [IndexKey(currentIndex)])
  }
}
