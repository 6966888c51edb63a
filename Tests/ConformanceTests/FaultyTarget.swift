import NoteModel
import NoteStore

/// A target that does one thing wrong.
final class FaultyTarget: TargetStore {
  enum Fault: String, Sendable, CaseIterable {
    case losesRow, losesWatermark, takesFilledStores, takesOtherArchives, takesOtherVersions, keepsRolledBackRows
    case losesLastPiece, emptiesShared, keepsMark, dropsMarkEarly, knowsNoUniqueColumns, takesRuleBreakers
    case commitsHalfRows, keepsAbandoned, forgetsSequences, ignoresRepeats, keepsRemoved, removesOthers, keepsRivals
  }

  private let store: any TargetStore
  private let fault: Fault
  private var applied = 0
  private var keys: Set<String> = []

  init(_ store: any TargetStore, _ fault: Fault) {
    self.store = store
    self.fault = fault
  }

  var name: String { store.name }
  var guardedPaths: [String] { store.guardedPaths }
  var wantsCommit: Bool { store.wantsCommit }

  func prepare(for schema: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?
  {
    do {
      var schema = schema
      if fault == .takesOtherVersions { schema.productVersion = "" }
      let watermark = try store.prepare(for: schema, profile: profile, origin: origin, options: options)
      return fault == .losesWatermark ? nil : watermark
    } catch let error as MigrationError where fault == .takesFilledStores && error.code == .targetNotEmpty {
      return nil
    } catch let error as MigrationError where fault == .takesOtherArchives && error.code == .targetUnfinished {
      return nil
    }
  }

  func uniqueColumns(of entity: Entity) throws -> Set<Int> {
    fault == .knowsNoUniqueColumns ? [] : try store.uniqueColumns(of: entity)
  }

  func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    applied += 1
    if fault == .losesRow, applied == 2, supplies.isEmpty { return }
    if fault == .ignoresRepeats, supplies.isEmpty,
      !keys.insert(page.entity.name + page.key(ofRow: row).description).inserted
    {
      return
    }
    let isShared = supplies.contains { if case .sameAs = $0 { true } else { false } }
    let supplies = fault == .emptiesShared && isShared ? [ContentSupply.lost] : supplies
    try store.apply(row: row, of: page, supplies: supplies)
  }

  func beginDelta() throws { if fault != .keepsRivals { try store.beginDelta() } }

  func remove(_ key: Key, of entity: Entity) throws {
    switch fault {
    case .keepsRemoved: return
    case .removesOthers:
      guard case .integer(let number)? = key.values.first else { break }
      try store.remove(Key([.integer(number + 1)] + key.values.dropFirst()), of: entity)
    default: break
    }
    try store.remove(key, of: entity)
  }

  func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    do {
      try store.applyRepaired(row: row, of: page, supplies: supplies)
    } catch let error as MigrationError where fault == .takesRuleBreakers && error.code == .targetRefusedRow {}
  }

  func beginContent(_ index: Int) throws { try store.beginContent(index) }

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    guard fault == .losesLastPiece, bytes.count > 1 else { return try store.writeContent(bytes) }
    var changed = Array(bytes)
    changed[changed.count - 1] ^= 1
    try changed.withUnsafeBytes { try store.writeContent($0) }
  }

  func endContent() throws { try store.endContent() }

  func abandonContents() { if fault != .keepsAbandoned { store.abandonContents() } }

  func commit(_ watermark: ImportWatermark) throws {
    do {
      try store.commit(watermark)
    } catch let error as MigrationError where fault == .commitsHalfRows && error.code == .internal {}
  }

  func rollback() { if fault != .keepsRolledBackRows { store.rollback() } }

  func finish(_ schema: StoreSchema) throws {
    var schema = schema
    if fault == .forgetsSequences { schema.sequences = [] }
    try store.finish(schema)
    if fault == .dropsMarkEarly { try store.approve() }
  }

  func approve() throws { if fault != .keepsMark, fault != .dropsMarkEarly { try store.approve() } }
  func close() { store.close() }
}
