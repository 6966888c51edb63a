import DurableIO
import NoteModel
import NoteStore

/// How a store grows and when its disk is full.
public struct Forecast: Sendable {
  public var name: String
  public var bytes: ByteCount
  /// Room on the store's disk; `nil` where it cannot be seen and was not named.
  public var free: ByteCount?
  public var history: GrowthHistory
  /// Bytes a day over the days that are used, with what the engine needs besides.
  public var textPerDay: Double
  public var attachmentsPerDay: Double
  public var usedDays: Int
  public var exhaustion: Exhaustion?
  /// Attachments longer than `largerThan`.
  public var largerThan: ByteCount
  public var largeCount: Int64
  public var largeBytes: ByteCount
  /// When these are moved out, and go on to be.
  public var exhaustionWithout: Exhaustion?
  /// Why there is no date; empty where there is one.
  public var gap: String
}

/// Forecasts from the times of a store's rows. Nothing is changed.
///
/// - Parameters:
///   - free: The room on the store's disk; `nil`: it is asked.
///   - largerThan: The length above which moving attachments out is reckoned.
/// - Throws: What opening the source throws.
/// - Complexity: one look at each row of the tables with a time of creation; contents are not read.
public func forecast(
  _ source: any SourceStore, _ inspector: any StoreInspector, free: ByteCount?, largerThan: ByteCount,
  now: Timestamp = .now, stop: StopRequest
) throws -> Forecast {
  let snapshot = try source.openSnapshot(SnapshotOptions(), stop: stop)
  let (schema, profile) = (snapshot.schema, snapshot.profile)
  let fileBytes = try snapshot.fileByteCount().rawValue
  let storeBytes = source.byteCount.rawValue
  snapshot.close()
  var (text, attachments): ([DayGrowth], [DayGrowth]) = ([], [])
  for entity in schema.entities {
    try stop.check(safeNow: "nothing was changed")
    let meaning = profile.entities.first { $0.name == entity.name }
    guard let meaning, meaning.createdColumn != nil || entity.role == .attachment else { continue }
    let growth = try inspector.growth(of: GrowthQuestion(entity, meaning, threshold: largerThan))
    if entity.role == .attachment { attachments += growth } else { text += growth }
  }
  let today = now.milliseconds / 86_400_000
  let history = GrowthHistory(text, attachments: attachments, today: today)
  var forecast = Forecast(
    name: source.name, bytes: ByteCount(storeBytes + fileBytes), free: free ?? room(of: inspector), history: history,
    textPerDay: 0, attachmentsPerDay: 0, usedDays: 0, largerThan: largerThan,
    largeCount: attachments.reduce(0) { $0 + $1.largeRows },
    largeBytes: ByteCount(attachments.reduce(Int64(0)) { $0 + $1.largeBytes }), gap: "")
  let contents = attachments.reduce(Int64(0)) { $0 + $1.bytes }
  // A log's frames are in the database already, or will be.
  let database = source.filePath.flatMap { FileStatus.of($0)?.byteCount } ?? storeBytes
  let overhead = overhead(text: text.reduce(0) { $0 + $1.bytes }, rest: database - max(0, contents - fileBytes))
  judge(&forecast, overhead: overhead)
  return forecast
}

private func room(of inspector: any StoreInspector) -> ByteCount? {
  let place = (try? inspector.places())?.first { $0.use == .data }
  return place.flatMap { FreeSpace.at($0.path)?.free }
}

/// What the engine needs for each byte of text: indexes, page ends, the other tables.
private func overhead(text: Int64, rest: Int64) -> Double {
  text > 0 && rest > 0 ? min(10, max(1, Double(rest) / Double(text))) : 1
}

private func judge(_ forecast: inout Forecast, overhead: Double) {
  let recent = forecast.history.recent(Exhaustion.mostDays)
  forecast.usedDays = recent.days
  guard recent.days >= Exhaustion.leastDays else {
    forecast.gap = "there are \(forecast.history.days) days of history, and at least \(Exhaustion.leastDays) are needed"
    return
  }
  let days = Double(recent.days)
  forecast.textPerDay = recent.text.reduce(0, +) * overhead / days
  forecast.attachmentsPerDay = recent.attachments.reduce(0, +) / days
  guard let free = forecast.free else {
    forecast.gap = "the room on the store's disk is not known"
    return
  }
  let daily = zip(recent.text, recent.attachments).map { $0 * overhead + $1 }
  forecast.exhaustion = Exhaustion(daily, room: Double(free.rawValue))
  if forecast.exhaustion == nil { forecast.gap = "nothing came within the last \(recent.days) days" }
  guard forecast.largeCount > 0 else { return }
  let smaller = zip(daily, recent.large).map { max(0, $0 - $1) }
  forecast.exhaustionWithout = Exhaustion(smaller, room: Double(free.rawValue + forecast.largeBytes.rawValue))
}

extension GrowthQuestion {
  /// The columns of an entity that take room, by what the profile says of them.
  init(_ entity: Entity, _ profile: EntityProfile, threshold: ByteCount) {
    func found(_ name: String?) -> String? { name.flatMap { entity.index(of: $0) }.map { entity.columns[$0].name } }
    let texts = profile.textColumns + profile.jsonColumns + [profile.nameColumn].compactMap { $0 }
    self.init(
      table: entity.table, time: found(profile.createdColumn), texts: Set(texts).sorted().compactMap(found),
      content: entity.columns.first { $0.kind == .content }?.name,
      size: entity.sizeColumn.map { entity.columns[$0].name },
      external: profile.external.flatMap { rule in found(rule.column).map { ($0, rule.values) } },
      threshold: threshold.rawValue, countsContent: entity.role == .attachment)
  }
}
