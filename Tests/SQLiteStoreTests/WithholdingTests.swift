import NoteModel
import Testing

@testable import SQLiteStore

struct WithholdingTests {
  private func edited(_ text: String, _ member: String = "k") -> String {
    Array(text.utf8).withUnsafeBytes { bytes in
      switch withholding(member: member, in: bytes) {
      case .nothing: return "nothing"
      case .unreadable: return "unreadable"
      case .replace(let range):
        return String(decoding: bytes[..<range.lowerBound], as: UTF8.self) + "\"\""
          + String(decoding: bytes[range.upperBound...], as: UTF8.self)
      }
    }
  }

  @Test(arguments: [
    (" { \"a\" : 1 ,\n \"k\" : \"x\\\"y\" , \"b\": [1, 2] } ", " { \"a\" : 1 ,\n \"k\" : \"\" , \"b\": [1, 2] } "),
    ("{\"k\":{\"deep\":[1,{\"k\":2}]},\"z\":1.50}", "{\"k\":\"\",\"z\":1.50}"),
    ("{\"k\":null}", "{\"k\":\"\"}"), ("{\"\\u006b\":true}", "{\"\\u006b\":\"\"}"),
    ("{\"a\":{\"k\":1}}", "nothing"), ("{\"k\":\"\"}", "nothing"), ("{}", "nothing"),
  ])
  func `only the member's value is replaced`(_ text: String, _ expected: String) {
    #expect(edited(text) == expected)
  }

  @Test(arguments: ["", "[1]", "{\"k\":1", "{\"k\":1,\"k\":2}", "{\"k\":1} x", "secret", "{\"a\":\"\u{1}\",\"k\":1}"])
  func `a text that cannot be read without doubt is withheld as a whole`(_ text: String) {
    #expect(edited(text) == "unreadable")
  }
}
