import DurableIO
import NoteModel
import NoteStore

// Filling pages.
extension PostgreSQLSnapshot {
  public func startReading(_ entity: Entity, after key: Key?) throws {
    try startReading(entity, after: key, .whole)
  }

  public func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try startReading(entity, after: key, .measuring(since: since))
  }

  public func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    try startReading(entity, after: nil, .keys(keys))
  }

  private func startReading(_ entity: Entity, after key: Key?, _ mode: Reading.Mode) throws {
    guard let plan = plans[entity.name] else { throw Self.unknown(entity) }
    reading = nil
    handles.removeAll(keepingCapacity: true)
    reading = Reading(plan, connection, after: key, mode: mode)
  }

  public func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    handles.removeAll(keepingCapacity: true)
    guard let reading, !reading.isAtEnd else { return false }
    do { return try fill(page, reading, report) } catch let error as MigrationError {
      // A standby that must go on replaying takes the view away; the reading goes on in another one.
      guard connection.lastState == "40001", !wasTaken else { throw error }
      wasTaken = true
      return true
    }
  }

  private func fill(_ page: RecordPage, _ reading: Reading, _ report: (Finding) -> Void) throws -> Bool {
    var writer = RowWriter(self, reading.plan, page, reading.mode)
    while !page.isFull, let rows = try reading.nextRows(for: page) {
      for row in 0..<rows.rowCount { try writer.append(rows, row: row, report) }
      reading.rowCount += Int64(rows.rowCount)
      reading.delivered(page.key(ofRow: page.rowCount - 1))
    }
    guard try reading.hasEnded() else { return true }
    reading.isAtEnd = true
    reading.pause()
    try compareWithCount(reading)
    return false
  }

  /// A damaged index hides rows without an error; walking the table itself tells.
  private func compareWithCount(_ reading: Reading) throws {
    guard reading.isWhole else { return }
    let counted = try count(of: reading.plan.entity)
    guard counted != reading.rowCount else { return }
    throw MigrationError(
      .sourceCorrupt, "the table \(reading.plan.entity.table) cannot be read to its end",
      cause: "\(reading.rowCount) rows were read, the table has \(counted): an index and its table disagree",
      safeNow: "the source was not changed", next: ["REINDEX TABLE \(reading.plan.shape.sqlName), then repeat"])
  }

  public func openContent(_ handle: Int) throws -> any ContentReader {
    switch handles[handle] {
    case .value(let value): return try ValueReader(connection, value)
    case .file(let reference, let status):
      var file: File?
      if case .opened(let opened, _) = reference.withUnsafeBytes({ files?.open(reference: $0) }) { file = opened }
      let directory = files
      let examine: () -> FileStatus? = { reference.withUnsafeBytes { directory?.status(reference: $0) } }
      return FileContentReader(file, expected: status, examine: examine) { [weak self] present in
        guard let self, handle < self.handles.count else { return }
        self.handles[handle] = .file(reference: reference, status: present)
      }
    }
  }
}
