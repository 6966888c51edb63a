import NoteModel
import NoteRepair
import NoteStore

/// A damaged value of a row and what became of it.
public struct ValueRepair: Sendable {
  /// Why a repair is not applied although there is one.
  public enum Refusal: String, Sendable, CaseIterable {
    /// The text, the repaired text or its plan is longer than the repairs file takes, or what a text of more than 256 KiB
    /// would be as a whole does not show in its parts.
    case tooLong = "too-long"
    /// The value was JSON and would be no more.
    case breaksJSON = "breaks-json"
    /// The column is part of a UNIQUE constraint, so that the repaired value could collide with another row's.
    case unique = "unique-column"
    /// The target's constraints forbid the repaired row.
    case forbidden = "constraint"
    /// The policy of the run does not ask for repairs of this tier.
    case policy = "policy"
  }

  /// Row and column in the page.
  public var row: Int
  public var column: Int
  public var original: [UInt8]
  public var repair: Repair
  public var refusal: Refusal?

  /// Why the value is as it was found: a refusal, `guess` where bytes are gone and a guess was not asked for or is not
  /// sure, else `unrecoverable`.
  public var reason: String { refusal?.rawValue ?? (repair.tier == .inferred ? "guess" : "unrecoverable") }

  /// Whether the repaired text takes the place of the original.
  public var isApplied: Bool { refusal == nil && repair.isChanged && repair.tier != .unrecoverable }

  /// Whether nothing is repaired: the text stands for one that the target does not hold.
  var isSubstitution: Bool { repair.isChanged && repair.findings.isEmpty }
}

/// How the rows of a store are repaired: the same for all its entities and threads.
public struct RowRepairs: Sendable {
  public var profile: Profile
  public var engine: RepairEngine
  public var policy: RepairPolicy

  public init(profile: Profile, engine: RepairEngine, policy: RepairPolicy) {
    self.profile = profile
    self.engine = engine
    self.policy = policy
  }

  public func repairer(of entity: Entity) -> RowRepairer {
    RowRepairer(entity: entity, profile: profile, engine: engine, policy: policy)
  }
}

/// Finds and repairs the damaged texts in the rows of one entity.
///
/// Sound rows cost one pass over their bytes and no memory. Values that are contents, longer than
/// `RecordPage.inlineLimit` (256 KiB), are left to `LongTexts`; those longer than `LongText.limit`, which are never
/// repaired, are counted. Used by one thread.
public final class RowRepairer {
  /// Longest plan in bytes; one that is longer is not applied.
  public static let planLimit = 1 << 20

  public let columns: RepairableColumns
  private let engine: RepairEngine
  private let policy: RepairPolicy
  /// Texts of repairable columns that are longer than `LongText.limit`.
  public private(set) var longValueCount: Int64 = 0

  /// - Parameter policy: Repairs of other tiers are found and refused; `.inferred` also lets the engine apply guesses.
  public init(columns: RepairableColumns, engine: RepairEngine, policy: RepairPolicy) {
    self.columns = columns
    self.engine = engine
    self.policy = policy
  }

  public convenience init(entity: Entity, profile: Profile, engine: RepairEngine, policy: RepairPolicy) {
    let part = profile.entities.first { $0.name == entity.name }
    self.init(columns: RepairableColumns(entity, profile: part), engine: engine, policy: policy)
  }

  /// Hands every damaged value of the page over, by row, then by column.
  public func repair(_ page: RecordPage, _ body: (ValueRepair) throws -> Void) rethrows {
    guard !columns.isEmpty else { return }
    try columns.kinds.withUnsafeBufferPointer { kinds in
      for row in 0..<page.rowCount {
        var reader = RecordReader(page.row(row))
        for column in 0..<columns.end {
          guard let value = reader.next() else { break }
          guard let kind = kinds[column] else { continue }
          switch value {
          case .text(let bytes):
            let text = bytes.assumingMemoryBound(to: UInt8.self)
            if engine.isPlainlyClean(text, kind: kind) { continue }
            if let repair = repair(Array(bytes), kind, row, column) { try body(repair) }
          case .content(let byteCount, _, isText: true): longValueCount += byteCount > LongText.limit ? 1 : 0
          default: continue
          }
        }
      }
    }
  }

  /// Looks closely at a value that the gate did not let pass; nil when it is sound.
  private func repair(_ bytes: [UInt8], _ kind: RepairContext.Kind, _ row: Int, _ column: Int) -> ValueRepair? {
    let context = RepairContext(kind: kind, appliesGuesses: policy == .inferred)
    let repair = engine.repair(bytes, context: context)
    guard repair.tier != .clean else { return nil }
    var value = ValueRepair(row: row, column: column, original: bytes, repair: repair)
    value.refusal = value.isApplied ? refusal(repair, of: bytes, kind) : nil
    return value
  }

  private func refusal(_ repair: Repair, of bytes: [UInt8], _ kind: RepairContext.Kind) -> ValueRepair.Refusal? {
    if !policy.applies(repair.appliedTier) { return .policy }
    if Int64(repair.text.count) > LongText.limit { return .tooLong }
    if kind == .json, Self.isJSON(bytes.map { $0 < 0x80 ? $0 : 0x78 }), !Self.isJSON(repair.text) { return .breaksJSON }
    return repair.plan.serialized().count > Self.planLimit ? .tooLong : nil
  }

  private static func isJSON(_ bytes: [UInt8]) -> Bool { (try? JSONReader.parse(bytes)) != nil }
}
