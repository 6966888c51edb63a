import DurableIO
import NoteModel

/// What is noticed about one row while it is read: reported when its key is complete. Begun anew for each row.
public struct RowNotes {
  /// What the row's own size column says.
  public var size: Int64?
  /// How many bytes the attachment has.
  public var contentLength: Int64?
  private var notices: [(kind: Finding.Kind, column: Int)] = []

  public init() {}

  public mutating func begin() {
    notices.removeAll(keepingCapacity: true)
    size = nil
    contentLength = nil
  }

  public mutating func note(_ kind: Finding.Kind, column: Int) { notices.append((kind, column)) }

  /// Reports what was noticed about the page's last row.
  ///
  /// - Parameter isExternal: Whether the bytes lie in another system.
  public mutating func finish(isExternal: Bool, in page: RecordPage, _ report: (Finding) -> Void) {
    let entity = page.entity
    if isExternal {
      notices.append((.attachmentExternal, entity.referenceColumn ?? 0))
    } else if let size, let contentLength, size != contentLength {
      notices.append((.attachmentSizeDiffers, entity.sizeColumn ?? 0))
    }
    guard !notices.isEmpty else { return }
    let key = page.key(ofRow: page.rowCount - 1).description
    for (kind, column) in notices {
      report(
        Finding(
          kind, Self.severity(kind), entity: entity.name, key: key, column: entity.columns[column].name,
          explanation: explanation(kind)))
    }
  }

  private static func severity(_ kind: Finding.Kind) -> Finding.Severity {
    switch kind {
    case .attachmentFileMissing, .attachmentFileUnreadable, .attachmentFileOutside, .attachmentFileUnsettled: .loss
    case .attachmentExternal, .attachmentFileChanged: .info
    default: .warning
    }
  }

  private func explanation(_ kind: Finding.Kind) -> String {
    switch kind {
    case .textInvalidUTF8: "text that is not valid UTF-8; carried byte for byte"
    case .textContainsNUL: "text with a NUL inside; carried byte for byte"
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

// MARK: - Files

extension RowNotes {
  /// Appends the `@file` column: a small file's bytes, or what `handle` gives for a larger one.
  ///
  /// - Parameters:
  ///   - files: `nil` where the store has no data directory, so that every file is missing.
  ///   - handle: The store's number for a content that is streamed later.
  public mutating func append(
    file reference: UnsafeRawBufferPointer, column: Int, to page: RecordPage, from files: LocalFiles?,
    handle: (FileStatus) -> Int
  ) throws {
    var tries = 0
    while true {
      switch files?.open(reference: reference) ?? .missing {
      case .missing: return appendMissing(.attachmentFileMissing, column, to: page)
      case .unreadable: return appendMissing(.attachmentFileUnreadable, column, to: page)
      case .outside: return appendMissing(.attachmentFileOutside, column, to: page)
      case .opened(let file, let status):
        contentLength = status.byteCount
        guard status.byteCount <= Int64(RecordPage.smallContentLimit) else {
          page.append(contentOf: status.byteCount, handle: handle(status), isText: false, column: column)
          return
        }
        guard let length = Self.read(file, status.byteCount, into: page.payload) else {
          return appendMissing(.attachmentFileUnreadable, column, to: page)
        }
        tries += 1
        let isSettled =
          length == status.byteCount && files?.status(reference: reference) == status
          && (try? file.status()) == status
        let end = page.payload.count
        let start = end - Int(min(length, status.byteCount))
        if isSettled || tries > 3 {
          if tries > 1 { note(isSettled ? .attachmentFileChanged : .attachmentFileUnsettled, column: column) }
          contentLength = Int64(end - start)
          page.appendContent(
            byteCount: Int64(end - start), isText: false, column: column, place: .payload(start..<end))
          return
        }
        page.payload.truncate(to: start)
      }
    }
  }

  /// Appends the `@file` column with the length of the file alone.
  public mutating func measure(
    file reference: UnsafeRawBufferPointer, column: Int, to page: RecordPage, from files: LocalFiles?,
    since: Timestamp?
  ) {
    switch files?.open(reference: reference) ?? .missing {
    case .missing: appendMissing(.attachmentFileMissing, column, to: page)
    case .unreadable: appendMissing(.attachmentFileUnreadable, column, to: page)
    case .outside: appendMissing(.attachmentFileOutside, column, to: page)
    case .opened(_, let status):
      contentLength = status.byteCount
      page.append(
        unread: status.byteCount, isSuspect: since.map { status.mayHaveChanged(since: $0) } ?? true, column: column)
    }
  }

  /// Reads a file to the end of the buffer. Returns how many bytes it has, which is one more than promised for a file that
  /// grew; `nil` when it cannot be read.
  private static func read(_ file: File, _ promised: Int64, into buffer: GrowingBuffer) -> Int64? {
    let start = buffer.count
    var length = 0
    do {
      try buffer.appendUninitialized(Int(promised) + 1) {
        length = try file.read(into: $0, at: 0)
        return min(length, Int(promised))
      }
    } catch {
      buffer.truncate(to: start)
      return nil
    }
    return Int64(length)
  }

  private mutating func appendMissing(_ kind: Finding.Kind, _ column: Int, to page: RecordPage) {
    contentLength = nil
    note(kind, column: column)
    page.appendMissing()
  }
}
