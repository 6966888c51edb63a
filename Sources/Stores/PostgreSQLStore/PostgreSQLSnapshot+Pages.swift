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
    self.page = page
    interruptions = 0
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
    case .value(let value):
      let present = try located(value)
      handles[handle] = .value(present)
      return ValueReader(connection, present) { [weak self] in
        // The content is read again from its beginning, in another view.
        guard let self, case .value(let value) = self.handles[handle] else { return value.byteCount }
        self.wasTaken = true
        self.interruptions += 1
        guard self.interruptions < 3 else { throw self.moved("it did so \(self.interruptions) times") }
        let found = try self.located(value)
        self.handles[handle] = .value(found)
        return found.byteCount
      }
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

  /// A value of the last page where it is in the present view. A standby that must go on replaying takes views away also
  /// between a row and its long values.
  ///
  /// - Throws: `.storeLost` when the row has gone or its value has another length, so that the page must be read again.
  private func located(_ value: StoredValue) throws -> StoredValue {
    if wasTaken {
      try takeAnotherWithinPage()
      wasTaken = false
    }
    guard value.view != view else { return value }
    guard let plan = reading?.plan, let page, let statement = plan.place(ofColumn: value.index) else {
      throw moved("the row has no key")
    }
    let rows = try connection.query(statement, plan.parameters(page.key(ofRow: value.pageRow)))
    guard rows.rowCount == 1, !rows.isNull(0, 2), rows.integer(0, 2) == value.byteCount else {
      throw moved("its row was changed meanwhile")
    }
    return StoredValue(rows, 0, plan, value.index, value.byteCount, pageRow: value.pageRow, view: view)
  }

  private func moved(_ cause: String) -> MigrationError {
    MigrationError(
      .storeLost, "the standby took the view away while a long value was read",
      cause: "\(connection.name): \(cause)", safeNow: "the source was not changed",
      next: ["repeat the same command: it goes on where it stopped", "or read the primary server"])
  }
}
