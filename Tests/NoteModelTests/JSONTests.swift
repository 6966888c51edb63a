import NoteModel
import Testing

struct JSONTests {
  private static func parse(_ text: String) throws(JSONError) -> JSONValue { try JSONReader.parse(Array(text.utf8)) }

  private static func value(_ numbers: inout SeededNumbers, depth: Int = 0) -> JSONValue {
    switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &numbers) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &numbers))
    case 2:
      return .integer(
        [0, -1, .max, .min, Int64.random(in: -1000...1000, using: &numbers)].randomElement(using: &numbers)!)
    case 3:
      let number = Double(bitPattern: numbers.next())
      return .real(number.isFinite ? number : 0.1)
    case 4, 5: return .string(text(&numbers))
    case 6: return .array((0..<Int.random(in: 0...4, using: &numbers)).map { _ in value(&numbers, depth: depth + 1) })
    default:
      return .object(
        (0..<Int.random(in: 0...4, using: &numbers)).map { index in
          JSONValue.Member("\(index)\"\\\n", value(&numbers, depth: depth + 1))
        })
    }
  }

  private static func text(_ numbers: inout SeededNumbers) -> [UInt8] {
    let scalars: [String] = ["a", "\"", "\\", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "€", "𝄞", "/", "\u{FFFF}", " "]
    return Array(
      (0..<Int.random(in: 0...20, using: &numbers)).map { _ in scalars.randomElement(using: &numbers)! }.joined().utf8)
  }

  @Test func `what was written is read back as it was`() throws {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<5000 {
      let value = Self.value(&numbers)
      #expect(try Self.parse(value.text) == value, "seed \(seed): \(value.text)")
    }
  }

  @Test(
    arguments: [
      ("\"\\u0000\\u00e9\\ud834\\udd1e\\/\\b\\f\"", "\"\\u0000é𝄞/\\u0008\\u000c\""), ("[1 , 2]", "[1,2]"),
      (" { \"a\" : null } ", "{\"a\":null}"), ("-0.0", "-0.0"), ("1e2", "100.0"), ("-9223372036854775808", nil),
      ("9223372036854775807", nil), ("\"\u{7F}\"", "\"\\u007f\""),
    ] as [(String, String?)])
  func `every form of a value means the same`(_ text: String, _ written: String?) throws {
    #expect(try Self.parse(text).text == written ?? text)
  }

  @Test(arguments: [
    "", " ", "{", "[", "\"", "nul", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10",
    "1 2", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "[1}", "'a'",
    "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
    "\"a\nb\"", "\"\t\"", "\"a", "\"\\", "9223372036854775808", "-9223372036854775809", "1e999", "// a\n1", "1//",
    "\u{FEFF}1",
    "\u{0B}1", "\u{0C}1", "1\u{0B}", "1\u{00A0}", "[1]]", "{\"a\":1}}", "\0", "1\0", "-a", "1.5.5", "1e5e5", "--1",
  ])
  func `what RFC 8259 does not allow is refused`(_ text: String) {
    #expect(throws: JSONError.self) { try Self.parse(text) }
  }

  @Test(arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
  func `a string that is not UTF-8 is refused`(_ bytes: [UInt8]) {
    let padding = Array("12345678".utf8)
    for text in [bytes, padding + bytes, bytes + padding] {
      #expect(throws: JSONError.self) { try JSONReader.parse([0x22] + text + [0x22]) }
      #expect(throws: JSONError.self) { try JSONReader.parse([0x22] + text + Array("\\n\"".utf8)) }
    }
  }

  @Test func `depth is bounded`() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try Self.parse(nested(JSONReader.maximumDepth))
    #expect(throws: JSONError.self) { try Self.parse(nested(JSONReader.maximumDepth + 1)) }
    #expect(throws: JSONError.self) { try Self.parse(String(repeating: "[", count: 1_000_000)) }
  }

  @Test func `text that was changed anywhere is read or refused, and never more`() {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<3000 {
      var text = Array(Self.value(&numbers).text.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &numbers) where !text.isEmpty {
        let at = Int.random(in: 0..<text.count, using: &numbers)
        switch Int.random(in: 0..<3, using: &numbers) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &numbers)
        case 1: text.remove(at: at)
        default: text.insert(Array("\"\\{}[],:0e.".utf8).randomElement(using: &numbers)!, at: at)
        }
      }
      // What is accepted must have a form that means the same.
      if let value = try? JSONReader.parse(text) {
        #expect((try? JSONReader.parse(Array(value.text.utf8))) == value, "seed \(seed)")
      }
    }
  }

  @Test func `values of rows have one form each`() throws {
    func written(_ value: Value) -> String { String(Key([value]).description.dropFirst().dropLast()) }
    #expect(written(.real(1)) == "1.0")
    #expect(written(.real(-0.0)) == "-0.0")
    #expect(written(.real(1e21)) == "1e+21")
    #expect(written(.real(.infinity)) == "{\"f64\":\"7ff0000000000000\"}")
    #expect(written(.real(-.infinity)) == "{\"f64\":\"fff0000000000000\"}")
    #expect(written(.text([0xFF])) == "{\"text_b64\":\"/w==\"}")
    #expect(written(.bytes([])) == "{\"b64\":\"\"}")
    #expect(written(.text(Array("a\0b".utf8))) == "\"a\\u0000b\"")
    #expect(try Self.parse("{\"f64\":\"7ff8000000000001\"}").rowValue != nil)
    #expect(try Self.parse("{\"f64\":\"+ff8000000000001\"}").rowValue == nil)
    #expect(try Self.parse("{\"b64\":\"/x==\"}").rowValue == nil)
    #expect(try Self.parse("true").rowValue == nil)
  }
}
