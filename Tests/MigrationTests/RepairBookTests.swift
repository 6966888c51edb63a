import DurableIO
import NoteModel
import NoteRepair
import Testing

@testable import Migration

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct RepairBookTests {
  private static let header = RepairBook.Header(archive: "0197", policy: .policy)
  private static let entity = Entity(
    name: "memo", role: .note, table: "memo",
    columns: [Column(name: "id"), Column(name: "content", isText: true)], key: [0])

  /// A record of the row `key` in page `page`.
  private static func record(_ key: Int64, page number: Int64) throws -> RepairRecord {
    let page = RecordPage(entity: entity, algorithm: .sha256)
    let original = [UInt8]("Grüße \(key)".utf8.flatMap { $0 < 0x80 ? [$0] : $0 == 0xC3 ? [0xC3, 0x83] : [0xC2, $0] })
    page.beginRow()
    page.append(integer: key)
    original.withUnsafeBytes { page.append(text: $0) }
    let value = ValueRepair(row: 0, column: 1, original: original, repair: RepairEngine().repair(original))
    #expect(value.isApplied, "the sample must be one that is repaired")
    return RepairRecord(value, page: number, of: page)
  }

  private static func write(_ path: String, pages: [Int64]) throws {
    let book = RepairBook(path, header: header)
    for (index, page) in pages.enumerated() { try book.append(record(Int64(index), page: page)) }
    try book.synchronize()
  }

  private static func records(_ path: String) throws -> [RepairRecord] {
    let reader = try RepairBookReader(path)
    var found: [RepairRecord] = []
    while let record = try reader.next() { found.append(record) }
    return found
  }

  private func expectDamage(_ path: String, _ cause: String, location: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: MigrationError.self, sourceLocation: location) { try Self.records(path) }
    #expect(error?.code == .repairsDamaged && error?.cause.contains(cause) == true, "\(String(describing: error))")
  }

  @Test func `a record comes back with its original, its plan and its digests`() throws {
    let bench = try Workbench()
    let path = bench.file("book")
    try Self.write(path, pages: [3])
    let (found, expected) = (try #require(try Self.records(path).first), try Self.record(0, page: 3))
    #expect(found.key == Key([.integer(0)]) && found.entity == "memo" && found.column == "content" && found.page == 3)
    #expect(found.original == expected.original && found.plan == expected.plan && found.tier == expected.tier)
    #expect(found.damage == expected.damage && found.margin == expected.margin && !found.damage.isEmpty)
    #expect(found.repaired == Array("Grüße 0".utf8))
    #expect(found.plan.reverse(Array("Grüße 0".utf8)) == found.original)
  }

  @Test func `only its owner may read a repairs file`() throws {
    let bench = try Workbench()
    try Self.write(bench.file("book"), pages: [1])
    var info = stat()
    #expect(stat(bench.file("book"), &info) == 0 && info.st_mode & 0o777 == 0o600)
  }

  @Test func `nothing is written before the first record`() throws {
    let bench = try Workbench()
    let book = try RepairBook.resume(bench.file("book"), header: Self.header, pages: 0)
    try book.synchronize()
    #expect(FileStatus.of(bench.file("book")) == nil)
  }

  @Test func `what was not committed is dropped when the book is taken up, at every length of the file`() throws {
    let bench = try Workbench()
    let path = bench.file("book")
    try Self.write(path, pages: [1, 1, 2, 4])
    let whole = try Workbench.read(path)
    let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    for length in Set(ends.flatMap { [$0 - 1, $0, min($0 + 7, whole.count)] } + [0, 5]).sorted() {
      for pages in [Int64(0), 1, 2, 3, 4] {
        _ = try bench.write(Array(whole[..<length]), to: "book")
        let book = try RepairBook.resume(path, header: Self.header, pages: pages)
        let kept = zip([Int64(1), 1, 2, 4], ends.dropFirst()).prefix { $0.0 <= pages && $0.1 <= length }
        #expect(book.count == Int64(kept.count))
        try book.append(Self.record(9, page: 5))
        try book.synchronize()
        #expect(try Self.records(path).map(\.page) == kept.map(\.0) + [5], "\(length) bytes, \(pages) pages")
      }
    }
  }

  @Test func `the book of another import is not touched`() throws {
    let bench = try Workbench()
    let path = bench.file("book")
    try Self.write(path, pages: [1])
    let before = try Workbench.read(path)
    for other in [RepairBook.Header(archive: "0198", policy: .policy), .init(archive: "0197", policy: .lossless)] {
      let error = #expect(throws: MigrationError.self) { try RepairBook.resume(path, header: other, pages: 9) }
      #expect(error?.code == .repairsExist)
    }
    #expect(try Workbench.read(path) == before)
  }

  @Test func `a damaged repairs file is refused with the line that is wrong`() throws {
    let bench = try Workbench()
    let path = bench.file("book")
    try Self.write(path, pages: [1, 2])
    let whole = String(decoding: try Workbench.read(path), as: UTF8.self)
    func replaced(_ old: String, _ new: String) throws {
      let parts = whole.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
      try #require(parts.count == 2, "nothing to damage: \(old)")
      _ = try bench.write(Array((parts[0] + new + parts[1]).utf8), to: "book")
    }
    try replaced("repairs/1", "repairs/2")
    expectDamage(path, "first line")
    try replaced("\"page\":1", "\"page\":0")
    expectDamage(path, "line 2: page")
    try replaced("\"tier\":\"lossless\"", "\"tier\":\"perfect\"")
    expectDamage(path, "line 2: tier")
    try replaced("\"original\":\"", "\"original\":\"QQ==")
    expectDamage(path, "line 2: original")
    try replaced("\"original\":\"R", "\"original\":\"S")
    expectDamage(path, "line 2: the original is not")
    try replaced("\"plan\":\"", "\"plan\":\"AAAA")
    expectDamage(path, "line 2: plan")
    try replaced("\"bytes\":", "\"bytes\":9")
    expectDamage(path, "line 2: damage")
    _ = try bench.write(Array(whole.utf8.dropLast()), to: "book")
    expectDamage(path, "ends inside line 3")
    _ = try bench.write([], to: "book")
    expectDamage(path, "first line")
  }

  @Test func `every damage and every tier has a name of its own`() {
    for damage in Damage.allCases { #expect(Damage(name: damage.name) == damage) }
    for tier in RepairTier.allCases { #expect(RepairTier(name: tier.name) == tier) }
    #expect(Damage.utf8AsOtherCJK.name == "utf8-as-other-cjk" && Damage.byteOrderMark.name == "byte-order-mark")
  }
}
