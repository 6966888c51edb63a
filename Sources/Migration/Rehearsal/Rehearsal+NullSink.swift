import DurableIO
import NoteArchive
import NoteModel
import NoteStore

// A rehearsal where there is no space: all is read and digested as for an archive, and only keys and digests are kept.
extension Rehearsal {
  func readOnly() throws {
    let reading = RehearsedReading(request, brake: brake, observer: observer, stop: stop)
    repeat {
      if !result.passes.isEmpty { try wait(rest) }
      let start = ContinuousClock.now
      let rested = brake.rested
      let read = try behindOthers { try result.passes.isEmpty ? reading.base() : reading.delta() }
      let end = ContinuousClock.now
      let number = result.passes.count
      let pass = RehearsedPass(
        number: number, interval: number == 0 ? .zero : start - lastSnapshot, exportWall: end - start,
        exportWork: max(.milliseconds(1), end - start - (brake.rested - rested)), applyWall: nil, applyWork: nil,
        scanned: read.scanned, changed: read.rows, deleted: read.deleted, bytes: read.bytes)
      lastSnapshot = start
      isFuzzy = isFuzzy || (number == 0 && read.wasRenewed)
      note(pass)
      add(
        RehearsedPhase(
          name: number == 0 ? "precopy" : "delta", number: number == 0 ? nil : number, start: start - begin,
          wall: end - start, items: pass.items, bytes: pass.bytes))
      result.convergence = Convergence(result.passes)
    } while result.passes.count < 2 || result.convergence?.state == .open
  }
}

/// Reads a source as an export does, and keeps its inventory alone: about 50 bytes a row, in spools without a name.
private final class RehearsedReading {
  struct Read {
    var scanned: Int64 = 0
    var rows: Int64 = 0
    var deleted: Int64 = 0
    /// Of rows and contents, before compression.
    var bytes: Int64 = 0
    var wasRenewed = false
  }

  private let request: RehearsalRequest
  private let brake: LoadBrake
  private let observer: any RunObserver
  private let stop: StopRequest
  private let algorithm = DigestAlgorithm.fastest
  private let inventories: ChainInventories
  private var last = Timestamp.now
  private var schema: StoreSchema?

  init(_ request: RehearsalRequest, brake: LoadBrake, observer: any RunObserver, stop: StopRequest) {
    self.request = request
    self.brake = brake
    self.observer = observer
    self.stop = stop
    inventories = ChainInventories(directory: request.scratchDirectory)
    inventories.contents = algorithm
  }

  func base() throws -> Read {
    last = .now
    let snapshot = try snapshot()
    defer { snapshot.close() }
    schema = snapshot.schema
    inventories.begin(isDelta: false)
    let before = snapshot.identity
    var read = try self.read(snapshot, .export)
    read.scanned = read.rows
    read.wasRenewed = before != nil && snapshot.identity != before
    return read
  }

  /// Finds what has changed and reads that.
  func delta() throws -> Read {
    let since = last
    last = .now
    let snapshot = try snapshot()
    defer { snapshot.close() }
    guard let schema, snapshot.schema.entities == schema.entities else {
      throw MigrationError(
        .sourceChanged, "the source's tables changed while it was rehearsed", cause: "its columns are other ones",
        safeNow: "nothing was changed", next: ["repeat the rehearsal when nobody upgrades the product"])
    }
    let entities = schema.entities
    let carried = KeySpool(entities: entities.count, directory: request.scratchDirectory)
    let gone = KeySpool(entities: entities.count, directory: request.scratchDirectory)
    let indices = Dictionary(uniqueKeysWithValues: entities.enumerated().map { ($0.element.name, $0.offset) })
    let result = try Comparison.compare(
      inventories.spools, of: schema, with: MeasuredSnapshot(snapshot, since: since), algorithm: algorithm,
      scan: scan(.delta), totalItems: nil, totalBytes: nil
    ) { difference in
      guard let index = indices[difference.entity], !difference.key.isEmpty else { return }
      try (difference.kind == .missing ? gone : carried).append(entityIndex: index, key: difference.key)
    }
    inventories.begin(isDelta: true)
    var read = try self.read(KeyedSnapshot(snapshot, carried), .export)
    read.scanned = result.entities.reduce(0) { $0 + $1.extra + $1.changed + $1.identical }
    for index in entities.indices {
      var cursor = gone.cursor(of: index)
      while let key = try cursor.next() {
        try inventories.append(entityIndex: index, deleted: [key])
        read.deleted += 1
      }
    }
    return read
  }

  private func read(_ snapshot: any SourceSnapshot, _ phase: PhaseName) throws -> Read {
    var read = Read()
    try scan(phase).run(
      snapshot, entities: snapshot.schema.entities, algorithm: algorithm, totalItems: nil, totalBytes: nil
    ) { [inventories] index, page, digests in
      try inventories.append(entityIndex: index, page: page, rowDigests: digests)
      read.rows += Int64(page.rowCount)
      read.bytes += Int64(page.rows.count) + page.contents.reduce(Int64(0)) { $0 + $1.byteCount }
    }
    return read
  }

  private func scan(_ phase: PhaseName) -> StoreScan {
    StoreScan(
      throttle: Throttle(rate: request.plan.budget.rate, brake: brake), phase: phase, observer: observer, stop: stop)
  }

  private func snapshot() throws -> any SourceSnapshot {
    let source = try request.stores.source()
    var options = SnapshotOptions(
      algorithm: algorithm, secrets: request.plan.carry.secrets,
      walBudget: request.plan.budget.wal
        ?? ByteCount(
          min(256 << 20, source.guardedPaths.first.flatMap(FreeSpace.at).map { $0.free.rawValue / 4 } ?? .max)))
    options.snapshotAge = request.plan.budget.snapshotAge
    return try source.openSnapshot(options, stop: stop)
  }
}
