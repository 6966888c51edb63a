import DurableIO
import Foundation
import NoteModel
import NoteStore
import Testing

@testable import SQLiteStore

struct FileTests {
  let scratch: Scratch
  let path: String
  let product: Product
  init() throws {
    scratch = try Scratch()
    path = scratch.file("memos.db")
    product = try Product(path)
    try product.run("PRAGMA journal_mode = wal;" + memoTables)
  }

  private func add(_ id: Int, _ reference: String, _ size: Int = 0) throws {
    try product.run(
      """
      INSERT INTO attachment(id, uid, storage_type, reference, size)
      VALUES (\(id), 'u\(id)', 'LOCAL', '\(reference)', \(size))
      """)
  }

  @Test func `files are read, and those that cannot be are told with their state`() throws {
    try scratch.write("assets/small.png", Array("small".utf8))
    try scratch.write("assets/large.png", (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try FileManager.default.createDirectory(
      atPath: scratch.file("assets/dir"), withIntermediateDirectories: false)
    try add(1, "assets/small.png", 5)
    try add(2, "assets/large.png", 2_500_000)
    try add(3, "assets/none.png", 9)
    try add(4, "../outside.png")
    try add(5, "assets/dir")
    try add(6, "assets/small.png", 6)
    try product.run("INSERT INTO attachment(id, uid, reference) VALUES (7, 'u7', 'assets/small.png')")
    let result = try readAll(snapshot(path), "attachment")
    #expect(result.contents.map(\.count) == [5, 2_500_000, 5])
    let file = 11
    #expect(result.rows[2][file] == .missing && result.rows[3][file] == .missing && result.rows[4][file] == .missing)
    #expect(result.rows[6][file] == .null)
    #expect(
      result.findings.map { "\($0.key) \($0.kind.rawValue) \($0.severity.rawValue)" } == [
        "[3] attachment-file-missing loss", "[4] attachment-file-outside loss",
        "[5] attachment-file-unreadable loss", "[6] attachment-size-differs warning",
      ])
  }

  /// Opens the content of one large file, lets `change` happen after the first chunk, and says how it ended.
  private func outcome(_ change: () throws -> Void) throws -> (ContentOutcome, Int, again: Int64) {
    let opened = try snapshot(path)
    let entity = try #require(opened.schema.entity(named: "attachment"))
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try opened.startReading(entity, after: nil)
    _ = try opened.readPage(into: page) { _ in }
    guard case .store(let handle) = page.contents[0].place else { throw CancellationError() }
    let reader = try opened.openContent(handle)
    #expect(reader.byteCount == 3_000_000)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var total = try room.withUnsafeMutableBytes { try reader.read(into: $0) }
    try change()
    while true {
      let count = try room.withUnsafeMutableBytes { try reader.read(into: $0) }
      if count == 0 { break }
      total += count
    }
    let result = try reader.finish()
    return (result, total, try opened.openContent(handle).byteCount)
  }

  @Test func `a large file that grows, shrinks, is replaced or vanishes is told`() throws {
    let original = [UInt8](repeating: 7, count: 3_000_000)
    try add(1, "a.bin", 3_000_000)
    try scratch.write("a.bin", original)
    #expect(try outcome {} == (.settled, 3_000_000, 3_000_000))
    let grown = try outcome { try scratch.write("a.bin", original + original) }
    #expect(grown == (.changed(byteCount: 6_000_000), 3_000_000, 6_000_000))
    try scratch.write("a.bin", original)
    let shrunk = try outcome {
      let handle = try #require(FileHandle(forWritingAtPath: scratch.file("a.bin")))
      try handle.truncate(atOffset: 1_500_000)
    }
    #expect(shrunk == (.changed(byteCount: 1_500_000), 1_500_000, 1_500_000))
    try scratch.write("a.bin", original)
    let replaced = try outcome {
      try scratch.write("b.bin", [UInt8](repeating: 8, count: 3_000_000))
      try FileManager.default.removeItem(atPath: scratch.file("a.bin"))
      try FileManager.default.moveItem(atPath: scratch.file("b.bin"), toPath: scratch.file("a.bin"))
    }
    #expect(replaced.0 == .changed(byteCount: 3_000_000))
    let vanished = try outcome { try FileManager.default.removeItem(atPath: scratch.file("a.bin")) }
    #expect(vanished.0 == .vanished)
  }

  @Test func `a small file that keeps changing is read again and ends in one state`() throws {
    try scratch.write("a.txt", [UInt8](repeating: 1, count: 500_000))
    for id in 1...300 { try add(id, "a.txt", 500_000) }
    let writer = Thread { [path = scratch.file("a.txt")] in
      for round in 0..<400 {
        let bytes = Data(repeating: UInt8(truncatingIfNeeded: round), count: 400_000 + round % 3 * 100_000)
        try? bytes.write(to: URL(fileURLWithPath: path), options: .atomic)
      }
    }
    writer.start()
    let result = try readAll(snapshot(path), "attachment")
    while !writer.isFinished { usleep(1000) }
    #expect(result.rows.count == 300)
    for bytes in result.contents { #expect(Set(bytes).count == 1, "a mixture of two states") }
  }
}

private func == (left: (ContentOutcome, Int, again: Int64), right: (ContentOutcome, Int, Int64)) -> Bool {
  left.0 == right.0 && left.1 == right.1 && left.again == right.2
}
