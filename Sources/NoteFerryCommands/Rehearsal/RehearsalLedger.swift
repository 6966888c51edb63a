import DurableIO
import Migration
import NoteModel
import Report

/// The ledger of a run's imports as the report shows it: each item once, the worst first.
///
/// Every pass compares all rows, so an item that is not identical stands in the file once for each pass.
enum RehearsalLedger {
  /// The most items that are told apart; behind them the file alone is whole.
  private static let limit = 200_000

  /// - Parameters:
  ///   - path: `nil` where every row is identical.
  ///   - losses: What could not be read from the source; the import's ledger does not have it.
  static func read(_ path: String?, _ losses: [Finding]) -> LossLedger {
    var ledger = LossLedger()
    var seen: Set<String> = []
    for finding in losses { add(finding, to: &ledger, &seen) }
    if let path, let file = try? File.read(path) {
      ledger.file = path
      read(file, into: &ledger, &seen)
    }
    for reason in ledger.reasons {
      if let explained = Catalogue.find(reason.reason).first { ledger.explain(reason.reason, Wording(explained.means)) }
    }
    return ledger
  }

  private static func add(_ finding: Finding, to ledger: inout LossLedger, _ seen: inout Set<String>) {
    guard seen.insert("\(finding.entity) \(finding.key) \(finding.column) \(finding.kind.rawValue)").inserted else {
      return
    }
    // A row whose attachment cannot be read is there, and its attachment is not.
    var entry = LedgerEntry(
      item: SafeText(finding.entity + finding.key).text, kind: finding.entity,
      outcome: finding.kind == .rowUnreadable ? .missing : .degraded, reason: finding.kind.rawValue)
    entry.field = finding.column.isEmpty ? nil : SafeText(finding.column).text
    ledger.add(entry)
  }

  private static func read(_ file: File, into ledger: inout LossLedger, _ seen: inout Set<String>) {
    var room = [UInt8](repeating: 0, count: 1 << 20)
    var rest: [UInt8] = []
    while let count = try? room.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
      rest += room[..<count]
      var start = rest.startIndex
      while let end = rest[start...].firstIndex(of: 0x0A) {
        add(Array(rest[start..<end]), to: &ledger, &seen)
        start = end + 1
      }
      rest.removeFirst(start)
    }
  }

  private static func add(_ line: [UInt8], to ledger: inout LossLedger, _ seen: inout Set<String>) {
    guard let value = try? JSONReader.parse(line), let entity = value["entity"]?.string,
      let key = value["key"]?.string, let reason = value["reason"]?.string,
      let outcome = value["outcome"]?.string.flatMap(LedgerEntry.Outcome.init)
    else { return }
    let field = value["column"]?.string
    let identity = "\(entity) \(key) \(field ?? "") \(reason)"
    guard seen.count < limit, seen.insert(identity).inserted else { return }
    var entry = LedgerEntry(
      item: SafeText(entity + key).text, kind: entity, outcome: outcome, reason: reason)
    entry.field = field.map { SafeText($0).text }
    entry.reversible = outcome == .repaired ? true : nil
    ledger.add(entry)
  }
}
