import Foundation
import NoteStore
import PostgreSQLClusters
import Testing

@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct JSONFormTests {
  @Test func `JSON in its normal form is what the server makes of it, and what is none the server refuses`() throws {
    let seed =
      ProcessInfo.processInfo.environment["NOTEFERRY_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
    print("JSON in its normal form: seed \(seed)")
    var dice = Dice(state: seed)
    let texts = Self.known + (0..<1_500).map { _ in dice.json(depth: 4) } + (0..<300).map { _ in dice.damaged() }
    let cluster = try PostgreSQLCluster.shared()
    let database = try cluster.makeDatabase()
    var sql = """
      CREATE FUNCTION normal(t text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN RETURN t::jsonb::text; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$;

      """
    for (index, text) in texts.enumerated() {
      let digits = text.utf8.map { String(UInt32($0) + 0x100, radix: 16).dropFirst() }.joined()
      sql +=
        "SELECT '\(index)', coalesce(encode(convert_to(normal(convert_from('\\x\(digits)', 'UTF8')), 'UTF8'), 'hex'), '-');\n"
    }
    let answers = try cluster.primary.sql(sql, database: database)
    #expect(answers.count == texts.count)
    for (text, answer) in zip(texts, answers) {
      let found = Array(text.utf8).withUnsafeBytes { try? NormalJSON.text(of: $0) }
      let expected = answer.split(separator: "|")[1]
      if expected == "-" {
        // A mark stands where the server refuses a code point.
        #expect(found == nil || found?.isSubstitute == true, "\(text)")
      } else {
        let digits = (found?.text ?? []).map { String(UInt32($0) + 0x100, radix: 16).dropFirst() }.joined()
        #expect(digits == expected, "\(text) is \(String(decoding: found?.text ?? [], as: UTF8.self)) here")
      }
    }
  }

  private static let known = [
    "{}", "[]", " [ ] ", "{\"b\":1,\"a\":2,\"aa\":3,\"a\":4}", "0", "-0", "-0.0", "0.00", "1e2", "1E+2", "1.50e1",
    "1.5e-3",
    "-12.30E-1", "100e-2", "0e5", "0.0e1", "00", "01", "1.", ".5", "+1", "1e", "\"\\u0041\\u00e4\\ud83d\\ude00\\/\"",
    "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u001f\\u007f\\b\\f\\n\\r\\t\\\"\\\\\"", "\"a\tb\"", "tru",
    "true ",
    "nul", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "\"\\x\"", "", " ", "\"ä漢🏳️\"", "{\"\":0}", "[[],{},[[]]]", "1 2",
    "123456789012345678901234567890.1234567890", "{\"ä\":1,\"zz\":2,\"z\":3}",
  ]
}

/// Numbers that look random and come again with the same seed.
private struct Dice {
  var state: UInt64

  mutating func roll(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }

  mutating func blank() -> String { ["", "", " ", "\n", "\t "][roll(5)] }

  mutating func json(depth: Int) -> String {
    let kind = roll(depth > 0 ? 7 : 4)
    switch kind {
    case 0: return ["true", "false", "null"][roll(3)]
    case 1, 2: return number()
    case 3: return string()
    case 4:
      var parts: [String] = []
      for _ in 0..<roll(4) { parts.append(blank() + json(depth: depth - 1) + blank()) }
      return "[" + parts.joined(separator: ",") + "]"
    default:
      var parts: [String] = []
      for _ in 0..<roll(5) { parts.append(blank() + string() + blank() + ":" + blank() + json(depth: depth - 1)) }
      return "{" + parts.joined(separator: ",") + blank() + "}"
    }
  }

  mutating func number() -> String {
    var text = ["", "-"][roll(2)] + ["0", "7", "10", "120045"][roll(4)]
    if roll(2) == 0 { text += "." + ["0", "5", "00", "120", "003"][roll(5)] }
    if roll(3) == 0 { text += ["e", "E"][roll(2)] + ["", "+", "-"][roll(3)] + String(roll(30)) }
    return text
  }

  mutating func string() -> String {
    var text = "\""
    for _ in 0..<roll(5) {
      text +=
        ["a", "b", "z", "ä", "漢", "\\n", "\\u00e9", "\\u0007", "\\ud83d\\ude00", "\\/", "\\\\", "\u{7F}"][roll(12)]
    }
    return text + "\""
  }

  mutating func damaged() -> String {
    var scalars = Array(json(depth: 3).unicodeScalars)
    if scalars.isEmpty { return "" }
    let odd = Array("{}[]\":,0e.-\\u ".unicodeScalars)
    scalars[roll(scalars.count)] = odd[roll(odd.count)]
    return String(String.UnicodeScalarView(scalars))
  }
}
