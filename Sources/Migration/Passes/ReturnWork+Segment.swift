import DurableIO
import NoteArchive
import NoteModel
import NoteStore

// What goes back, as a segment of the archive.
extension ReturnWork {
  /// Writes what users changed as the next segment of the archive, in the place of one that nothing was done with.
  ///
  /// - Returns: nil where users changed nothing.
  func write(_ source: any SourceSnapshot) throws -> SegmentInventory? {
    let path = segmentPath
    try Folder.remove(path)
    try Folder.synchronize(pass.archive)
    let target = try pass.open(head)
    defer { target.close() }
    try pass.requireAlike(head, target)
    guard target.schema.productVersion == memory.productVersion else {
      throw ReturnPass.impossible("the product was upgraded", cause: "to \(target.schema.productVersion)")
    }
    let inventories = try memory.spools(in: pass.folder, contents: head.algorithm)
    let changes = try pass.scan(head, target).changes(since: memory, in: inventories)
    try pass.passed(.compared)
    guard !changes.isEmpty else { return nil }
    let places = try ReturnPlaces(
      source, changes, algorithm: head.algorithm, stateDirectory: pass.stateDirectory, stop: pass.stop)
    guard !(changes.carried.isEmpty && places.gone.isEmpty) else { return nil }
    let delta = accounts((changes, places), places.counts)
    let snapshot = ReturningSnapshot(
      target, schema: head.schema, topology: chain.base.description.topology ?? source.topology, places: places,
      expected: zip(places.counts, delta).map { $0 + $1.inserted - $1.deleted }, algorithm: head.algorithm,
      holdsFiles: node.target.holdsFiles,
      files: source.schema.dataDirectory.flatMap { try? LocalFiles(directory: $0) }, claimed: try claimed())
    var options = ExportOptions(stateDirectory: pass.stateDirectory, toolVersion: pass.toolVersion)
    options.freeFloor = FreeFloor(limit: pass.plan.budget.freeFloor)
    let found = DeltaScan.Found(
      changes: DeltaChanges(
        entities: zip(head.schema.entities, delta).map {
          .init(
            entity: $0.name, role: $0.role, inserted: $1.inserted, changed: $1.changed, deleted: $1.deleted,
            unchanged: $1.unchanged)
        }), carried: changes.carried, gone: places.gone)
    _ = try DeltaWriter(
      chain: chain, snapshot: snapshot, found: found, directory: pass.archive, created: .forArchive, options: options,
      observer: pass.observer, stop: pass.stop, guardedPaths: []
    ).write(wasRenewed: false)
    try Folder.synchronize(pass.archive)
    try announce(changes, places, snapshot.claimed)
    try pass.passed(.written)
    return try SegmentInventory.read(path, stateDirectory: pass.stateDirectory) {}
  }

  var segmentPath: String { "\(pass.archive)/\(SegmentLayout.segment(memory.number + 1)).tar" }
  var ledger: ReturnLedger {
    ReturnLedger(path: pass.folder + "/returned.ndjson", entities: head.schema.entities)
  }

  /// Writes down what comes back, in words and in numbers.
  private func announce(_ changes: ReturnScan.Changes, _ places: ReturnPlaces, _ files: Set<String>) throws {
    let paths = JSONValue.array(files.sorted().map { .text($0) }).text
    try Array(paths.utf8).withUnsafeBytes { try Folder.replace(claimedPath, with: $0) }
    var result = ReturnResult(accounts: accounts((changes, places), places.counts))
    result.repairedRows = try ledger.write(changes, gone: places.gone, books: books())
    result.segment = segmentPath
    result.ledgerPath = ledger.path
    try result.write(ReturnResult.intention(in: pass.folder))
  }

  private var claimedPath: String { pass.folder + "/returning-files.json" }
  private func claimed() throws -> Set<String> {
    Set(try ReturnMemory.json(claimedPath)?.array?.compactMap(\.string) ?? [])
  }

  private func books() throws -> [String] {
    let target = try pass.stores.nodes()[0].target
    let path = RepairBook.path(of: target.name, filePath: target.filePath, stateDirectory: pass.stateDirectory)
    return FileStatus.of(path) == nil ? [] : [path]
  }

  func accounts(_ delta: (ReturnScan.Changes, ReturnPlaces)?, _ counts: [Int64]) -> [ReturnResult.Account] {
    head.schema.entities.indices.map { index in
      var account = ReturnResult.Account(entity: head.schema.entities[index].name)
      if let (changes, places) = delta {
        account.changed = places.changed[index]
        account.inserted = changes.carried.counts[index] - account.changed
        account.deleted = places.gone.counts[index]
      }
      account.unchanged = counts[index] - account.changed - account.deleted
      return account
    }
  }
}
