import DurableIO
import NoteModel

/// What came back.
public struct ReturnResult: Sendable, Hashable {
  /// By entity, in the order of the archive.
  public struct Account: Sendable, Hashable {
    public var entity: String
    public var inserted: Int64 = 0
    public var changed: Int64 = 0
    public var deleted: Int64 = 0
    /// Rows of the source that nobody wrote to; they are as they were.
    public var unchanged: Int64 = 0
  }

  public var accounts: [Account]
  /// Changed rows with texts that the import had repaired: they came back with the repaired texts, whose stored bytes are
  /// in the repairs file.
  public var repairedRows: Int64 = 0
  /// The segment with everything that came back; `nil` where users had changed nothing.
  public var segment: String?
  /// One JSON line for each row that came back; `nil` where none did.
  public var ledgerPath: String?

  public var inserted: Int64 { accounts.reduce(0) { $0 + $1.inserted } }
  public var changed: Int64 { accounts.reduce(0) { $0 + $1.changed } }
  public var deleted: Int64 { accounts.reduce(0) { $0 + $1.deleted } }
  public var isEmpty: Bool { inserted + changed + deleted == 0 }

  // MARK: - On disk

  /// What has come back, and what shall.
  static func path(in folder: String) -> String { folder + "/returned.json" }
  static func intention(in folder: String) -> String { folder + "/returning.json" }

  func write(_ path: String) throws {
    let json = JSONValue.object([
      .init(
        "accounts",
        .array(
          accounts.map {
            .object([
              .init("entity", .text($0.entity)), .init("inserted", .integer($0.inserted)),
              .init("changed", .integer($0.changed)), .init("deleted", .integer($0.deleted)),
              .init("unchanged", .integer($0.unchanged)),
            ])
          })), .init("repaired_rows", .integer(repairedRows)), .init("segment", segment.map { .text($0) } ?? .null),
      .init("ledger", ledgerPath.map { .text($0) } ?? .null),
    ])
    try Array((json.text + "\n").utf8).withUnsafeBytes { try Folder.replace(path, with: $0) }
  }

  static func read(_ path: String) throws -> ReturnResult? { try ReturnMemory.json(path).flatMap { ReturnResult($0) } }

  init(accounts: [Account]) { self.accounts = accounts }

  private init?(_ json: JSONValue) {
    guard let accounts = json["accounts"]?.array, let repaired = json["repaired_rows"]?.integer else { return nil }
    self.accounts = accounts.compactMap { json in
      guard let entity = json["entity"]?.string else { return nil }
      return Account(
        entity: entity, inserted: json["inserted"]?.integer ?? 0, changed: json["changed"]?.integer ?? 0,
        deleted: json["deleted"]?.integer ?? 0, unchanged: json["unchanged"]?.integer ?? 0)
    }
    repairedRows = repaired
    segment = json["segment"]?.string
    ledgerPath = json["ledger"]?.string
  }
}

/// Writes down which rows come back, and which of them have texts that the import had repaired.
///
/// No text of a note is in it. Memory: the keys of changed rows, at most `limit` of them; of those behind it the line
/// does not say what was repaired.
struct ReturnLedger {
  static let limit = 200_000
  let path: String
  let entities: [Entity]

  /// - Parameter books: The repairs files of the target, those that there are.
  /// - Returns: How many rows have repaired texts.
  func write(_ changes: ReturnScan.Changes, gone: KeySpool, books: [String]) throws -> Int64 {
    let repaired = try repairedColumns(changes, books)
    let file = try File.write(path, truncate: true)
    let lines = GrowingBuffer(capacity: 64 << 10)
    var count: Int64 = 0
    func line(_ entity: Entity, _ key: Key, _ change: String, _ columns: [String]) throws {
      if !columns.isEmpty { count += 1 }
      var members: [JSONValue.Member] = [
        .init("entity", .text(entity.name)), .init("key", .text(key.description)), .init("change", .text(change)),
      ]
      if !columns.isEmpty { members.append(.init("repaired", .array(columns.map { .text($0) }))) }
      lines.append(text: JSONValue.object(members).text + "\n")
      guard lines.count >= 64 << 10 else { return }
      try file.write(lines.bytes)
      lines.removeAll()
    }
    for (index, entity) in entities.enumerated() {
      var deleted = gone.cursor(of: index)
      while let key = try deleted.next() { try line(entity, key, "deleted", []) }
      var new = changes.new.cursor(of: index)
      var nextNew = try new.next()
      var carried = changes.carried.cursor(of: index)
      while let key = try carried.next() {
        let isNew = key == nextNew
        if isNew { nextNew = try new.next() }
        try line(entity, key, isNew ? "new" : "changed", repaired[entity.name]?[key]?.sorted() ?? [])
      }
    }
    try file.write(lines.bytes)
    try file.synchronize()
    return count
  }

  private func repairedColumns(_ changes: ReturnScan.Changes, _ books: [String]) throws -> [String: [Key: Set<String>]]
  {
    guard !books.isEmpty else { return [:] }
    var known: [String: [Key: Set<String>]] = [:]
    var count = 0
    for (index, entity) in entities.enumerated() {
      var cursor = changes.carried.cursor(of: index)
      while count < Self.limit, let key = try cursor.next() {
        known[entity.name, default: [:]][key] = []
        count += 1
      }
    }
    for book in books {
      let reader = try RepairBookReader(book)
      while let record = try reader.next() { known[record.entity]?[record.key]?.insert(record.column) }
    }
    return known
  }
}
