import DurableIO
import Migration
import NoteModel
import Report

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// What the documents of rehearsals and of cutovers have in common.

extension ConservationRecord {
  /// One for each kind of item that the store has.
  static func records(of conservation: Conservation) -> [ConservationRecord] {
    EntityRole.allCases.compactMap { role in
      guard let sum = conservation.total(role) else { return nil }
      return ConservationRecord(
        kind: role.rawValue, source: sum.source, identical: sum.identical, repaired: sum.repaired,
        adapted: sum.adapted, degraded: sum.degraded, quarantined: sum.quarantined, skippedByRule: sum.skippedByRule,
        missing: sum.missing)
    }
  }
}

extension VerificationRecord {
  /// What was compared on each node; nodes that were lost were not.
  static func records(
    _ comparison: ComparisonResult?, nodes: [NodeResult], names: [String], conservation: Conservation?
  ) -> [VerificationRecord]? {
    let compared = nodes.isEmpty ? [comparison] : nodes.map(\.comparison)
    let found = compared.enumerated().flatMap { index, comparison -> [VerificationRecord] in
      guard let comparison else { return [] }
      let name = names.indices.contains(index) ? names[index] : nil
      return records(comparison, name, attachments: conservation?.total(.attachment)?.source)
    }
    return found.isEmpty ? nil : found
  }

  private static func records(
    _ comparison: ComparisonResult, _ node: String?, attachments: Int64?
  ) -> [VerificationRecord] {
    var rows = VerificationRecord(subject: Wording("rows", "行"), method: .checksums)
    rows.node = node
    rows.checkedItems = comparison.entities.reduce(0) { $0 + $1.expected }
    rows.totalItems = rows.checkedItems
    rows.differences = comparison.differenceCount
    var contents = VerificationRecord(subject: Wording("attachments", "附件"), method: .checksums)
    contents.node = node
    contents.totalItems = attachments
    contents.checkedItems = attachments
    contents.differences = comparison.differenceCount == 0 ? 0 : nil
    contents.notCompared = Wording(
      "nothing: bytes were compared behind the base and behind each delta that carried them, at the end their lengths",
      "无：基线及携带附件的增量之后均比较字节，最后比较长度")
    return [rows, contents]
  }
}

extension EnvironmentRecord {
  /// This machine, and the plan's settings without secrets.
  static func here(_ plan: Plan) -> EnvironmentRecord {
    var record = EnvironmentRecord()
    record.system = ProcessFigures.system
    record.processor = ProcessFigures.processor
    record.cores = Int64(WorkerThread.processorCount)
    record.memoryBytes = ProcessFigures.memoryBytes
    record.settings = plan.settings.map {
      .init(name: $0.key, value: SafeText(Redaction.argument($0.value)).text, origin: "plan")
    }
    return record
  }
}

extension ProcessFigures {
  /// `Linux 6.1.0 x86_64`, safe to print.
  static var system: String? {
    var names = utsname()
    guard uname(&names) == 0 else { return nil }
    func text(_ field: some Any) -> String {
      withUnsafeBytes(of: field) { SafeText(Array($0.prefix { $0 != 0 })).text }
    }
    return "\(text(names.sysname)) \(text(names.release)) \(text(names.machine))"
  }

  /// As the system calls it; `nil` where it does not tell.
  static var processor: String? {
    guard let file = try? File.read("/proc/cpuinfo") else { return nil }
    var room = [UInt8](repeating: 0, count: 8192)
    guard let count = try? room.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return nil }
    let lines = String(decoding: room[..<count], as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("model name") }), let colon = line.firstIndex(of: ":") else {
      return nil
    }
    return SafeText(String(line[line.index(after: colon)...].drop { $0 == " " })).text
  }

  /// What the machine has in all.
  static var memoryBytes: Int64? {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    return pages > 0 ? Int64(pages) * Int64(sysconf(Int32(_SC_PAGESIZE))) : nil
  }
}
