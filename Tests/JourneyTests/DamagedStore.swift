import DurableIO
import NoteModel

/// A Memos store with sound notes and some that are damaged in every way the tests ask about, and what becomes of them.
struct DamagedStore {
  /// A damaged note, the same repaired, and how sure that is.
  struct Damaged {
    var stored: [UInt8]
    var repaired: [UInt8]
    var tier: String
    /// As `repair scan` calls it.
    var kind: String
  }

  static let lossless = [
    // 会议纪要：请大家准时参加明天上午的会议，谢谢 in GBK.
    Damaged(
      stored: [
        0xBB, 0xE1, 0xD2, 0xE9, 0xBC, 0xCD, 0xD2, 0xAA, 0xA3, 0xBA, 0xC7, 0xEB, 0xB4, 0xF3, 0xBC, 0xD2, 0xD7, 0xBC,
        0xCA,
        0xB1, 0xB2, 0xCE, 0xBC, 0xD3, 0xC3, 0xF7, 0xCC, 0xEC, 0xC9, 0xCF, 0xCE, 0xE7, 0xB5, 0xC4, 0xBB, 0xE1, 0xD2,
        0xE9,
        0xA3, 0xAC, 0xD0, 0xBB, 0xD0, 0xBB,
      ], repaired: Array("会议纪要：请大家准时参加明天上午的会议，谢谢".utf8), tier: "lossless", kind: "legacy-bytes"),
    Damaged(
      stored: twice("Grüße aus München, schöne Straße"), repaired: Array("Grüße aus München, schöne Straße".utf8),
      tier: "lossless", kind: "double-encoded"),
    Damaged(
      stored: twice("Les élèves étaient là, à côté du château"),
      repaired: Array("Les élèves étaient là, à côté du château".utf8), tier: "lossless", kind: "double-encoded"),
  ]
  static let byRule = [
    Damaged(
      stored: Array("ends with zeros\0\0".utf8), repaired: Array("ends with zeros".utf8), tier: "policy", kind: "nul"),
    Damaged(
      stored: Array("\u{FEFF}begins with a mark".utf8), repaired: Array("begins with a mark".utf8), tier: "policy",
      kind: "byte-order-mark"),
  ]
  static let lost = [
    Damaged(stored: Array("锟斤拷锟斤拷锟斤拷".utf8), repaired: [], tier: "unrecoverable", kind: "replaced-twice"),
    Damaged(
      stored: Array("gone: \u{FFFD}\u{FFFD}\u{FFFD}".utf8), repaired: [], tier: "unrecoverable", kind: "replaced"),
  ]

  /// UTF-8 that was read as Latin-1 and written as UTF-8.
  static func twice(_ text: String) -> [UInt8] {
    text.utf8.flatMap { $0 < 0x80 ? [$0] : [0xC0 | $0 >> 6, 0x80 | $0 & 0x3F] }
  }

  let path: String
  let store: MemosStore
  var database: Database { store.database }

  /// The keys of the damaged notes, in the order of `lossless`, `byRule`, `lost`.
  private(set) var keys: [Int64] = []
  static var all: [Damaged] { lossless + byRule + lost }

  init(_ path: String, walMode: Bool = true) throws {
    self.path = path
    store = try MemosStore(path, notes: 20, walMode: walMode)
    for damaged in Self.all { keys.append(try add(damaged.stored)) }
  }

  @discardableResult
  func add(_ content: [UInt8]) throws -> Int64 {
    let key = try store.addNote("")
    try database.run("UPDATE memo SET content = ? WHERE id = ?", .text(content), .integer(key))
    return key
  }

  /// Closes the store, as a server that is stopped.
  func close() { database.close() }

  /// The bytes of a note in a store.
  static func content(_ key: Int64, in path: String) throws -> [UInt8]? {
    let rows = try Database(path, readOnly: true).rows("SELECT content FROM memo WHERE id = \(key)")
    guard case .text(let bytes)? = rows.first?.first else { return nil }
    return bytes
  }

  /// Every row of every table, as lines.
  static func dump(_ path: String) throws -> [String] {
    let database = try Database(path, readOnly: true)
    return try database.tables().flatMap { table in try database.dump(table).map { table + "|" + $0 } }
  }

  /// What lies beside a store, without SQLite's own files.
  static func neighbours(of path: String) throws -> [String] {
    let name = Folder.lastComponent(of: path)
    return try Folder.names(in: Folder.parent(of: path)).filter {
      $0.hasPrefix(name + ".")
    }
  }
}
