import CSQLite
import DurableIO
import NoteModel
import NoteStore

/// Turns rows of a statement into rows of a page, and notices what is odd about them.
struct RowWriter {
  /// One value as SQLite holds it; the pointers live until the next step.
  enum Cell {
    case null
    case integer(Int64)
    case real(Double)
    case text(UnsafeRawBufferPointer)
    case bytes(UnsafeRawBufferPointer)
    /// Too long for memory; streamed by the row number.
    case large(byteCount: Int64, isText: Bool)
    /// An attachment that is only measured.
    case measured(byteCount: Int64)
  }

  let page: RecordPage
  /// Rows that the caller has added to its count.
  var counted: Int64 = 0
  private let snapshot: SQLiteSnapshot
  private let plan: EntityPlan
  /// What was noticed about the row; reported when its key is complete.
  private var notices: [(kind: Finding.Kind, column: Int)] = []
  private var size: Int64?
  private var contentLength: Int64?
  private let measures: Bool
  private let since: Timestamp?

  init(_ snapshot: SQLiteSnapshot, _ plan: EntityPlan, _ page: RecordPage, _ mode: Reading.Mode) {
    if case .measuring(let since, _) = mode {
      (measures, self.since) = (true, since)
    } else {
      (measures, since) = (false, nil)
    }
    self.snapshot = snapshot
    self.plan = plan
    self.page = page
    counted = Int64(page.rowCount)
  }

  /// Appends the statement's present row; `rest` stands on the same one.
  ///
  /// - Returns: The row's number; 0 where it has none.
  mutating func append(_ statement: Statement, _ rest: Statement?, _ report: (Finding) -> Void) throws -> Int64 {
    begin()
    let first = plan.firstOfRest
    func extra(_ result: Int32) -> Int64 {
      if let rest { rest.integer(result - first) } else { statement.integer(result) }
    }
    let row = plan.rowID >= 0 ? extra(plan.rowID) : 0
    for column in 0..<plan.steps.count {
      let step = plan.steps[column]
      if step.kind == .file { break }
      var cell = step.result == plan.rowID ? .integer(row) : cell(statement, step.result)
      if step.kind == .content {
        let length = extra(step.length)
        if measures, length >= 0 {
          cell = .measured(byteCount: length)
        } else if length > Int64(RecordPage.smallContentLimit) {
          cell = .large(byteCount: length, isText: false)
        }
      }
      if step.isSecret, appendSecret(cell, column, step, row, report, { extra($0) == 1 }) { continue }
      append(cell, column, step, row)
    }
    let isExternal = plan.externalCondition >= 0 && extra(plan.externalCondition) == 1
    if plan.steps.last?.kind == .file {
      let isFile = plan.fileCondition >= 0 && extra(plan.fileCondition) == 1
      try appendFile(isFile ? statement.bytes(plan.reference) : nil, report)
    }
    finish(isExternal, report)
    return row
  }

  @inline(__always)
  private func cell(_ statement: Statement, _ result: Int32) -> Cell {
    switch statement.type(result) {
    case SQLITE_INTEGER: .integer(statement.integer(result))
    case SQLITE_TEXT: .text(statement.bytes(result))
    case SQLITE_BLOB: .bytes(statement.bytes(result))
    case SQLITE_FLOAT: .real(statement.real(result))
    default: .null
    }
  }

  private mutating func begin() {
    page.beginRow()
    notices.removeAll(keepingCapacity: true)
    size = nil
    contentLength = nil
  }

  // MARK: - Values

  @inline(__always)
  private mutating func append(_ cell: Cell, _ column: Int, _ step: EntityPlan.Step, _ row: Int64) {
    switch cell {
    case .null:
      // No bytes are as many as none; where a file has them its length is taken instead.
      if step.kind == .content { contentLength = 0 }
      page.appendNull()
    case .integer(let number):
      if step.isSize { size = number }
      if step.affinity == .blob { notices.append((.valueTypeDiffers, column)) }
      page.append(integer: number)
    case .real(let number):
      if step.affinity.contradicts(SQLITE_FLOAT) { notices.append((.valueTypeDiffers, column)) }
      page.append(real: number)
    case .text(let bytes):
      if step.affinity.contradicts(SQLITE_TEXT) { notices.append((.valueTypeDiffers, column)) }
      if step.isText {
        if containsNUL(bytes) { notices.append((.textContainsNUL, column)) }
        if !isValidUTF8(bytes) { notices.append((.textInvalidUTF8, column)) }
      }
      if step.kind == .content { contentLength = Int64(bytes.count) }
      if step.kind == .content || bytes.count > RecordPage.inlineLimit {
        append(outside: bytes, isText: true, column, row)
      } else {
        page.append(text: bytes)
      }
    case .bytes(let bytes):
      if step.affinity.contradicts(SQLITE_BLOB) { notices.append((.valueTypeDiffers, column)) }
      if step.kind == .content { contentLength = Int64(bytes.count) }
      if step.kind == .content || bytes.count > RecordPage.inlineLimit {
        append(outside: bytes, isText: false, column, row)
      } else {
        page.append(bytes: bytes)
      }
    case .measured(let byteCount):
      contentLength = byteCount
      page.append(unread: byteCount, isSuspect: false, column: column)
    case .large(let byteCount, let isText):
      if step.affinity.contradicts(isText ? SQLITE_TEXT : SQLITE_BLOB) { notices.append((.valueTypeDiffers, column)) }
      if step.kind == .content { contentLength = byteCount }
      append(streamed: byteCount, isText: isText, column, row)
    }
  }

  /// A content: buffered while it is small, or where the table has no row numbers to stream it by.
  private func append(outside bytes: UnsafeRawBufferPointer, isText: Bool, _ column: Int, _ row: Int64) {
    if bytes.count <= RecordPage.smallContentLimit || plan.rowID < 0 {
      page.append(content: bytes, isText: isText, column: column)
    } else {
      append(streamed: Int64(bytes.count), isText: isText, column, row)
    }
  }

  private func append(streamed byteCount: Int64, isText: Bool, _ column: Int, _ row: Int64) {
    snapshot.handles.append(
      .value(
        table: plan.entity.table, column: plan.entity.columns[column].name, row: row, byteCount: byteCount))
    page.append(contentOf: byteCount, handle: snapshot.handles.count - 1, isText: isText, column: column)
  }

  // MARK: - Rows with a value too long to be read together

  /// Appends a row value by value, longer ones by their length alone. Text that is streamed is not looked into.
  mutating func append(oversizedRow row: Int64, _ report: (Finding) -> Void) throws {
    let connection = snapshot.connection
    let plan = plan
    let table = quoted(plan.entity.table)
    let place = "FROM \(table) WHERE \(plan.shape.rowIDName!) = \(row)"
    let names = plan.entity.columns.map { $0.kind == .plain || $0.kind == .content ? quoted($0.name) : "" }
    let asked = names.filter { !$0.isEmpty }.map { "typeof(\($0))" }
    let types = try connection.prepare("SELECT \(asked.joined(separator: ", ")) \(place)")
    guard try types.step() else { throw connection.failure("cannot find row number \(row) of \(plan.entity.table)") }
    var reference: [UInt8]?
    let scratch = GrowingBuffer(capacity: 4096)
    // A condition that cannot be evaluated because of its length does not hold, except that a secret stays one.
    func isMet(_ result: Int32, otherwise: Bool) -> Bool {
      guard let condition = plan.conditions.first(where: { $0.result == result }) else { return false }
      return ((try? connection.integer("SELECT \(condition.expression) \(place)")) ?? (otherwise ? 1 : 0)) == 1
    }
    begin()
    var type: Int32 = 0
    for column in plan.steps.indices {
      let step = plan.steps[column]
      if step.kind == .file { break }
      let cell: Cell
      if step.kind == .rowNumber {
        cell = .integer(row)
      } else {
        defer { type += 1 }
        switch types.text(type) {
        case "integer": cell = .integer(try connection.integer("SELECT \(names[column]) \(place)") ?? 0)
        case "real":
          let value = try connection.prepare("SELECT \(names[column]) \(place)")
          _ = try value.step()
          cell = .real(value.real(0))
        case "text": cell = try pieces(column, row, isText: true, scratch)
        case "blob": cell = try pieces(column, row, isText: false, scratch)
        default: cell = .null
        }
      }
      if column == plan.entity.referenceColumn {
        switch cell {
        case .text(let bytes), .bytes(let bytes): reference = Array(bytes)
        default: break
        }
      }
      if step.isSecret, appendSecret(cell, column, step, row, report, { isMet($0, otherwise: true) }) { continue }
      append(cell, column, step, row)
    }
    if plan.steps.last?.kind == .file {
      if isMet(plan.fileCondition, otherwise: false) {
        try (reference ?? []).withUnsafeBytes { try appendFile($0, report) }
      } else {
        try appendFile(nil, report)
      }
    }
    finish(isMet(plan.externalCondition, otherwise: false), report)
  }

  /// A text or blob by its handle: whole while it is small, else its length.
  private func pieces(_ column: Int, _ row: Int64, isText: Bool, _ scratch: GrowingBuffer) throws -> Cell {
    let name = plan.entity.columns[column].name
    let reader = try BlobReader(snapshot.blobs, snapshot.connection, plan.entity.table, name, row: row)
    if reader.byteCount > Int64(RecordPage.smallContentLimit) {
      return .large(byteCount: reader.byteCount, isText: isText)
    }
    scratch.removeAll()
    try scratch.appendUninitialized(Int(reader.byteCount)) { try reader.read(into: $0) }
    return isText ? .text(scratch.bytes) : .bytes(scratch.bytes)
  }

  // MARK: - Secrets

  /// Withholds a value where a rule says so. Returns whether the value was appended here.
  private mutating func appendSecret(
    _ cell: Cell, _ column: Int, _ step: EntityPlan.Step, _ row: Int64, _ report: (Finding) -> Void,
    _ isMet: (Int32) -> Bool
  ) -> Bool {
    if case .null = cell {
      let isHidden = plan.secrets.contains {
        $0.column == column && $0.hidesNull && ($0.condition < 0 || isMet($0.condition))
      }
      if isHidden { page.appendWithheld() }
      return isHidden
    }
    var edited: GrowingBuffer?
    for rule in plan.secrets where rule.column == column && (rule.condition < 0 || isMet(rule.condition)) {
      guard let eraser = rule.eraser else { return withhold(column, report) }
      guard case .text(let original) = cell else { return empty(column, report) }
      let text = edited?.bytes ?? original
      let next = GrowingBuffer(capacity: text.count + 2)
      switch eraser.erase(in: text, to: next) {
      case .absent: continue
      case .unreadable: return empty(column, report)
      case .erased: edited = next
      }
    }
    guard let edited else { return false }
    reportSecret(column, report)
    // The edited text exists only here, so it cannot be streamed from the store.
    if step.kind == .content || edited.count > RecordPage.inlineLimit {
      page.append(content: edited.bytes, isText: true, column: column)
    } else {
      page.append(text: edited.bytes)
    }
    return true
  }

  private func withhold(_ column: Int, _ report: (Finding) -> Void) -> Bool {
    page.appendWithheld()
    reportSecret(column, report)
    return true
  }

  /// Leaves an empty text of a value that should be JSON and is not, so that nothing secret can be in it.
  ///
  /// Not a withheld value: what a target puts in its place, an empty text or a default, has no secret member, so it would
  /// not be withheld when it is read back, and the two would differ.
  private func empty(_ column: Int, _ report: (Finding) -> Void) -> Bool {
    page.append(text: UnsafeRawBufferPointer(start: nil, count: 0))
    reportSecret(column, report)
    return true
  }

  /// Once for each column: which rows are secret is nobody's business.
  private func reportSecret(_ column: Int, _ report: (Finding) -> Void) {
    let name = plan.entity.columns[column].name
    guard snapshot.reportedSecrets.insert(plan.entity.name + "." + name).inserted else { return }
    report(
      Finding(
        .secretWithheld, .info, entity: plan.entity.name, column: name,
        explanation: "values that the profile marks as secret stay in the source"))
  }

  // MARK: - Files

  /// Appends the `@file` column: null without a reference, a small file's bytes, or a handle.
  private mutating func appendFile(_ reference: UnsafeRawBufferPointer?, _ report: (Finding) -> Void) throws {
    guard let reference else {
      page.appendNull()
      return
    }
    let column = plan.steps.count - 1
    var tries = 0
    while true {
      switch snapshot.files?.open(reference: reference) ?? .missing {
      case .missing: return missing(.attachmentFileMissing, column)
      case .unreadable: return missing(.attachmentFileUnreadable, column)
      case .outside: return missing(.attachmentFileOutside, column)
      case .opened(let file, let status):
        contentLength = status.byteCount
        if measures {
          let isSuspect = since.map { status.mayHaveChanged(since: $0) } ?? true
          return page.append(unread: status.byteCount, isSuspect: isSuspect, column: column)
        }
        guard status.byteCount <= Int64(RecordPage.smallContentLimit) else {
          snapshot.handles.append(.file(reference: Array(reference), status: status))
          page.append(
            contentOf: status.byteCount, handle: snapshot.handles.count - 1, isText: false, column: column)
          return
        }
        let start = page.payload.count
        var length = 0
        do {
          // One byte more than promised tells a file that grew.
          try page.payload.appendUninitialized(Int(status.byteCount) + 1) {
            length = try file.read(into: $0, at: 0)
            return min(length, Int(status.byteCount))
          }
        } catch {
          page.payload.truncate(to: start)
          return missing(.attachmentFileUnreadable, column)
        }
        tries += 1
        let isSettled =
          length == Int(status.byteCount) && snapshot.files?.status(reference: reference) == status
          && (try? file.status()) == status
        if isSettled || tries > 3 {
          if tries > 1 { notices.append((isSettled ? .attachmentFileChanged : .attachmentFileUnsettled, column)) }
          let end = page.payload.count
          contentLength = Int64(end - start)
          page.appendContent(
            byteCount: Int64(end - start), isText: false, column: column, place: .payload(start..<end))
          return
        }
        page.payload.truncate(to: start)
      }
    }
  }

  private mutating func missing(_ kind: Finding.Kind, _ column: Int) {
    contentLength = nil
    notices.append((kind, column))
    page.appendMissing()
  }

  // MARK: - Findings

  private mutating func finish(_ isExternal: Bool, _ report: (Finding) -> Void) {
    if isExternal {
      notices.append((.attachmentExternal, plan.entity.referenceColumn ?? 0))
    } else if let size, let contentLength, size != contentLength {
      notices.append((.attachmentSizeDiffers, plan.entity.sizeColumn ?? 0))
    }
    guard !notices.isEmpty else { return }
    let key = page.key(ofRow: page.rowCount - 1).description
    for (kind, column) in notices {
      report(
        Finding(
          kind, kind.severity, entity: plan.entity.name, key: key, column: plan.entity.columns[column].name,
          explanation: explanation(kind, column)))
    }
  }

  private func explanation(_ kind: Finding.Kind, _ column: Int) -> String {
    switch kind {
    case .textInvalidUTF8: "text that is not valid UTF-8; carried byte for byte"
    case .textContainsNUL: "text with a NUL inside; carried byte for byte"
    case .valueTypeDiffers:
      "a value of another type than the declared \(plan.entity.columns[column].declaredType); carried as it is"
    case .attachmentSizeDiffers: "the size column says \(size ?? 0), the bytes are \(contentLength ?? 0)"
    case .attachmentExternal: "the bytes lie in another system; the reference is carried"
    case .attachmentFileMissing: "the file does not exist in the data directory"
    case .attachmentFileUnreadable: "the file exists and cannot be read"
    case .attachmentFileOutside: "the reference leads out of the data directory, so it was not followed"
    case .attachmentFileChanged: "the file changed while it was read, and was read again"
    case .attachmentFileUnsettled: "the file changed on every try; the last \(contentLength ?? 0) bytes are carried"
    default: kind.rawValue
    }
  }
}

extension Finding.Kind {
  /// How bad it is when it is met on a row.
  fileprivate var severity: Finding.Severity {
    switch self {
    case .attachmentFileMissing, .attachmentFileUnreadable, .attachmentFileOutside, .attachmentFileUnsettled: .loss
    case .attachmentExternal, .attachmentFileChanged: .info
    default: .warning
    }
  }
}
