import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// How repairs are applied to a store out of service, or undone.
public struct RepairExchangeOptions: Sendable {
  /// Which tiers are applied; undoing takes all.
  public var policy = RepairPolicy.policy
  public var freeFloor = FreeFloor()
  /// Values and bytes of one transaction.
  public var batchCount = 1000
  public var batchBytes = ByteCount.mebibytes(8)

  public init() {}
}

/// What would be done, known before anything is changed.
public struct RepairForecast: Sendable {
  /// Values that hold what they must hold for the exchange.
  public var due: Int64
  /// Values that hold the other text already.
  public var done: Int64
  /// Values that will be left as they are, by the reason.
  public var left: [ValueSkip.Reason: Int64]
}

/// A value that was left as it is.
public struct ValueSkip: Sendable, Equatable {
  public enum Reason: String, Sendable, CaseIterable {
    /// It holds another text than the one recorded: somebody edited it since.
    case edited
    /// Its row or column is not there any more.
    case gone
    /// Another row has the text, and the store allows it once.
    case collides
    /// A rule of the table forbids the text.
    case forbidden
    /// Its row holds more than is written anew in bounded memory.
    case tooLarge = "too-large"
  }

  public var place: ValuePlace
  public var reason: Reason
}

/// What applying or undoing came to.
public struct RepairExchangeResult: Sendable {
  /// How many of the values left as they are stand in `skips`.
  public static let skipLimit = 1000

  public var exchanged: Int64 = 0
  /// Values that held the wanted text already.
  public var alreadyDone: Int64 = 0
  /// Proposals of tiers that were not asked for.
  public var notAsked: Int64 = 0
  public var left: [ValueSkip.Reason: Int64] = [:]
  /// The first of the values left as they are.
  public var skips: [ValueSkip] = []
  /// Where the originals are kept, or were taken from.
  public var books: [String] = []
  /// Triggers that did not fire, with their entity.
  public var triggers: [String] = []
  public var wall = Duration.zero

  public var leftCount: Int64 { left.values.reduce(0, +) }

  mutating func leave(_ place: ValuePlace, _ reason: ValueSkip.Reason) {
    left[reason, default: 0] += 1
    if skips.count < Self.skipLimit { skips.append(ValueSkip(place: place, reason: reason)) }
  }
}

extension RepairRecord {
  public var place: ValuePlace { ValuePlace(entity: entity, key: key, column: column) }
}

/// Exchanges texts in a store in batches.
final class RepairExchange {
  private let store: any IdleStore
  private let options: RepairExchangeOptions
  private let observer: any RunObserver
  private let stop: StopRequest
  private let columns: [String: Set<String>]
  private let progress: ProgressCounter
  private let start = ContinuousClock.now
  private var watch: FreeFloor.Watch
  private var openCount = 0
  private var openBytes = 0
  var result = RepairExchangeResult()

  /// Opens the store.
  init(_ store: any IdleStore, _ options: RepairExchangeOptions, observer: any RunObserver, stop: StopRequest) throws {
    self.store = store
    self.options = options
    self.observer = observer
    self.stop = stop
    let (entities, profile) = try store.open()
    columns = Dictionary(
      uniqueKeysWithValues: entities.map { entity in
        let kinds = RepairableColumns(entity, profile: profile.entities.first { $0.name == entity.name }).kinds
        return (entity.name, Set(entity.columns.indices.filter { kinds[$0] != nil }.map { entity.columns[$0].name }))
      })
    progress = ProgressCounter(.repair, totalItems: nil, totalBytes: nil)
    watch = FreeFloor.Watch(options.freeFloor, paths: store.guardedPaths)
    observer.observe(.phaseStarted(.init(name: .repair, index: 1, of: 1)))
  }

  /// Refuses a record of a column whose text is never repaired in this store.
  ///
  /// - Throws: `.repairsForeign`.
  func require(_ record: RepairRecord, in path: String, line: Int64) throws {
    guard columns[record.entity]?.contains(record.column) != true else { return }
    throw MigrationError(
      .repairsForeign, "the repairs file does not belong to this store",
      cause: "\(path), line \(line): \(store.name) has no text that may be repaired in that table and column",
      safeNow: "nothing was changed", next: ["name the repairs file that was made for \(store.name)"])
  }

  /// The present state of a record's value: `first` is the text to be exchanged, `second` the one it is exchanged for.
  func state(_ record: RepairRecord, isUndo: Bool) throws -> ValueState {
    let (old, new) = (record.wholeDigest, record.wholeRepairedDigest)
    return try store.state(of: record.place, first: isUndo ? new : old, second: isUndo ? old : new)
  }

  /// Exchanges one value if it still holds what it must hold.
  ///
  /// - Parameters:
  ///   - record: Its first record; the others are read from `reader`.
  ///   - text: The new text of each record.
  func exchange(
    _ record: RepairRecord, of reader: RepairBookReader, isUndo: Bool, for text: (RepairRecord) throws -> [UInt8]
  ) throws {
    defer { progress.advance(rows: 1, bytes: record.byteCount, role: .other, to: observer) }
    let state = try state(record, isUndo: isUndo)
    var whole: [UInt8] = []
    if state == .first { whole.reserveCapacity(Int(isUndo ? record.byteCount : record.part?.repairedByteCount ?? 0)) }
    try reader.eachPart(from: record) { part in
      if state == .first { whole += try text(part) }
    }
    switch state {
    case .second: result.alreadyDone += 1
    case .other: result.leave(record.place, .edited)
    case .gone: result.leave(record.place, .gone)
    case .tooLarge: result.leave(record.place, .tooLarge)
    case .first:
      switch try store.exchange(record.place, for: whole) {
      case .exchanged: result.exchanged += 1
      case .collides: result.leave(record.place, .collides)
      case .forbidden: result.leave(record.place, .forbidden)
      }
      try count(whole.count)
    }
  }

  private func count(_ bytes: Int) throws {
    openCount += 1
    openBytes += bytes
    guard openCount >= options.batchCount || Int64(openBytes) >= options.batchBytes.rawValue else { return }
    try commit()
    try watch.check()
    try stop.check(safeNow: "what was exchanged is durable, and every original is kept")
  }

  /// Makes the open batch durable.
  func commit() throws {
    guard openCount > 0 else { return }
    (openCount, openBytes) = (0, 0)
    try store.commit()
    observer.observe(.checkpoint(id: "\(result.exchanged)", bytes: progress.bytes))
  }

  /// Ends well.
  func finish() throws -> RepairExchangeResult {
    try commit()
    if result.exchanged > 0 {
      for entity in columns.keys.sorted() where columns[entity]?.isEmpty == false {
        result.triggers += try store.triggers(of: entity).map { "\(entity): \($0)" }
      }
    }
    store.close()
    result.wall = .now - start
    observer.observe(
      .phaseFinished(.init(name: .repair, wall: result.wall, items: progress.items, bytes: progress.bytes)))
    return result
  }
}

extension RepairForecast {
  init() { self.init(due: 0, done: 0, left: [:]) }

  mutating func add(_ state: ValueState) {
    switch state {
    case .first: due += 1
    case .second: done += 1
    case .other: left[.edited, default: 0] += 1
    case .gone: left[.gone, default: 0] += 1
    case .tooLarge: left[.tooLarge, default: 0] += 1
    }
  }
}
