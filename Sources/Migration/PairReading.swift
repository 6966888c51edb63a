import DurableIO
import NoteModel
import NoteStore

/// Reads one entity of two nodes in key order: each row of the base, and of the other node what is asked for.
final class PairReading {
  /// A node that is read, and the rows of its last page that were not used yet.
  private final class Input {
    let node: PairNode
    let entity: Entity
    var page: RecordPage?
    var row = 0
    var hasMore = true
    /// Whether contents of its page are still to be opened, so that the page must stay.
    var isHeld = false
    /// What was noticed about rows of the page, by key.
    var findings: [String: [Finding]] = [:]

    init(_ node: PairNode, _ entity: Entity) {
      self.node = node
      self.entity = entity
    }

    var key: Key? { page.flatMap { row < $0.rowCount ? $0.key(ofRow: row) : nil } }
  }

  /// What is asked of both nodes.
  enum Mode {
    case whole
    case measuring(since: Timestamp?)
    case keys(() throws -> Key?)
  }

  private let mode: Mode
  /// The keys that both nodes are asked for now.
  private var wanted: [Key] = []
  /// How many keys are asked for at once.
  private static let wantedLimit = 1000
  private let base: Input
  private let other: Input
  private let isWanted: (_ page: RecordPage, _ row: Int, _ isKnown: Bool) -> Bool
  /// The last row that was used or passed over.
  private var last: Key?
  private var handles: [(input: Input, handle: Int)] = []

  /// - Parameter isWanted: Whether a row of the other node is taken; of one that the base has too, instead of the base's.
  init(
    _ base: PairNode, _ entity: Entity, _ other: PairNode, _ otherEntity: Entity, after key: Key?,
    mode: Mode = .whole, isWanted: @escaping (_ page: RecordPage, _ row: Int, _ isKnown: Bool) -> Bool
  ) throws {
    self.base = Input(base, entity)
    self.other = Input(other, otherEntity)
    self.isWanted = isWanted
    self.mode = mode
    last = key
    if case .keys = mode { _ = try askForMore() } else { try restart() }
  }

  /// Begins again behind the last row, in views that were renewed.
  func restart() throws {
    for input in [base, other] {
      input.page?.removeAll()
      input.row = 0
      input.hasMore = true
      input.isHeld = false
      input.findings.removeAll()
      try input.node.named {
        switch mode {
        case .whole: try input.node.snapshot.startReading(input.entity, after: last)
        case .measuring(let since):
          try input.node.snapshot.startMeasuring(input.entity, after: last, since: since)
        case .keys:
          var rest = wanted.filter { key in last.map { key > $0 } ?? true }.makeIterator()
          try input.node.snapshot.startReading(input.entity) { rest.next() }
        }
      }
    }
  }

  /// Asks both nodes for the next rows, where rows are read by their keys.
  private func askForMore() throws -> Bool {
    guard case .keys(let next) = mode else { return false }
    wanted.removeAll(keepingCapacity: true)
    while wanted.count < Self.wantedLimit, let key = try next() { wanted.append(key) }
    guard !wanted.isEmpty else { return false }
    try restart()
    return true
  }

  /// Fills a page; it ends early where a node's own page ends whose contents are still to be opened.
  func read(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    handles.removeAll(keepingCapacity: true)
    base.isHeld = false
    other.isHeld = false
    while !page.isFull {
      guard try fill(base, page, report), try fill(other, page, report) else { return true }
      switch (base.key, other.key) {
      case (nil, nil):
        if base.isHeld || other.isHeld, case .keys = mode { return true }
        guard try askForMore() else { return false }
      case (let key?, nil): take(base, key, into: page, report)
      case (nil, let key?): take(other, key, isKnown: false, into: page, report)
      case (let key?, let twin?):
        if key < twin {
          take(base, key, into: page, report)
        } else if twin < key {
          take(other, twin, isKnown: false, into: page, report)
        } else {
          // Both have it, and one of them is used.
          let isOthers = isWanted(other.page!, other.row, true)
          take(isOthers ? other : base, key, into: page, report)
          (isOthers ? base : other).row += 1
        }
      }
    }
    return true
  }

  func openContent(_ handle: Int) throws -> any ContentReader {
    let (input, handle) = handles[handle]
    return try input.node.named { try input.node.snapshot.openContent(handle) }
  }

  /// Reads the next page of a node where its last one is used up.
  ///
  /// - Returns: Whether the reading can go on; else the page that is being filled must end here.
  private func fill(_ input: Input, _ output: RecordPage, _ report: (Finding) -> Void) throws -> Bool {
    while input.key == nil, input.hasMore {
      if input.isHeld { return false }
      let page = input.page ?? RecordPage(entity: input.entity, algorithm: output.algorithm)
      input.page = page
      page.removeAll()
      input.row = 0
      input.findings.removeAll()
      try input.node.named {
        input.hasMore = try input.node.snapshot.readPage(into: page) { finding in
          if finding.key.isEmpty || finding.kind == .rowUnreadable {
            report(finding)
          } else {
            input.findings[finding.key, default: []].append(finding)
          }
        }
      }
      // Its view must be renewed first.
      if page.isEmpty, input.hasMore { return false }
    }
    return true
  }

  private func take(
    _ input: Input, _ key: Key, isKnown: Bool, into page: RecordPage, _ report: (Finding) -> Void
  ) {
    if isWanted(input.page!, input.row, isKnown) {
      take(input, key, into: page, report)
    } else {
      input.row += 1
      last = key
    }
  }

  private func take(_ input: Input, _ key: Key, into page: RecordPage, _ report: (Finding) -> Void) {
    page.append(row: input.row, of: input.page!) { handle in
      handles.append((input, handle))
      input.isHeld = true
      return handles.count - 1
    }
    for finding in input.findings[key.description] ?? [] { report(finding) }
    input.row += 1
    last = key
  }
}

extension RecordPage {
  /// Appends a row of another page, with its contents.
  ///
  /// - Parameter handle: The new number of a content that is streamed from a store.
  func append(row: Int, of other: RecordPage, handle: (Int) -> Int) {
    beginRow()
    var reader = RecordReader(other.row(row))
    var next = other.contentRange(ofRow: row).lowerBound
    for column in other.entity.columns.indices {
      guard let value = reader.next() else { break }
      guard case .content(let byteCount, let digest, let isText) = value else {
        append(value, column: column)
        continue
      }
      switch other.contents[next].place {
      case .payload(let range): append(content: other.payload.slice(range), isText: isText, column: column)
      case .store(let number):
        append(contentOf: byteCount, handle: handle(number), isText: isText, column: column)
      case .unread(let isSuspect): append(unread: byteCount, isSuspect: isSuspect, column: column)
      case .sameAs: append(.content(byteCount: byteCount, digest: digest, isText: isText), column: column)
      }
      next += 1
    }
  }
}
