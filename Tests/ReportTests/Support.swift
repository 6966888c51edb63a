import DurableIO
import Foundation
import NoteModel
import Report
import Testing

/// The golden documents beside this file: what earlier versions wrote must be read for ever.
enum Golden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden").path

  static let full = "report-1.1.json"
  static let empty = "report-1.0-empty.json"
  /// Of a version that had members which no later one has.
  static let former = ["report-1.0.json", "report-1.0-cutover.json"]
  static let unknownMembers = "report-1.7-unknown-members.json"
  static let nextMajor = "report-2.0.json"
  static let cutover = "report-1.1-cutover.json"
  static let readable = [full, cutover, empty, unknownMembers] + former

  static func bytes(_ name: String) throws -> [UInt8] {
    let file = try File.read(folder + "/" + name)
    var room = [UInt8](repeating: 0, count: Int(try file.status().byteCount))
    let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
    return Array(room[..<count])
  }

  static func json(_ name: String) throws -> JSONValue { try JSONReader.parse(bytes(name)) }

  static func document(_ name: String) throws -> ReportDocument { try ReportDocument(json: bytes(name)) }
}

extension RenderOptions {
  static func make(_ language: ReportLanguage = .en, showTitles: Bool = false, width: Int = 80, asciiOnly: Bool = false)
    -> RenderOptions
  {
    var options = RenderOptions()
    options.language = language
    options.showTitles = showTitles
    options.width = width
    options.asciiOnly = asciiOnly
    return options
  }
}

/// Titles that were made to break pages, terminals and tables.
enum Hostile {
  static let titles: [[UInt8]] = [
    Array("<script>alert(1)</script>".utf8), Array("</script><script>x()</script>".utf8),
    Array("</style><img src=x onerror=x()>".utf8), Array("\"onmouseover=\"x()".utf8),
    Array("' autofocus onfocus=x()".utf8),
    Array("gpj.\u{202E}exe\u{2066}".utf8), Array("nul\0byte".utf8), [0xED, 0xA0, 0x80, 0x41], [0xFF, 0xFE, 0xC0],
    Array("\u{1B}]0;title\u{07}".utf8), Array("| a | b |\n# head\n```".utf8), Array("[x](javascript:alert)".utf8),
    Array("]]><!--".utf8), Array("=HYPERLINK(\"http://x\")".utf8), Array("\u{2028}\u{FEFF}\u{200B}".utf8),
    [UInt8](repeating: 0x41, count: 10_240), Array(String(repeating: "笔", count: 5000).utf8),
    Array("&lt;script&gt;&#x3C;".utf8), Array("@everyone <@1>".utf8),
  ]

  /// A document in which every text comes from an enemy.
  static func document() -> ReportDocument {
    var run = RunRecord(
      id: "r-\u{1B}[2J<b>", toolVersion: "0.1.0", command: "rehearse \"<i>\"", startedAt: "</script>T<b>\u{202E}")
    run.timeZone = "<u>"
    var document = ReportDocument(run: run)
    document.source = StoreRecord(name: "</title><script>a()</script>")
    var ledger = LossLedger()
    for title in titles {
      let word = String(decoding: title, as: UTF8.self)
      var entry = LedgerEntry(item: word, kind: word, outcome: .quarantined, reason: word)
      entry.title = StoredText(title)
      entry.before = StoredText(title)
      entry.field = word
      ledger.add(entry)
    }
    document.ledger = ledger
    var check = CheckRecord(id: "<b>", result: .block, purpose: Wording("<script>b()</script>", "</script>"))
    check.actual = Wording("\u{202E}x", "|\n|")
    document.checks = [check]
    document.conservation = [ConservationRecord(kind: "\" onclick=\"c()", source: 2, repaired: 1)]
    var encoding = EncodingRecord(encoding: "<b>", items: 1)
    encoding.samples = titles.map { .init(item: "</code>", before: StoredText($0), after: StoredText($0)) }
    document.encodings = [encoding]
    document.phases = [PhaseRecord(name: "</svg><script>d()</script>", sourceFrozen: true)]
    document.phases?[0].startMs = 0
    document.phases?[0].wallMs = 10
    document.warnings = [WarningRecord(Wording("`<script>`"), code: "<x>")]
    return document
  }
}

/// Checks a value against a schema: the words that this schema uses, and an error for any other.
struct SchemaChecker {
  /// Why the value is not of that form; empty when it is.
  func problems(_ value: JSONValue, _ schema: JSONValue, at path: String = "") -> [String] {
    guard case .object(let words) = schema else { return ["\(path): the schema is no object"] }
    var found: [String] = []
    for word in words {
      switch word.name {
      case "$schema", "$id", "$comment", "title": break
      case "type": if !isType(value, word.value.string ?? "") { found.append("\(path) is no \(word.value.text)") }
      case "minimum":
        if let number = value.integer, number < word.value.integer ?? 0 { found.append("\(path) < minimum") }
      case "enum":
        if !(word.value.array ?? []).contains(value) { found.append("\(path) is none of \(word.value.text)") }
      case "pattern":
        let text = value.string ?? ""
        if text.range(of: word.value.string ?? "", options: .regularExpression) == nil {
          found.append("\(path): pattern")
        }
      case "required":
        for name in word.value.array ?? [] where value[name.string ?? ""] == nil {
          found.append("\(path)/\(name.text) missing")
        }
      case "properties":
        guard case .object(let members) = word.value else { continue }
        for member in members {
          if let part = value[member.name] { found += problems(part, member.value, at: path + "/" + member.name) }
        }
      case "items":
        for (index, part) in (value.array ?? []).enumerated() {
          found += problems(part, word.value, at: "\(path)[\(index)]")
        }
      default: found.append("\(path): unknown word \(word.name)")
      }
    }
    return found
  }

  private func isType(_ value: JSONValue, _ name: String) -> Bool {
    switch (name, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("integer", .integer),
      ("number", .integer), ("number", .real):
      true
    default: false
    }
  }
}
