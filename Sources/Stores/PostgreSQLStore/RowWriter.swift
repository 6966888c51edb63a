import DurableIO
import NoteModel
import NoteStore

/// Turns rows of a result into rows of a page, and notices what is odd about them.
struct RowWriter {
  /// One value as the server sent it; the pointers live as long as the result.
  private enum Cell {
    case null
    case integer(Int64)
    case real(Double)
    case text(UnsafeRawBufferPointer)
    case bytes(UnsafeRawBufferPointer)
    /// Too long to be read with its row.
    case large(byteCount: Int64, isText: Bool)
    /// An attachment that is only measured.
    case measured(byteCount: Int64)
  }

  private let snapshot: PostgreSQLSnapshot
  private let plan: EntityPlan
  private let page: RecordPage
  private var notes = RowNotes()

  private let measures: Bool
  private let since: Timestamp?

  init(_ snapshot: PostgreSQLSnapshot, _ plan: EntityPlan, _ page: RecordPage, _ mode: Reading.Mode) {
    if case .measuring(let since) = mode {
      (measures, self.since) = (true, since)
    } else {
      (measures, since) = (false, nil)
    }
    self.snapshot = snapshot
    self.plan = plan
    self.page = page
  }

  mutating func append(_ result: QueryResult, row: Int, _ report: (Finding) -> Void) throws {
    page.beginRow()
    notes.begin()
    for column in 0..<plan.steps.count {
      let step = plan.steps[column]
      if step.kind == .file { break }
      let cell = cell(result, row, step)
      if step.isSecret, appendSecret(cell, column, step, result, row, report) { continue }
      append(cell, column, step, result, row)
    }
    if plan.steps.last?.kind == .file { try appendFile(result, row) }
    notes.finish(isExternal: isMet(plan.externalCondition, result, row), in: page, report)
  }

  private func cell(_ result: QueryResult, _ row: Int, _ step: EntityPlan.Step) -> Cell {
    if measures, step.kind == .content, step.type.isBytes, step.length >= 0 {
      return result.isNull(row, step.length) ? .null : .measured(byteCount: result.integer(row, step.length))
    }
    guard !result.isNull(row, step.result) else {
      // A value that was left out has a length.
      guard step.length >= 0, !result.isNull(row, step.length) else { return .null }
      return .large(byteCount: result.integer(row, step.length), isText: !step.type.isBytes)
    }
    return switch step.type {
    case .integer, .boolean: .integer(result.integer(row, step.result))
    case .real: .real(result.real(row, step.result))
    case .bytes: .bytes(result.bytes(row, step.result))
    case .text, .paddedText, .textForm: .text(result.bytes(row, step.result))
    }
  }

  private func isMet(_ condition: Int, _ result: QueryResult, _ row: Int) -> Bool {
    condition >= 0 && result.isTrue(row, condition)
  }

  // MARK: - Values

  private mutating func append(
    _ cell: Cell, _ column: Int, _ step: EntityPlan.Step, _ result: QueryResult, _ row: Int
  ) {
    switch cell {
    case .null:
      // No bytes are as many as none; where a file has them its length is taken instead.
      if step.kind == .content { notes.contentLength = 0 }
      page.appendNull()
    case .integer(let number):
      if step.isSize { notes.size = number }
      page.append(integer: number)
    case .real(let number): page.append(real: number)
    case .text(let bytes):
      if !isValidUTF8(bytes) { notes.note(.textInvalidUTF8, column: column) }
      append(bytes, column, step, isText: true)
    case .bytes(let bytes): append(bytes, column, step, isText: false)
    case .measured(let byteCount):
      notes.contentLength = byteCount
      page.append(unread: byteCount, isSuspect: false, column: column)
    case .large(let byteCount, let isText):
      if step.kind == .content { notes.contentLength = byteCount }
      snapshot.handles.append(
        .value(
          StoredValue(
            result, row, plan, column, byteCount, pageRow: page.rowCount - 1, view: snapshot.view)))
      page.append(contentOf: byteCount, handle: snapshot.handles.count - 1, isText: isText, column: column)
    }
  }

  private mutating func append(
    _ bytes: UnsafeRawBufferPointer, _ column: Int, _ step: EntityPlan.Step, isText: Bool
  ) {
    if step.kind == .content { notes.contentLength = Int64(bytes.count) }
    if step.kind == .content || bytes.count > RecordPage.inlineLimit {
      page.append(content: bytes, isText: isText, column: column)
    } else if isText {
      page.append(text: bytes)
    } else {
      page.append(bytes: bytes)
    }
  }

  /// Appends the `@file` column: null without a reference.
  private mutating func appendFile(_ result: QueryResult, _ row: Int) throws {
    guard isMet(plan.fileCondition, result, row) else {
      page.appendNull()
      return
    }
    let reference = result.bytes(row, plan.reference)
    let snapshot = snapshot
    guard !measures else {
      return notes.measure(file: reference, column: plan.steps.count - 1, to: page, from: snapshot.files, since: since)
    }
    try notes.append(file: reference, column: plan.steps.count - 1, to: page, from: snapshot.files) { status in
      snapshot.handles.append(.file(reference: Array(reference), status: status))
      return snapshot.handles.count - 1
    }
  }

  // MARK: - Secrets

  /// Withholds a value where a rule says so. Returns whether the value was appended here.
  private mutating func appendSecret(
    _ cell: Cell, _ column: Int, _ step: EntityPlan.Step, _ result: QueryResult, _ row: Int,
    _ report: (Finding) -> Void
  ) -> Bool {
    let rules = plan.secrets.filter {
      $0.column == column && ($0.condition < 0 || isMet($0.condition, result, row))
    }
    if case .null = cell {
      guard rules.contains(where: \.hidesNull) else { return false }
      page.appendWithheld()
      return true
    }
    var edited: GrowingBuffer?
    for rule in rules {
      guard let eraser = rule.eraser else {
        page.appendWithheld()
        return reportSecret(column, report)
      }
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
    append(edited.bytes, column, step, isText: true)
    return reportSecret(column, report)
  }

  /// Leaves an empty text of a value that should be JSON and is not, so that nothing secret can be in it.
  private func empty(_ column: Int, _ report: (Finding) -> Void) -> Bool {
    page.append(text: UnsafeRawBufferPointer(start: nil, count: 0))
    return reportSecret(column, report)
  }

  /// Once for each column: which rows are secret is nobody's business.
  private func reportSecret(_ column: Int, _ report: (Finding) -> Void) -> Bool {
    let name = plan.entity.columns[column].name
    guard snapshot.reportedSecrets.insert(plan.entity.name + "." + name).inserted else { return true }
    report(
      Finding(
        .secretWithheld, .info, entity: plan.entity.name, column: name,
        explanation: "values that the profile marks as secret stay in the source"))
    return true
  }
}
