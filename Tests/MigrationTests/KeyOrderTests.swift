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

  @Test func `rows that SQLite keeps in the order of a collation are not merged with those of another engine`() {
    func isForeign(_ statement: String, engine: String = "sqlite") -> Bool {
      let entity = Entity(name: "t", role: .other, table: "t", columns: [Column(name: "a")], key: [0])
      let definition = StoreSchema.Definition(kind: .table, name: "T", table: "T", statement: statement)
      let schema = StoreSchema(
        engine: engine, profile: "memos", productVersion: "", entities: [entity], definitions: [definition])
      return RowSum.isOrderForeign(entity, in: schema)
    }
    #expect(isForeign("CREATE TABLE T(a TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID"))
    #expect(isForeign("create table T(a text, primary key(a collate \"rtrim\")) strict, without rowid"))
    #expect(!isForeign("CREATE TABLE T(a TEXT COLLATE BINARY PRIMARY KEY) WITHOUT ROWID"))
    #expect(!isForeign("CREATE TABLE T(a TEXT COLLATE NOCASE PRIMARY KEY)"), "rows have their numbers")
    #expect(!isForeign("CREATE TABLE T(a TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID", engine: "postgresql"))
  }
}
