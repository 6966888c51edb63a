import NoteModel
import Testing

@testable import Migration

@Suite struct KeyOrderTests {
  @Test func `keys follow one another by their bytes, or without regard to case`() {
    func key(_ text: String) -> Key { Key([.text(Array(text.utf8))]) }
    #expect(KeyOrder.follows(key("b"), key("B")) && KeyOrder.follows(key("B"), key("a")))
    #expect(KeyOrder.follows(key("a"), key("B")), "as in a binary index")
    #expect(KeyOrder.follows(key("b  "), key("A")))
    #expect(!KeyOrder.follows(key("a"), key("a")) && !KeyOrder.follows(key("a"), key("b")))
    #expect(!KeyOrder.follows(Key([.integer(2)]), Key([.integer(10)])))
    #expect(!KeyOrder.follows(Key([.integer(2)]), Key([.integer(2)])))
  }
}
