import DurableIO
import Migration
import NoteModel
import Report
import Testing

@testable import NoteFerryCommands

/// What rehearsals and cutovers put into their documents.
struct ReportPartsTests {
  /// Two repairs as an import writes them: a text of Windows-1252, and UTF-8 that was encoded twice.
  private static let book = """
    {"schema":"noteferry.repairs/1","archive":"732907e04035ca5d356099d9f13cd9e8","policy":"policy"}
    {"page":3,"entity":"memo","key":[250],"column":"content","tier":"lossless","damage":[{"kind":"legacy-bytes","offset":0,"bytes":4}],"margin":23.2,"plan":"TlIBAQECAhAEBQAI","original_sha256":"95c30f789c33d4595884a35e7566340a81f186261f36eb0afb4d5ff7382eb029","repaired_sha256":"7c413039fbb2248e2b18b98e7a8d4d85bdcac7cd79b9477a0923f97e3a1f2b50","original":"Y2Fm6SBhdSBsYWl0"}
    {"page":3,"entity":"memo","key":[500],"column":"content","tier":"lossless","damage":[{"kind":"double-encoded","offset":0,"bytes":22}],"margin":66.4,"plan":"TlIBAQEBBAAQABYS","original_sha256":"bfde5e0146266beb337d921999e41bb5c5a373a086dee3ed05114d2787da97d4","repaired_sha256":"ffee237a35864d625633d63926246f55e08d94d282b456ced2f3ce926089d565","original":"w4PCvGJlciBkZW4gV8ODwqRsZGVybg=="}

    """

  private func write(_ text: String, _ path: String) throws {
    try Array(text.utf8).withUnsafeBytes { try Folder.replace(path, with: $0) }
  }

  @Test func `encodings are named by the way that a text took, with samples before and after`() throws {
    try withTemporaryDirectory { folder in
      try write(Self.book, folder + "/repairs")
      let texts = try #require(RepairedTexts(folder + "/repairs"))
      #expect(Set(texts.encodings.map(\.encoding)) == ["windows-1252", "utf-8 → windows-1252 → utf-8"])
      #expect(texts.encodings.allSatisfy { $0.items == 1 && $0.repaired == 1 && $0.rule == "lossless" })
      let place = try #require(texts.place("memo", "[250]", "content"))
      #expect(place.before.bytes == Array("caf".utf8) + [0xE9] + Array(" au lait".utf8))
      #expect(place.after?.bytes == Array("café au lait".utf8))
    }
  }

  @Test func `without a repairs file nothing was repaired, and a damaged one says nothing`() throws {
    try withTemporaryDirectory { folder in
      #expect(RepairedTexts(folder + "/none")?.encodings.isEmpty == true)
      try write(Self.book.replacing("\"page\":3,\"entity\"", with: "\"page\":3,\"entity"), folder + "/damaged")
      #expect(RepairedTexts(folder + "/damaged") == nil)
    }
  }

  @Test func `a ledger has each item once, with its text, its meaning in both languages and the file's digest`() throws
  {
    try withTemporaryDirectory { folder in
      try write(Self.book, folder + "/repairs")
      let line =
        "{\"entity\":\"memo\",\"key\":\"[250]\",\"outcome\":\"repaired\",\"reason\":\"legacy-bytes\",\"column\":\"content\",\"explanation\":\"\"}\n"
      try write(line + line, folder + "/ledger")
      var reading = RunLedger(nil, texts: RepairedTexts(folder + "/repairs"))
      let ledger = reading.read(folder + "/ledger")
      #expect(ledger.total == 1 && ledger.entries[0].after?.bytes == Array("café au lait".utf8))
      #expect(ledger.reasons[0].means?.zhHans?.contains("GBK") == true)
      let digest = Array((line + line).utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
      #expect(ledger.fileSha256 == digest.description)
    }
  }

  @Test func `every reason that a ledger can have is explained in both languages`() {
    for reason in Finding.Kind.allCases.map(\.rawValue) + Catalogue.damages.map(\.key) {
      #expect(ReasonWording.means(reason)?.zhHans != nil, "\(reason)")
    }
  }

  @Test func `checks and items are compared with the rehearsal before`() throws {
    func document(_ results: [CheckRecord.Result], items: [String]) -> ReportDocument {
      var document = ReportDocument(run: RunRecord(id: "r", toolVersion: "0", command: "rehearse", startedAt: "t"))
      document.checks = results.enumerated().map { CheckRecord(id: "X-\($0)", result: $1, purpose: Wording("x")) }
      var ledger = LossLedger()
      for item in items { ledger.add(LedgerEntry(item: item, kind: "note", outcome: .degraded, reason: "cut")) }
      document.ledger = ledger
      return document
    }
    let before = document([.pass, .warn, .block, .pass], items: ["a", "b"])
    var now = document([.warn, .warn, .pass, .pass], items: ["b", "c", "d"])
    let plan = Array("p".utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    let record = RehearsalRecord(
      run: "r-before", plan: plan, finished: .now, toolVersion: "0", fingerprint: "", verdict: .go, likely: nil,
      atWorst: nil, reportPath: nil)
    now.compare(with: record, before)
    #expect(now.checks?.map(\.sinceLast) == [.new, .still, .fixed, nil])
    #expect(now.comparison?.newItems == 2 && now.comparison?.stillItems == 1 && now.comparison?.fixedItems == 1)
  }
}
