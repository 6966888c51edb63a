import DurableIO
import Migration
import NoteModel
import Report

/// The ledger of a run's imports as the report shows it: each item once, the worst first.
///
/// Every pass compares all rows, so an item that is not identical stands in the file once for each pass.
struct RunLedger {
  /// The most items that are told apart; behind them the file alone is whole.
  private static let limit = 200_000

  /// Roles by entity, which are the kinds of the report's sum.
  let kinds: [String: String]
  /// Where texts were repaired, and what they were.
  let texts: RepairedTexts?
  private var ledger = LossLedger()
  private var seen: Set<String> = []

  init(_ conservation: Conservation?, texts: RepairedTexts?) {
    kinds = Dictionary((conservation?.accounts ?? []).map { ($0.entity, $0.role.rawValue) }) { first, _ in first }
    self.texts = texts
  }

  /// - Parameters:
  ///   - path: `nil` where every row is identical.
  ///   - losses: What could not be read from the source; the import's ledger does not have it.
  mutating func read(_ path: String?, _ losses: [Finding] = []) -> LossLedger {
    for finding in losses { add(finding) }
    if let path, let file = try? File.read(path) {
      ledger.file = path
      ledger.fileSha256 = read(file)
    }
    for reason in ledger.reasons {
      if let means = ReasonWording.means(reason.reason) { ledger.explain(reason.reason, means) }
    }
    return ledger
  }

  private mutating func add(_ finding: Finding) {
    guard seen.insert("\(finding.entity) \(finding.key) \(finding.column) \(finding.kind.rawValue)").inserted else {
      return
    }
    // A row whose attachment cannot be read is there, and its attachment is not.
    var entry = LedgerEntry(
      item: SafeText(finding.entity + finding.key).text, kind: kinds[finding.entity] ?? finding.entity,
      outcome: finding.kind == .rowUnreadable ? .missing : .degraded, reason: finding.kind.rawValue)
    entry.field = finding.column.isEmpty ? nil : SafeText(finding.column).text
    ledger.add(entry)
  }

  /// - Returns: The SHA-256 of the file.
  private mutating func read(_ file: File) -> String {
    let digest = Digest(.sha256)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var rest: [UInt8] = []
    while let count = try? room.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
      room.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      rest += room[..<count]
      var start = rest.startIndex
      while let end = rest[start...].firstIndex(of: 0x0A) {
        add(Array(rest[start..<end]))
        start = end + 1
      }
      rest.removeFirst(start)
    }
    return digest.finish { bytes in bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
  }

  private mutating func add(_ line: [UInt8]) {
    guard let value = try? JSONReader.parse(line), let entity = value["entity"]?.string,
      let key = value["key"]?.string, let reason = value["reason"]?.string,
      let outcome = value["outcome"]?.string.flatMap(LedgerEntry.Outcome.init)
    else { return }
    let field = value["column"]?.string
    let identity = "\(entity) \(key) \(field ?? "") \(reason)"
    guard seen.count < Self.limit, seen.insert(identity).inserted else { return }
    var entry = LedgerEntry(
      item: SafeText(entity + key).text, kind: kinds[entity] ?? entity, outcome: outcome, reason: reason)
    entry.field = field.map { SafeText($0).text }
    entry.reversible = outcome == .repaired ? true : nil
    if let field, let text = texts?.place(entity, key, field) {
      entry.offsetBytes = text.offset
      entry.before = text.before
      entry.after = text.after
      if field == "title" { entry.title = text.after }
    }
    ledger.add(entry)
  }
}
