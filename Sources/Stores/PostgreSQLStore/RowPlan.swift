import NoteModel
import NoteStore

/// What is sent for one row, field by field.
struct RowPlan {
  enum Source {
    case value(ValueView)
    case supplied(UnsafeRawBufferPointer)
    case stream(byteCount: Int64)
    /// Bytes that follow and become a file beside the server.
    case file(byteCount: Int64)
  }

  /// What becomes of the row's file, when that is known with the row.
  enum FileAction {
    case write(UnsafeRawBufferPointer)
    case copy(Key)
    case remove
  }

  struct Field {
    var column: Int
    var source: Source
    /// The position among the row's supplies.
    var supply = -1

    var byteCount: Int64 {
      switch source {
      case .stream(let count), .file(let count): count
      case .value, .supplied: 0
      }
    }
  }

  /// The longest value that the server takes, in bytes: one allocation of 1 GiB less what a row needs besides.
  static let valueLimit: Int64 = 1_073_741_700

  var key: Key
  var fields: [Field] = []
  /// Columns that keep what the target has.
  var left: [Int] = []
  /// Contents that are copied from other rows when this one is there.
  var shared: [(column: Int, key: Key)] = []
  var files: [FileAction] = []

  init(
    _ row: Int, of page: RecordPage, supplies: [ContentSupply], stage: Stage, key: Key, hasFiles: Bool
  ) throws {
    self.key = key
    let entity = page.entity
    var reader = RecordReader(page.row(row))
    var supply = 0
    fields.reserveCapacity(entity.columns.count)
    for column in entity.columns.indices {
      guard let value = reader.next() else { break }
      switch value {
      case .withheld: left.append(column)
      case .missing: if stage.forms[column] != nil { fields.append(lost(column, stage)) }
      case .content(let byteCount, _, let isText):
        guard supply < supplies.count else { throw Self.misses(entity, key) }
        defer { supply += 1 }
        if entity.columns[column].kind == .file {
          guard hasFiles else { throw Self.misses(entity, key) }
          add(file: supplies[supply], column, supply, byteCount)
          continue
        }
        guard let form = stage.forms[column] else { throw Self.misses(entity, key) }
        var field = Field(column: column, source: .value(.null), supply: supply)
        switch supplies[supply] {
        case .lost: field = lost(column, stage)
        case .sameAs(let other):
          left.append(column)
          if other != key { shared.append((column, other)) }
          continue
        case .bytes(let bytes): field.source = .supplied(bytes)
        case .stream: field.source = .stream(byteCount: byteCount)
        }
        if case .value = field.source {
        } else if !form.takes(text: isText) || byteCount > form.lengthLimit {
          throw MigrationError(
            .targetRefusedRow, "the target refuses a row of \(entity.name), key \(key.description)",
            cause: "\(byteCount) bytes do not go into its column \(entity.columns[column].name)",
            safeNow: "what was committed before stays; the source and the archive are untouched")
        }
        fields.append(field)
      default: if stage.forms[column] != nil { fields.append(Field(column: column, source: .value(value))) }
      }
    }
  }

  /// A file is the last column, so its bytes come when the row is sent.
  private mutating func add(file supply: ContentSupply, _ column: Int, _ place: Int, _ byteCount: Int64) {
    switch supply {
    case .bytes(let bytes): files.append(.write(bytes))
    case .stream: fields.append(Field(column: column, source: .file(byteCount: byteCount), supply: place))
    case .sameAs(let other): if other != key { files.append(.copy(other)) }
    case .lost: files.append(.remove)
    }
  }

  private func lost(_ column: Int, _ stage: Stage) -> Field {
    let isNullable = stage.table.column(stage.entity.columns[column].name)?.isNullable ?? true
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    return Field(column: column, source: isNullable ? .value(.null) : .supplied(nothing))
  }

  private static func misses(_ entity: Entity, _ key: Key) -> MigrationError {
    MigrationError(
      .targetMismatch, "a content of \(entity.name), key \(key.description), has no place in the target",
      cause: "it is a file, and the target has no data directory",
      safeNow: "what was committed before stays; the source and the archive are untouched",
      next: ["name the product's data directory: ?data=DIRECTORY"])
  }
}

/// A row that is being sent.
struct PendingContents {
  var stage: Stage
  var page: RecordPage
  var row: Int
  var plan: RowPlan
  var isStreamed: Bool
  /// The field that is sent next.
  var next = 0
  var isOpen = false
  var written: Int64 = 0
  /// The file that is being written.
  var file: (pending: PendingFile, path: [UInt8])?

  var isAtEnd: Bool { next == plan.fields.count }
}
