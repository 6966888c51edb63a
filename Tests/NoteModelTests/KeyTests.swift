import CSQLite
import NoteModel
import Testing

struct KeyTests {
  private static let edges: [Int64] = [
    0, 1, -1, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1, .max, .max - 1, .max - 512, .min, .min + 1,
  ]

  private static func value(_ numbers: inout SeededNumbers) -> Value {
    switch Int.random(in: 0..<8, using: &numbers) {
    case 0: return .null
    case 1: return .integer(edges.randomElement(using: &numbers)!)
    case 2: return .integer(Int64.random(in: -3...3, using: &numbers))
    case 3: return .real(Double(edges.randomElement(using: &numbers)!))
    case 4:
      return .real(
        [-0.5, 0, 0.5, 1.5, -1.5, 1e300, -1e300, .infinity, .leastNonzeroMagnitude].randomElement(using: &numbers)!)
    case 5, 6:
      return .text(numbers.bytes(Int.random(in: 0...3, using: &numbers), of: [0, 0x20, 0x61, 0x62, 0x7F, 0xC3, 0xFF]))
    default: return .bytes(numbers.bytes(Int.random(in: 0...3, using: &numbers), of: [0, 1, 0x61, 0xFF]))
    }
  }

  @Test func `keys stand in the order in which SQLite sorts them`() throws {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    let keys = (0..<2000).map { _ in Key([Self.value(&numbers), Self.value(&numbers)]) }
    var database: OpaquePointer?
    try #require(sqlite3_open(":memory:", &database) == SQLITE_OK)
    defer { sqlite3_close(database) }
    sqlite3_exec(database, "CREATE TABLE t(a, b)", nil, nil, nil)
    var insert: OpaquePointer?
    try #require(sqlite3_prepare_v2(database, "INSERT INTO t VALUES (?, ?)", -1, &insert, nil) == SQLITE_OK)
    for key in keys {
      for (index, value) in key.values.enumerated() { bind(value, to: insert, at: Int32(index + 1)) }
      try #require(sqlite3_step(insert) == SQLITE_DONE)
      sqlite3_reset(insert)
    }
    sqlite3_finalize(insert)
    var ranks: OpaquePointer?
    let query = "SELECT rowid, dense_rank() OVER (ORDER BY a, b) FROM t ORDER BY a, b, rowid"
    try #require(sqlite3_prepare_v2(database, query, -1, &ranks, nil) == SQLITE_OK)
    defer { sqlite3_finalize(ranks) }
    var last: (key: Key, rank: Int64)?
    var count = 0
    while sqlite3_step(ranks) == SQLITE_ROW {
      let key = keys[Int(sqlite3_column_int64(ranks, 0)) - 1]
      let rank = sqlite3_column_int64(ranks, 1)
      if let last {
        #expect((last.key < key) == (last.rank < rank), "seed \(seed): \(last.key) and \(key)")
        #expect(!(key < last.key), "seed \(seed): \(last.key) and \(key)")
      }
      last = (key, rank)
      count += 1
    }
    #expect(count == keys.count)
  }

  private func bind(_ value: Value, to statement: OpaquePointer?, at index: Int32) {
    // SQLITE_TRANSIENT: SQLite takes a copy.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    switch value {
    case .integer(let number): sqlite3_bind_int64(statement, index, number)
    case .real(let number): sqlite3_bind_double(statement, index, number)
    case .text(let bytes):
      // One byte more, so that an empty text is not taken for null.
      _ = (bytes + [0]).withUnsafeBytes {
        sqlite3_bind_text(
          statement, index, $0.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(bytes.count), copies)
      }
    case .bytes(let bytes):
      _ = (bytes + [0]).withUnsafeBytes {
        sqlite3_bind_blob(statement, index, $0.baseAddress, Int32(bytes.count), copies)
      }
    default: sqlite3_bind_null(statement, index)
    }
  }

  @Test func `a shorter key that begins like a longer one comes first`() {
    #expect(Key([.integer(1)]) < Key([.integer(1), .null]))
    #expect(!(Key([.integer(1), .null]) < Key([.integer(1)])))
  }

  @Test func `a key comes back from its JSON as it was`() throws {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<5000 {
      let key = Key((0..<Int.random(in: 1...3, using: &numbers)).map { _ in Self.value(&numbers) })
      let parsed = try JSONReader.parse(Array(key.description.utf8))
      #expect(Key(json: parsed) == key, "seed \(seed): \(key)")
    }
  }

  /// Keys that try to be another key's file, a path, an option, or too long.
  private static let hostile: [[Value]] = {
    let texts = [
      "", ".", "..", "../../etc/passwd", "/", "a/b", "a\\b", "a\0b", "17", "t17", "n", "~2", "17~2", "17@file", "@file",
      "a,b", "=2e", "A", "=-", "-rf", "con", "a b", "\n", "%41", "💌", String(repeating: "x", count: 300),
      String(repeating: "x", count: 299) + "y", String(repeating: "=", count: 200), String(repeating: "é", count: 200),
    ]
    var keys: [[Value]] = texts.flatMap { text in [[.text(Array(text.utf8))], [.bytes(Array(text.utf8))]] }
    keys += [
      [.integer(17)], [.integer(-17)], [.real(17)], [.null], [.integer(.min)], [.integer(.max)], [.real(-0.0)],
      [.real(0)], [.text([0xFF, 0xFE])], [.text([0x61]), .text([0x62])], [.integer(1), .integer(7)], [.null, .null],
      [.integer(1), .text(Array("7".utf8))], [.text([]), .text([])],
    ]
    return keys
  }()

  @Test func `names of contents are safe and never the same for two keys`() {
    var owners: [String: Key] = [:]
    for values in Self.hostile {
      let key = Key(values)
      let name = key.fileName
      #expect(!name.isEmpty && name.utf8.count <= 120)
      #expect(
        name.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "_=,-".utf8.contains(byte)
        }, "\(name)")
      #expect(owners[name] == nil, "\(name) is the name of \(key) and of \(owners[name]?.description ?? "")")
      owners[name] = key
    }
  }

  @Test func `names of random keys differ where the keys do`() {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    var owners: [String: Key] = [:]
    for _ in 0..<20_000 {
      let text = numbers.bytes(Int.random(in: 0...4, using: &numbers), of: Array("a=2c,t_/".utf8))
      let key = Key([Self.value(&numbers), .text(text)])
      if let owner = owners.updateValue(key, forKey: key.fileName) {
        // -0.0 and 0.0 are equal and have two names; no two unequal keys have one.
        #expect(owner == key, "seed \(seed): \(owner) and \(key)")
      }
    }
  }

  @Test func `what is not a number stands in front of all numbers`() {
    let nan = Key([.real(.nan)])
    for number: Value in [.integer(.min), .integer(0), .integer(.max), .real(-.infinity), .real(0), .real(.infinity)] {
      #expect(nan < Key([number]))
      #expect(!(Key([number]) < nan))
    }
    #expect(!(nan < nan) && Key([.null]) < nan && nan < Key([.text([])]))
  }
}
