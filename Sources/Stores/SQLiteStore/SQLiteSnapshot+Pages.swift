import CSQLite
import DurableIO
import NoteModel
import NoteStore

// Filling pages: stepping, and what to do when a step fails.
extension SQLiteSnapshot {
  public func startReading(_ entity: Entity, after key: Key?) throws {
    try startReading(entity, after: key, .whole)
  }

  public func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try startReading(entity, after: key, .measuring(since: since))
  }

  public func startGlancing(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try startReading(entity, after: key, .measuring(since: since, isGlance: true))
  }

  public func passesOverColumns(of entity: Entity) -> Bool {
    plans[entity.name].map { !$0.glancingSelection.isEmpty } ?? false
  }

  public func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    try startReading(entity, after: nil, .keys(keys))
  }

  private func startReading(_ entity: Entity, after key: Key?, _ mode: Reading.Mode) throws {
    guard let plan = plans[entity.name] else {
      throw MigrationError(
        .internal, "the store has no entity \(entity.name)", safeNow: "the source was not changed")
    }
    reading = nil
    handles.removeAll(keepingCapacity: true)
    reading = Reading(plan, connection, after: key, mode: mode)
  }

  public func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    handles.removeAll(keepingCapacity: true)
    guard let reading, !reading.isAtEnd else { return false }
    let plan = reading.plan
    var writer = RowWriter(self, plan, page, reading.mode)
    while !page.isFull {
      let statement = try reading.current()
      let result = try reading.step(statement)
      if result == SQLITE_ROW {
        let row = try writer.append(statement, reading.rest, report)
        if plan.isKeyedByRowID { reading.delivered(row: row) }
        continue
      }
      reading.rowCount += Int64(page.rowCount) - writer.counted
      writer.counted = Int64(page.rowCount)
      if !plan.isKeyedByRowID, !page.isEmpty { reading.delivered(key: page.key(ofRow: page.rowCount - 1)) }
      switch result & 0xFF {
      case SQLITE_DONE:
        reading.isAtEnd = true
        reading.pause()
        try compareWithCount(reading)
        return false
      case SQLITE_TOOBIG where plan.rowID >= 0:
        reading.pause()
        try appendOversizedRow(reading, &writer, report)
      case SQLITE_CORRUPT, SQLITE_IOERR:
        let failure = connection.failure("cannot read the table \(plan.entity.table) to its end")
        reading.pause()
        try skipUnreadable(reading, failure, report)
        if reading.isAtEnd { return false }
      default: throw connection.failure("cannot read the table \(plan.entity.table)")
      }
    }
    reading.rowCount += Int64(page.rowCount) - writer.counted
    if !plan.isKeyedByRowID, !page.isEmpty { reading.delivered(key: page.key(ofRow: page.rowCount - 1)) }
    return true
  }

  public func openContent(_ handle: Int) throws -> any ContentReader {
    switch handles[handle] {
    case .value(let table, let column, let row, _):
      return try BlobReader(blobs, connection, table, column, row: row)
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

  /// A table that ends early without an error would be a silent loss; SQLite's own count tells.
  private func compareWithCount(_ reading: Reading) throws {
    guard reading.isWhole, !reading.hasGaps, let counted = try? count(of: reading.plan.entity) else { return }
    guard counted != reading.rowCount else { return }
    throw MigrationError(
      .sourceCorrupt, "the table \(reading.plan.entity.table) cannot be read to its end",
      cause: "\(reading.rowCount) rows were read, SQLite counts \(counted): an index and its table disagree",
      safeNow: "the source was not changed", next: ["run PRAGMA integrity_check on a copy of the store"])
  }

  // MARK: - Values too long to be read with their row

  /// Appends the row behind the last one, value by value.
  private func appendOversizedRow(_ reading: Reading, _ writer: inout RowWriter, _ report: (Finding) -> Void) throws {
    let plan = reading.plan
    let next = try connection.prepare(
      plan.nextKeyStatement(isResumed: reading.hasPosition, isInclusive: reading.isInclusive))
    reading.bindPosition(next)
    guard try next.step() else { throw connection.failure("cannot find the next row of \(plan.entity.table)") }
    let row = next.integer(Int32(plan.keyNames.count))
    try writer.append(oversizedRow: row, report)
    if plan.isKeyedByRowID {
      reading.delivered(row: row)
    } else {
      reading.delivered(key: writer.page.key(ofRow: writer.page.rowCount - 1))
    }
  }

  // MARK: - Corrupt pages

  /// Finds the next row number that can be read, and puts the reading before it.
  ///
  /// At most 130 tries: steps that double until one works, then halving down to the first. Row numbers that lie between
  /// two unreadable places may be given up together.
  private func skipUnreadable(_ reading: Reading, _ failure: MigrationError, _ report: (Finding) -> Void) throws {
    let plan = reading.plan
    guard plan.isKeyedByRowID else { throw failure }
    let probe = try connection.prepare(plan.statement(isResumed: true, isInclusive: true))
    // `nil`: fails; otherwise whether there is a row from `row` on.
    func works(from row: Int64) -> Bool? {
      probe.reset()
      probe.bind(row, at: 1)
      switch probe.rawStep() & 0xFF {
      case SQLITE_ROW, SQLITE_TOOBIG: return true
      case SQLITE_DONE: return false
      default: return nil
      }
    }
    let lowest = try? connection.integer("SELECT min(\(plan.keyNames[0])) FROM \(quoted(plan.entity.table))")
    let first = reading.lastRow ?? lowest.flatMap { $0 }.map { $0 == .min ? $0 : $0 - 1 } ?? 0
    var bad = first
    var good: Int64?
    var step: Int64 = 1
    while good == nil {
      let (candidate, overflow) = first.addingReportingOverflow(step)
      if overflow { break }
      if works(from: candidate) != nil { good = candidate } else { bad = candidate }
      let (doubled, tooFar) = step.multipliedReportingOverflow(by: 2)
      if tooFar { break }
      step = doubled
    }
    let from = reading.lastRow.map { "behind row number \($0)" } ?? "from the first row"
    reading.hasGaps = true
    let total = try? count(of: plan.entity)
    guard var end = good else {
      guard reading.rowCount > 0 else { throw failure }
      let known = total.map { "; \(reading.rowCount) of \($0) were" } ?? ""
      report(unreadable(plan, "rows \(from) to the end cannot be read" + known))
      reading.isAtEnd = true
      return
    }
    while end - bad > 1 {
      let middle = bad + (end - bad) / 2
      if works(from: middle) != nil { end = middle } else { bad = middle }
    }
    let more = works(from: end) == true
    let to = more ? "up to \(end - 1)" : "to the end"
    probe.reset()
    report(unreadable(plan, "rows \(from) \(to) cannot be read: a page of the database is corrupt"))
    reading.goOn(from: end)
    if !more { reading.isAtEnd = true }
  }

  private func unreadable(_ plan: EntityPlan, _ explanation: String) -> Finding {
    Finding(.rowUnreadable, .loss, entity: plan.entity.name, explanation: explanation)
  }
}
