import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// What one view of the source shows; the view is let go before the first check judges it.
struct SourceLook: Sendable {
  var profile: Profile
  var schema: StoreSchema
  var topology: SourceTopology
  /// Rows by entity.
  var rows: [String: Int64] = [:]
  /// Bytes of the store and of its files.
  var bytes: Int64
  var fileBytes: Int64
  var findings: [Finding]
  var brokenInvariants: [String]
  var damage = DamageSample()
  /// Findings of rows by kind, as far as rows were read.
  var rowFindings: [Finding.Kind: Int64] = [:]

  init(_ context: PreflightContext) throws {
    let source = try context.request.source(context.plan.source.place)
    // A sample is of no moment, and behind each view one commit folds back all that was written meanwhile: so views are
    // short. Whoever reads all lets them go at the log's budget.
    let isSample = context.request.sampleRows != nil
    var options = SnapshotOptions(algorithm: .fastest, walBudget: isSample ? nil : context.plan.budget.wal)
    if isSample { (options.viewAge, options.renewalPatienceMilliseconds) = (.milliseconds(100), 200) }
    options.stop = context.checkpoint
    let snapshot = try source.openSnapshot(options)
    defer { snapshot.close() }
    (profile, schema, topology) = (snapshot.profile, snapshot.schema, snapshot.topology)
    fileBytes = (try? snapshot.fileByteCount().rawValue) ?? 0
    bytes = source.byteCount.rawValue + fileBytes
    findings = snapshot.openingFindings
    for entity in schema.entities {
      try context.checkpoint()
      rows[entity.name] = try snapshot.count(of: entity)
    }
    brokenInvariants = try snapshot.brokenInvariants().map(\.name)
    try read(snapshot, limit: context.request.sampleRows, context)
  }

  /// The most that a sample reads of one table.
  private static let sampleBytes = 16 << 20

  /// Reads the first rows of each table, twice: to learn from its sound texts, and to judge the others.
  private mutating func read(_ snapshot: any SourceSnapshot, limit: Int?, _ context: PreflightContext) throws {
    damage.isComplete = true
    var lesson = TextLesson()
    var throttle = Throttle(rate: context.plan.budget.rate)
    // Half of the time is left to counting.
    var left =
      context.plan.budget.rate.map { Double($0.rawValue) * context.request.checkLimit.inSeconds / 2 } ?? .infinity
    for pass in 0..<2 {
      let repairs = RowRepairs(
        profile: profile, engine: RepairEngine(evidence: pass == 0 ? nil : lesson.evidence), policy: .inferred)
      for entity in schema.entities {
        let columns = RepairableColumns(entity, profile: profile.entities.first { $0.name == entity.name })
        let repairer = pass == 1 && !columns.isEmpty ? repairs.repairer(of: entity) : nil
        let page = RecordPage(entity: entity, algorithm: .sha256)
        try snapshot.startReading(entity, after: nil)
        var (hasMore, count, bytes) = (true, 0, 0)
        while hasMore, count < limit ?? .max, limit == nil || bytes < Self.sampleBytes,
          pass == 1 || !(lesson.isOver || columns.isEmpty)
        {
          try context.checkpoint()
          page.removeAll()
          var noticed: [Finding] = []
          hasMore = try snapshot.readPage(into: page) { noticed.append($0) }
          count += page.rowCount
          bytes += page.rows.count + page.payload.count
          left -= Double(page.rows.count + page.payload.count)
          throttle.spend(page.rows.count + page.payload.count)
          if pass == 0 {
            lesson.learn(page, columns)
          } else {
            for finding in noticed { rowFindings[finding.kind, default: 0] += 1 }
            repairer?.repair(page) { damage.add($0) }
            damage.rows += Int64(page.rowCount)
          }
          _ = try snapshot.renewIfNeeded()
        }
        if hasMore, pass == 1 { damage.isComplete = false }
      }
    }
  }

  func entities(_ role: EntityRole) -> [Entity] { schema.entities.filter { $0.role == role } }
  var tables: [String] { schema.entities.map(\.table) }
  func count(_ kind: Finding.Kind) -> Int { findings.count { $0.kind == kind } }
}

/// Damaged texts among the rows that were read.
struct DamageSample: Sendable {
  var rows: Int64 = 0
  /// Whether these were all rows.
  var isComplete = false
  var damaged: Int64 = 0
  /// Of these, the ones that a repair puts right exactly or by a rule.
  var repairable: Int64 = 0

  mutating func add(_ value: ValueRepair) {
    damaged += 1
    if value.isApplied, [.lossless, .policy].contains(value.repair.appliedTier) { repairable += 1 }
  }
}

/// What is at a target's place.
struct TargetLook: Sendable {
  var occupancy: StoreOccupancy
  /// The product's version there, where there is a product.
  var version: String?
  /// Rows that people made, by entity.
  var rows: [(entity: String, rows: Int64)] = []
  var tables: [String] = []

  init(_ place: String, _ context: PreflightContext) throws {
    occupancy = try context.inspector(place).occupancy()
    guard occupancy.exists, !occupancy.tables.isEmpty else { return }
    var options = SnapshotOptions()
    options.stop = context.checkpoint
    let snapshot: any SourceSnapshot
    do { snapshot = try context.request.source(place).openSnapshot(options) } catch let error as MigrationError {
      // Tables of somebody else: a finding of its own check.
      if error.code == .sourceNotAStore { return }
      throw error
    }
    defer { snapshot.close() }
    version = snapshot.schema.productVersion
    tables = snapshot.schema.entities.map(\.table)
    for entity in snapshot.schema.entities where [.note, .attachment, .owner, .notebook].contains(entity.role) {
      let count = try snapshot.count(of: entity)
      if count > 0 { rows.append((entity.name, count)) }
    }
  }
}
