import DurableIO
import NoteModel
import Testing

@testable import Report

struct DocumentTests {
  @Test(arguments: Golden.readable)
  func `a golden document is read, and written again with every member that is known`(name: String) throws {
    let document = try Golden.document(name)
    let written = try JSONReader.parse(try document.json())
    let schema = ReportSchema.document
    #expect(SchemaChecker().problems(written, schema).isEmpty)
    #expect(SchemaChecker().problems(try Golden.json(name), schema).isEmpty)
    #expect(try ReportDocument(json: try document.json()) == document)
    if ![Golden.unknownMembers, Golden.former[0], Golden.former[1]].contains(name) {
      #expect(try paths(written) == paths(Golden.json(name)))
    }
  }

  @Test func `the model has exactly the members of the schema`() throws {
    // Together these documents have every member at least once, so what it writes is what the model has.
    let documents = try [Golden.full, Golden.cutover].map { try JSONReader.parse(try Golden.document($0).json()) }
    let written = Set(try documents.flatMap { try paths($0).map(\.pattern) })
    let listed = schemaPaths(ReportSchema.root)
    #expect(written.subtracting(listed).isEmpty, "the schema lacks them")
    #expect(listed.subtracting(written).isEmpty, "the golden document lacks them")
  }

  @Test func `a document of another major version is refused with a code`() throws {
    let error = #expect(throws: MigrationError.self) { try Golden.document(Golden.nextMajor) }
    #expect(error?.code == .reportVersion)
  }

  @Test(arguments: [
    "", "null", "[]", "{}", "{\"schema_version\":1}", "{\"schema_version\":\"1.0\"}",
    "{\"schema_version\":\"1.0\",\"run\":{\"id\":1}}",
    "{\"schema_version\":\"1.0\",\"run\":{\"id\":\"r\",\"tool_version\":\"0\",\"command\":\"c\",\"started_at\":\"t\",\"wall_ms\":9007199254740993}}",
    "{\"schema_version\":\"1.0\",\"run\":[]}",
    "{\"schema_version\":\"1.0\",\"run\":{\"id\":\"r\",\"tool_version\":\"0\",\"command\":\"c\",\"started_at\":\"t\"},\"phases\":3}",
  ])
  func `what is no report is refused with a code`(text: String) {
    let error = #expect(throws: MigrationError.self) { try ReportDocument(json: Array(text.utf8)) }
    #expect(error?.code == .reportInvalid)
    #expect(error?.cause.isEmpty == false && error?.next.isEmpty == false)
  }

  @Test func `every cut of a document is refused and crashes nothing`() throws {
    let bytes = try Golden.bytes(Golden.full)
    for end in stride(from: 0, to: bytes.count - 2, by: 97) {
      #expect(throws: MigrationError.self) { try ReportDocument(json: Array(bytes[..<end])) }
    }
  }

  @Test func `absent stays absent and is never written as null or 0`() throws {
    let document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "c", startedAt: "t"))
    let value = try JSONReader.parse(try document.json())
    guard case .object(let members) = value else { return #expect(Bool(false)) }
    #expect(members.map(\.name) == ["schema_version", "run"])
  }

  @Test func `a number that is not finite is refused and not written`() {
    var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "c", startedAt: "t"))
    document.deltas = DeltaRecord()
    document.deltas?.changedItemsPerS = .infinity
    #expect(throws: MigrationError.self) { try document.json() }
  }

  // MARK: - Paths

  private struct Path: Hashable { var pattern: String }

  private func paths(_ value: JSONValue, _ prefix: String = "") throws -> Set<Path> {
    var found: Set<Path> = []
    switch value {
    case .object(let members):
      for member in members {
        found.insert(Path(pattern: prefix + "/" + member.name))
        found.formUnion(try paths(member.value, prefix + "/" + member.name))
      }
    case .array(let elements): for element in elements { found.formUnion(try paths(element, prefix + "[]")) }
    default: break
    }
    return found
  }

  private func schemaPaths(_ shape: Shape, _ prefix: String = "") -> Set<String> {
    switch shape {
    case .object(let members):
      Set(members.map { prefix + "/" + $0.name }).union(
        members.flatMap { schemaPaths($0.shape, prefix + "/" + $0.name) })
    case .array(let element): schemaPaths(element, prefix + "[]")
    default: []
    }
  }
}

struct LossLedgerTests {
  @Test func `a ledger keeps the worst entries and counts all of them`() {
    var ledger = LossLedger(limit: 10)
    for index in 0..<50 {
      ledger.add(LedgerEntry(item: "note/\(index)", kind: "note", outcome: .repaired, reason: "text-repaired"))
    }
    for index in 0..<4 {
      ledger.add(LedgerEntry(item: "note/m\(index)", kind: "note", outcome: .missing, reason: "row-unreadable"))
    }
    ledger.add(LedgerEntry(item: "note/q", kind: "note", outcome: .quarantined, reason: "row-set-aside"))
    #expect(ledger.total == 55 && ledger.entries.count == 10 && ledger.unlisted == 45)
    #expect(ledger.entries.prefix(5).map(\.item) == ["note/m0", "note/m1", "note/m2", "note/m3", "note/q"])
    #expect(ledger.entries.dropFirst(5).map(\.item) == (0..<5).map { "note/\($0)" }, "equal ones stay in their order")
    #expect(ledger.reasons.map(\.count) == [50, 4, 1])
  }

  @Test func `a stored text keeps at most 64 bytes and breaks no character`() {
    let text = StoredText(Array(String(repeating: "笔", count: 40).utf8))
    #expect(text.bytes?.count == 63 && text.isCut && text.totalBytes == 120)
    #expect(StoredText([0xED, 0xA0, 0x80]).bytes == [0xED, 0xA0, 0x80])
    #expect(StoredText([UInt8](repeating: 0xFF, count: 100)).bytes?.count == 64)
    #expect(StoredText([]).bytes == [] && !StoredText([]).isCut)
  }

  @Test func `a redacted document holds nothing that people wrote`() throws {
    let document = try Golden.document(Golden.full).redacted()
    let text = String(decoding: try document.json(), as: UTF8.self)
    #expect(!text.contains("\"b64\""))
    #expect(text.contains("note/700"), "ids stay")
  }

  @Test func `a sum that does not fit the source is seen`() {
    #expect(ConservationRecord(kind: "note", source: 10, identical: 8, adapted: 1, missing: 1).isConserved)
    #expect(!ConservationRecord(kind: "note", source: 10, identical: 8, repaired: 1).isConserved)
  }
}
