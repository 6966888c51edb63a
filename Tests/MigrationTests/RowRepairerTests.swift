import DurableIO
import NoteModel
import NoteRepair
import NoteStore
import Testing

@testable import Migration

@Suite struct RowRepairerTests {
  private static let twice = Array("GrÃ¼ÃŸe aus KÃ¶ln".utf8)

  private static func page(_ columns: [Column], key: [Int] = [0], rows: [[Value]]) -> RecordPage {
    let entity = Entity(name: "memo", role: .note, table: "memo", columns: columns, key: key)
    let page = RecordPage(entity: entity, algorithm: .sha256)
    for row in rows {
      page.beginRow()
      for (column, value) in row.enumerated() {
        switch value {
        case .text(let bytes): bytes.withUnsafeBytes { page.append(text: $0) }
        case .bytes(let bytes): bytes.withUnsafeBytes { page.append(bytes: $0) }
        case .integer(let number): page.append(integer: number)
        case .content(let count, _, let isText):
          page.append(contentOf: count, handle: 0, isText: isText, column: column)
        default: page.appendNull()
        }
      }
    }
    return page
  }

  private static func repairs(
    _ page: RecordPage, _ profile: EntityProfile, _ policy: RepairPolicy = .policy
  ) -> (values: [ValueRepair], long: Int64) {
    let columns = RepairableColumns(page.entity, profile: profile)
    let repairer = RowRepairer(columns: columns, engine: RepairEngine(), policy: policy)
    var values: [ValueRepair] = []
    repairer.repair(page) { values.append($0) }
    return (values, repairer.longValueCount)
  }

  private static let memo = EntityProfile(
    name: "memo", role: .note, tables: ["memo"], key: ["id"], textColumns: ["content"], jsonColumns: ["payload"])
  private static let columns = [Column(name: "id"), Column(name: "content"), Column(name: "payload")]

  @Test func `only damaged values are handed over, with their place`() throws {
    let sound = Value.text(Array("Grüße aus Köln".utf8))
    let rows: [[Value]] = [
      [.integer(1), sound, .null], [.integer(2), .text(Self.twice), .text([])], [.integer(3), .integer(7), sound],
    ]
    let found = Self.repairs(Self.page(Self.columns, rows: rows), Self.memo)
    let value = try #require(found.values.first)
    #expect(found.values.count == 1 && value.row == 1 && value.column == 1 && value.isApplied)
    #expect(value.original == Self.twice && value.repair.text == Array("Grüße aus Köln".utf8))
  }

  @Test func `keys, identities, secrets, references, blobs and unlisted columns are never repaired`() throws {
    var profile = Self.memo
    let names = ["id", "uid", "secret", "path", "data", "kind", "owner", "mime", "when", "other", "content"]
    profile.textColumns = names.filter { $0 != "other" }
    profile.identity = ["uid"]
    profile.secrets = [.init(column: "secret", when: .init(column: "when", values: ["x"]))]
    profile.file = .init(referenceColumn: "path", when: .init(column: "kind", values: ["LOCAL"]))
    profile.contentColumn = "data"
    profile.ownerColumn = "owner"
    profile.mimeColumn = "mime"
    let columns = names.map { Column(name: $0, kind: $0 == "data" ? .content : .plain) }
    let row: [Value] = names.map { $0 == "data" ? .content(byteCount: 9, digest: [], isText: true) : .text(Self.twice) }
    let found = Self.repairs(Self.page(columns, rows: [row]), profile)
    #expect(found.values.map { names[$0.column] } == ["content"])
    #expect(Self.repairs(Self.page(columns, rows: [row.map { _ in .bytes(Self.twice) }]), profile).values.isEmpty)
  }

  @Test func `of the built-in products no key, identity or reference may be repaired, and names of files may`() throws {
    for profile in Profile.builtIn {
      for part in profile.entities {
        let names = part.textColumns + part.jsonColumns + part.key + part.identity + [part.file?.referenceColumn ?? "x"]
        let entity = Entity(
          name: part.name, role: part.role, table: part.name, columns: Set(names).sorted().map { Column(name: $0) },
          key: [0])
        let columns = RepairableColumns(entity, profile: part)
        let repaired = entity.columns.indices.filter { columns.kinds[$0] != nil }.map { entity.columns[$0].name }
        #expect(Set(repaired).isDisjoint(with: part.key + part.identity + part.secrets.map(\.column)))
        if let name = part.nameColumn, let index = entity.index(of: name), index > 0 {
          #expect(columns.kinds[index] == .name)
        }
      }
    }
  }

  @Test func `texts that stand outside of their row are left to others, and the longest are counted`() {
    let long = Value.content(byteCount: Int64(RecordPage.inlineLimit) + 1, digest: [], isText: true)
    let longest = Value.content(byteCount: LongText.limit + 1, digest: [], isText: true)
    let found = Self.repairs(Self.page(Self.columns, rows: [[.integer(1), long, longest]]), Self.memo)
    #expect(found.values.isEmpty && found.long == 1)
  }

  @Test func `a row whose text outgrows it has the digest that a store gives it`() throws {
    let short = Self.page(Self.columns, rows: [[.integer(1), .text(Self.twice), .text([0x7B, 0x7D])]])
    let long = [UInt8](repeating: 0x61, count: RecordPage.inlineLimit + 1)
    let rows = RepairedRows(entity: short.entity, algorithm: .sha256)
    rows.append(row: 0, of: short, texts: [(1, .text(long))])
    let stored = Self.page(
      Self.columns,
      rows: [[.integer(1), .content(byteCount: Int64(long.count), digest: [], isText: true), .text([0x7B, 0x7D])]])
    long.withUnsafeBytes { Digest.checksum(.sha256, $0) }.bytes.withUnsafeBytes { stored.setDigest($0, ofContent: 0) }
    var found: [UInt8] = []
    rows.withDigest(ofRow: 0) { found = Array($0) }
    #expect(found == Digest.checksum(.sha256, stored.row(0)).bytes)
  }

  @Test func `JSON stays JSON`() throws {
    let json = Array("{\"title\":\"".utf8) + Self.twice + Array("\"}".utf8)
    let found = Self.repairs(Self.page(Self.columns, rows: [[.integer(1), .null, .text(json)]]), Self.memo)
    let value = try #require(found.values.first)
    #expect(value.isApplied && String(decoding: value.repair.text, as: UTF8.self) == "{\"title\":\"Grüße aus Köln\"}")
  }

  @Test func `each policy applies its tiers and those before`() {
    let tiers: [RepairTier] = [.lossless, .policy, .inferred, .unrecoverable]
    let applied = RepairPolicy.allCases.map { policy in tiers.filter { policy.applies($0) } }
    #expect(applied == [[], [.lossless], [.lossless, .policy], [.lossless, .policy, .inferred]])
    let rows: [[Value]] = [[.integer(1), .text(Self.twice), .null]]
    #expect(Self.repairs(Self.page(Self.columns, rows: rows), Self.memo, .none).values.first?.refusal == .policy)
  }
}
