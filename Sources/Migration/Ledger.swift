import DurableIO
import NoteArchive
import NoteModel

/// The account of everything that is not identical: one JSON line for each item, appended and never changed.
///
/// Only what differs stands in it; the identical rows are a count. Text of notes does not appear.
public final class Ledger: @unchecked Sendable {
  private var file: File?
  private let path: String?
  private let line = GrowingBuffer(capacity: 256)
  public private(set) var count: Int64 = 0

  /// - Parameter path: The file, created with the first line and never truncated; `nil` keeps only the count.
  public init(path: String?) { self.path = path }

  public enum Outcome: String, Sendable, CaseIterable {
    case identical, repaired, degraded, quarantined
    case skippedByRule = "skipped_by_rule"
    case adapted
    case missing
  }

  public func append(
    entity: String, key: String, outcome: Outcome, reason: String, explanation: String, column: String = "",
    node: String = ""
  ) throws {
    count += 1
    guard let path else { return }
    if file == nil {
      let opened = try File.write(path)
      try opened.seek(to: try opened.status().byteCount)
      file = opened
    }
    var members: [JSONValue.Member] = [
      .init("entity", .text(entity)), .init("key", .text(key)), .init("outcome", .text(outcome.rawValue)),
      .init("reason", .text(reason)),
    ]
    if !node.isEmpty { members.append(.init("node", .text(node))) }
    if !column.isEmpty { members.append(.init("column", .text(column))) }
    members.append(.init("explanation", .text(explanation)))
    line.append(text: JSONValue.object(members).text + "\n")
    if line.count >= 64 << 10 { try flush() }
  }

  private func flush() throws {
    try file?.write(line.bytes)
    line.removeAll()
  }

  /// Makes the ledger durable; returns its path when it has lines.
  public func close() throws -> String? {
    try flush()
    try file?.synchronize()
    return file == nil ? nil : path
  }
}

/// The sum that must be right: every note and attachment in exactly one bucket.
public struct Conservation: Sendable {
  public struct Account: Sendable {
    public var entity: String
    public var role: EntityRole
    /// Counted by the source's engine, apart from the rows that were read.
    public var source: Int64
    public var identical: Int64 = 0
    public var repaired: Int64 = 0
    public var degraded: Int64 = 0
    public var quarantined: Int64 = 0
    public var skippedByRule: Int64 = 0
    /// Rows of one node that are there under another node's name, because the target has other nodes.
    public var adapted: Int64 = 0
    public var missing: Int64 = 0
    /// Counted by the target's engine, apart from the rows that were written; `nil` before there is a target.
    public var target: Int64?
    /// Rows that the target had of its own before.
    public var extra: Int64 = 0
    /// Rows that were made for a node that the source did not have.
    public var made: Int64 = 0

    public init(entity: String, role: EntityRole, source: Int64) {
      self.entity = entity
      self.role = role
      self.source = source
    }

    public var sum: Int64 { identical + repaired + degraded + quarantined + skippedByRule + adapted + missing }
    /// Whether the buckets add up to the source's own count, and what arrived to the target's own count.
    public var isBalanced: Bool {
      sum == source && (target.map { $0 == sum - missing - quarantined - skippedByRule + extra + made } ?? true)
    }
    public var isLossless: Bool { degraded == 0 && quarantined == 0 && missing == 0 }
  }

  public var accounts: [Account]
  public init(_ accounts: [Account]) { self.accounts = accounts }

  public var isBalanced: Bool { accounts.allSatisfy(\.isBalanced) }
  public var isLossless: Bool { accounts.allSatisfy(\.isLossless) }

  /// The accounts of one role added up; `nil` when the store has no such entity.
  public func total(_ role: EntityRole) -> Account? {
    let parts = accounts.filter { $0.role == role }
    guard var sum = parts.first else { return nil }
    for part in parts.dropFirst() {
      sum.source += part.source
      sum.identical += part.identical
      sum.repaired += part.repaired
      sum.degraded += part.degraded
      sum.quarantined += part.quarantined
      sum.skippedByRule += part.skippedByRule
      sum.adapted += part.adapted
      sum.made += part.made
      sum.missing += part.missing
      sum.extra += part.extra
      if let target = part.target { sum.target = (sum.target ?? 0) + target }
    }
    return sum
  }

  /// What an export's own summary says: nothing has been compared with a target yet.
  public init(_ summary: SegmentSummary) {
    accounts = summary.entities.map {
      var account = Account(entity: $0.entity, role: $0.role, source: $0.sourceRows)
      account.degraded = $0.degradedRows
      account.identical = $0.rows - $0.degradedRows
      account.missing = max(0, $0.sourceRows - $0.rows)
      return account
    }
  }
}
