import NoteModel
import Testing

@testable import Corpus

/// What the corpus says that a server holds.
@Suite struct HeldValueTests {
  private func held(_ kind: HeldColumn.Kind, _ value: Value, isNotNull: Bool = false) -> HeldValue {
    HeldColumn(kind: kind, isNotNull: isNotNull).held(value)
  }

  private func text(_ words: String) -> Value { .text(Array(words.utf8)) }

  @Test func `a number that is too large becomes null, or 0 where null is not allowed`() {
    #expect(held(.whole(bits: 32), .integer(2_147_483_647)).outcome == .held)
    let large = held(.whole(bits: 32), .integer(2_147_483_648))
    #expect(large.outcome == .replaced && large.value == .null)
    #expect(held(.whole(bits: 32), .integer(2_147_483_648), isNotNull: true).value == .integer(0))
  }

  @Test func `what converts without loss is converted`() {
    #expect(held(.whole(bits: 64), text("12")).value == .integer(12))
    #expect(held(.whole(bits: 64), text("012")).outcome == .replaced)
    #expect(held(.boolean, text("TRUE")).value == .integer(1))
    #expect(held(.boolean, .integer(2), isNotNull: true).value == .integer(1))
    #expect(held(.decimal, .integer(-7)).value == text("-7"))
    #expect(held(.decimal, text("7-")).outcome == .replaced)
    #expect(held(.bytes, text("ab")).value == .bytes([0x61, 0x62]))
  }

  @Test func `a text gets a mark for each NUL and each byte that is no UTF-8`() {
    let marked = held(.text, .text([0x61, 0, 0xE9, 0xF0, 0x9F, 0x98, 0x80, 0xC3]))
    #expect(marked.outcome == .marked)
    #expect(marked.value == text("a\u{2400}\u{FFFD}\u{1F600}\u{FFFD}"))
    #expect(held(.text, .bytes([0xFF])).outcome == .replaced)
  }

  @Test(arguments: [
    (#"{"b":1,"a":[1.50, 1e2]}"#, #"{ "a" : [1.5,100], "b":2, "b":1.0 }"#), (#""\u00e9\/""#, "\"\u{E9}/\""),
    ("-0", "0"), (#""😀""#, "\"\u{1F600}\""),
  ])
  func `JSON texts of one meaning are equal`(_ one: String, _ other: String) {
    #expect(PlainJSON(Array(one.utf8))?.text == PlainJSON(Array(other.utf8))?.text)
    #expect(PlainJSON(Array(one.utf8)) != nil)
  }

  @Test(arguments: ["", "{", "[1,]", "01", "1.", "nul", "\"\t\"", #""\x""#, "1 2", "1e301", "{1:2}", "\u{FEFF}1"])
  func `what is no JSON is not taken`(_ words: String) {
    #expect(PlainJSON(Array(words.utf8)) == nil)
  }

  @Test func `an escaped NUL and half a pair get marks`() {
    for words in [#""\u0000""#, #""\ud800""#, #""\udc00x""#] { #expect(PlainJSON(Array(words.utf8))?.hasMarks == true) }
    #expect(held(.json, text("no json")).value == text("\"no json\""))
  }

  @Test func `marks tell their bytes where texts must stay apart, and a file's name is one that a disk takes`() {
    var column = HeldColumn(kind: .text, isNotNull: false)
    column.isUnique = true
    #expect(column.held(.text([0x6A, 0xE9])).value == text("j\u{FFFD}e9"))
    column.isPath = true
    let name = [UInt8](repeating: 0xE9, count: 240)
    guard case .text(let path) = column.held(.text(Array("assets/".utf8) + name)).value else { return }
    #expect(path.count == 7 + 255 && path.starts(with: Array("assets/\u{FFFD}e9".utf8)))
    #expect(column.held(.text(path)).outcome == .held)
  }

  @Test func `the database's name takes the place of the server's`() {
    let database = ServerDatabase(server: "postgresql://me@host:1/postgres?sslmode=require", index: 3)
    #expect(database.url(data: "/d") == "postgresql://me@host:1/\(database.name)?sslmode=require&data=/d")
    let plain = ServerDatabase(server: "postgres://host", index: 1)
    #expect(plain.url(data: "/d") == "postgres://host/\(plain.name)?data=/d")
  }
}
