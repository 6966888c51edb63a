import DurableIO
import NoteModel
import NoteStore

/// What a store holds, as far as a look tells.
public struct Survey: Sendable {
  public struct EntitySurvey: Sendable {
    public var entity: String
    public var role: EntityRole
    public var table: String
    public var rows: Int64
    public var columns: Int
    /// Bytes of contents; only after a deep look.
    public var contents: Int64?
    public var contentBytes: Int64?
    public var largestContent: Int64?
  }

  public var name: String
  public var profile: String
  public var profileTitle: String
  public var productVersion: String
  public var fingerprint: String
  public var engine: String
  public var settings: [StoreSchema.Setting]
  public var bytes: Int64
  public var freeSpace: FreeSpace?
  public var entities: [EntitySurvey]
  public var isDeep: Bool
  /// Findings by kind, with the first few of each.
  public var findings: [(kind: Finding.Kind, severity: Finding.Severity, count: Int64, examples: [Finding])]
  public var brokenInvariants: [(name: String, rows: Int64)]
  public var wall: Duration
}

/// Looks at a store without changing it: tables and counts; with `deep` every row and every attachment's length.
public func survey(
  _ source: any SourceStore, deep: Bool, secrets: SecretsPolicy = .include, rate: ByteCount? = nil,
  observer: any RunObserver, stop: StopRequest
) throws -> Survey {
  let start = ContinuousClock.now
  let snapshot = try source.openSnapshot(SnapshotOptions(algorithm: .fastest, secrets: secrets), stop: stop)
  defer { snapshot.close() }
  let schema = snapshot.schema
  var survey = Survey(
    name: source.name, profile: snapshot.profile.name, profileTitle: snapshot.profile.title,
    productVersion: schema.productVersion, fingerprint: schema.fingerprint, engine: schema.engine,
    settings: schema.settings, bytes: storeBytes(source, snapshot),
    freeSpace: source.guardedPaths.first.flatMap(FreeSpace.at),
    entities: [], isDeep: deep, findings: [], brokenInvariants: [], wall: .zero)
  for entity in schema.entities {
    try requireNoStop(stop)
    survey.entities.append(
      .init(
        entity: entity.name, role: entity.role, table: entity.table, rows: try snapshot.count(of: entity),
        columns: entity.columns.filter { $0.kind != .file && $0.kind != .rowNumber }.count))
  }
  let tally = FindingTally()
  for finding in snapshot.openingFindings { tally.add(finding) }
  survey.brokenInvariants = try snapshot.brokenInvariants()
  if deep { try lookDeep(&survey, snapshot, schema: schema, rate: rate, tally: tally, observer: observer, stop: stop) }
  survey.findings = tally.sorted
  survey.wall = .now - start
  return survey
}

/// Reads every row; contents in the database are only measured, files are opened.
private func lookDeep(
  _ survey: inout Survey, _ snapshot: any SourceSnapshot, schema: StoreSchema, rate: ByteCount?, tally: FindingTally,
  observer: any RunObserver, stop: StopRequest
) throws {
  let total = survey.entities.reduce(Int64(0)) { $0 + $1.rows }
  observer.observe(.phaseStarted(.init(name: .survey, index: 1, of: 1, totalItems: total, totalBytes: survey.bytes)))
  let begin = ContinuousClock.now
  let progress = ProgressCounter(.survey, totalItems: total, totalBytes: survey.bytes)
  var throttle = Throttle(rate: rate)
  for (index, entity) in schema.entities.enumerated() {
    let page = RecordPage(entity: entity, algorithm: .sha256)
    var contents: Int64 = 0
    var contentBytes: Int64 = 0
    var largest: Int64 = 0
    try snapshot.startReading(entity, after: nil)
    var hasMore = true
    while hasMore {
      try requireNoStop(stop)
      page.removeAll()
      var findings: [Finding] = []
      hasMore = try snapshot.readPage(into: page) { findings.append($0) }
      for finding in findings { tally.add(finding) }
      for content in page.contents {
        contents += 1
        contentBytes += content.byteCount
        largest = max(largest, content.byteCount)
      }
      throttle.spend(page.rows.count + page.payload.count)
      progress.advance(
        rows: page.rowCount, bytes: Int64(page.rows.count + page.payload.count), role: entity.role, findings: findings,
        to: observer)
      _ = try snapshot.renewIfNeeded()
    }
    survey.entities[index].contents = contents
    survey.entities[index].contentBytes = contentBytes
    survey.entities[index].largestContent = largest
  }
  observer.observe(
    .phaseFinished(.init(name: .survey, wall: .now - begin, items: progress.items, bytes: progress.bytes)))
}

/// Findings by kind and severity, with the first five of each.
private final class FindingTally {
  private var kinds: [(kind: Finding.Kind, severity: Finding.Severity, count: Int64, examples: [Finding])] = []

  func add(_ finding: Finding) {
    if let index = kinds.firstIndex(where: { $0.kind == finding.kind && $0.severity == finding.severity }) {
      kinds[index].count += 1
      if kinds[index].examples.count < 5 { kinds[index].examples.append(finding) }
    } else {
      kinds.append((finding.kind, finding.severity, 1, [finding]))
    }
  }

  /// Worst first.
  var sorted: [(kind: Finding.Kind, severity: Finding.Severity, count: Int64, examples: [Finding])] {
    kinds.sorted { ($1.severity, $1.count) < ($0.severity, $0.count) }
  }
}
