import NoteModel
import Testing

@testable import NoteStore

private func erase(_ path: String, _ text: String) -> String { erase(path, Array(text.utf8)) }

private func erase(_ path: String, _ text: [UInt8]) -> String {
  let buffer = GrowingBuffer(capacity: 16)
  switch text.withUnsafeBytes({ JSONMemberEraser(path: path).erase(in: $0, to: buffer) }) {
  case .absent: return buffer.count == 0 ? "(absent)" : "(copied)"
  case .unreadable: return buffer.count == 0 ? "(unreadable)" : "(copied)"
  case .erased: return String(decoding: buffer.bytes, as: UTF8.self)
  }
}

@Suite struct JSONMemberEraserTests {
  @Test func `one member is emptied and every other byte stays`() {
    #expect(
      erase("secretKey", #" { "schemaVersion":"0.31.3" ,"secretKey" : "s\"x" , "n":1e-7}  "#)
        == #" { "schemaVersion":"0.31.3" ,"secretKey" : "" , "n":1e-7}  "#)
    #expect(
      erase("s3Config.secret", #"{"secret":"a","s3Config":{"secret":"b"}}"#)
        == #"{"secret":"a","s3Config":{"secret":""}}"#)
    #expect(erase("a", #"{"a":{"b":[1,{"a":2}]},"c":3}"#) == #"{"a":"","c":3}"#)
  }

  @Test func `arrays on the way stand for each element, and ** for any depth`() {
    #expect(erase("l.k", #"{"l":[{"k":1},{"x":2},[{"k":3}]]}"#) == #"{"l":[{"k":""},{"x":2},[{"k":""}]]}"#)
    #expect(
      erase("**.k", #"{"k":1,"l":[{"m":{"k":2}}],"n":{"k":{"k":3}}}"#) == #"{"k":"","l":[{"m":{"k":""}}],"n":{"k":""}}"#
    )
    #expect(erase("**.a.k", #"{"a":{"a":{"k":1},"k":2},"k":3}"#) == #"{"a":{"a":{"k":""},"k":""},"k":3}"#)
  }

  @Test func `a name written with escapes or twice does not save the value`() {
    #expect(
      erase("key", #"{"\u006bey":1,"key":2,"k\u0065\u0079":3}"#) == #"{"\u006bey":"","key":"","k\u0065\u0079":""}"#)
  }

  @Test func `what holds nothing is left alone`() {
    for text in [#"{"a":1}"#, #"{"key":""}"#, #"{"key":null}"#, #"{"x":{"key":1}}"#, "[]", "7", #""key""#, "", "  "] {
      #expect(erase("key", text) == "(absent)", "\(text)")
    }
  }

  @Test func `a text that is not JSON is withheld whole`() {
    for text in [
      #"{"key":"x""#, #"{"key":"x"#, #"{"key" "x"}"#, #"{key:1}"#, "secret", "5ecret", "{",
      #"{"a":1}{"key":2}"#, #"{"key":"\"#,
      String(repeating: "[", count: 100_000), #"{"key":}"#, "\u{0}",
    ] {
      #expect(erase("key", text) == "(unreadable)", "\(text.prefix(30))")
    }
    #expect(erase("key", Array(#"{"key":"x"#.utf8) + [0xFF, 0x22, 0x7D]) == #"{"key":""}"#)
  }
}
