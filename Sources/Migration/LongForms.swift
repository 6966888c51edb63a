import DurableIO
import NoteModel
import NoteStore

/// Brings values of more than 256 KiB into the forms of a target of another engine.
///
/// A server must know how long a value is before its first byte. So such a value waits in a file until all of it has
/// come, is looked at on the way, and its row is applied when it is known what the row holds. Values that any column
/// holds, such as attachments, do not wait unless their row has one of these.
///
/// Memory: 1 MiB of each value of one row, what is more waits in a file; a JSON text as a whole, up to `documentLimit`.
/// Used by one thread.
final class LongForms {
  /// The longest JSON text that is brought into a form, in bytes; a longer one becomes null, or an empty JSON string.
  static let documentLimit: Int64 = 64 << 20

  /// A value as the target gets it.
  private struct Held {
    var content: Int
    var original: Spool
    /// nil: as it came.
    var formed: Spool?
  }

  private let directory: String
  private let repairs: ImportRepairs
  private var forms: [ValueForm] = []
  private var entity: Entity?
  private let formsOf: (Entity) throws -> [ValueForm]
  private var held: [Held] = []
  private var open: (index: Int, form: ValueForm)?
  /// What became of texts that later rows may share, by the member's path.
  private var known: [String: (value: RowValue, isSubstitute: Bool, key: Key)] = [:]
  /// How many are remembered, and how many of those that became short enough to stand in their row.
  private static let (knownLimit, shortLimit) = (4096, 64)
  private var shortCount = 0

  init(directory: String, _ repairs: ImportRepairs, forms: @escaping (Entity) throws -> [ValueForm]) {
    self.directory = directory
    self.repairs = repairs
    formsOf = forms
  }

  private func form(of content: RecordPage.Content, in page: RecordPage) throws -> ValueForm? {
    if entity != page.entity {
      forms = try formsOf(page.entity)
      entity = page.entity
      known.removeAll()
      shortCount = 0
    }
    let form = forms[content.column]
    switch form.kind {
    case .any, .bytes, .seconds: return nil
    default: return form
    }
  }

  /// Whether a row must wait for its contents.
  func isNeeded(_ group: ReceivedGroup, contents: Range<Int>) throws -> Bool {
    try contents.contains { try group.isOwn[$0] && form(of: group.page.contents[$0], in: group.page) != nil }
  }

  // MARK: - One content

  func begin(_ group: ReceivedGroup, content index: Int) throws {
    let spool = Spool(directory: directory, memoryLimit: 1 << 20)
    held.append(Held(content: index, original: spool))
    guard let form = try form(of: group.page.contents[index], in: group.page) else { return }
    open = (index, form)
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws { try held[held.count - 1].original.append(bytes) }

  /// Ends the content and sets what its row holds.
  func end(_ group: ReceivedGroup) throws {
    guard let (index, form) = open else { return }
    open = nil
    let content = group.page.contents[index]
    let found = try value(of: held[held.count - 1].original, as: form, isText: content.isText, group.page.algorithm)
    guard let found else { return }
    held[held.count - 1].formed = found.spool
    group.repaired.form(row: content.row, of: group.page, values: [(content.column, found.value)])
    if repairs.longFormed.row != content.row { repairs.longFormed = (content.row, []) }
    repairs.longFormed.values.append((content.column, found.value))
    remember(found.value, found.isSubstitute, content, group.page)
    guard found.isSubstitute, !group.setAside.contains(content.row) else { return }
    repairs.kept.substitute(row: content.row, column: content.column, of: group, held[held.count - 1].original)
  }

  private func remember(
    _ value: RowValue, _ isSubstitute: Bool, _ content: RecordPage.Content, _ page: RecordPage
  ) {
    guard content.byteCount <= Int64(RecordPage.smallContentLimit), known.count < Self.knownLimit else { return }
    if case .formed(.text) = value {
      guard shortCount < Self.shortLimit else { return }
      shortCount += 1
    }
    known[content.path] = (value, isSubstitute, page.key(ofRow: content.row))
  }

  /// Sets what a row holds of the contents that it shares with earlier ones.
  func share(_ group: ReceivedGroup, contents: Range<Int>) throws {
    for index in contents where !group.isOwn[index] {
      let content = group.page.contents[index]
      guard let form = try form(of: content, in: group.page), !group.setAside.contains(content.row) else { continue }
      guard let (value, isSubstitute, key) = known[content.path] else {
        // Bytes that are text as they are.
        guard !content.isText, case .text = form.kind else { continue }
        group.repaired.form(
          row: content.row, of: group.page, values: [(content.column, .relabelled(isText: true))])
        continue
      }
      group.repaired.form(row: content.row, of: group.page, values: [(content.column, value)])
      if isSubstitute { repairs.kept.substitute(row: content.row, column: content.column, of: group, sameAs: key) }
    }
  }

  /// Hands over a content as the target gets it.
  func eachPiece(ofContent index: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let held = held.first(where: { $0.content == index }) else { return }
    try (held.formed ?? held.original).read(body)
  }

  func removeAll() {
    held.removeAll()
    open = nil
  }

  // MARK: - Forms

  /// What the target holds of a value.
  ///
  /// - Returns: nil where that is the value.
  private func value(
    of original: Spool, as form: ValueForm, isText: Bool, _ algorithm: DigestAlgorithm
  ) throws -> (value: RowValue, spool: Spool?, isSubstitute: Bool)? {
    guard case .text(let text) = form.kind else {
      // No number and no time is as long as that.
      guard case .substitute(let value) = form.outcome(of: .bytes(.init(start: nil, count: 0))) else { return nil }
      return (.value(value), nil, true)
    }
    if text == .unicode { return try marked(original, isText: isText, algorithm) }
    if case .limited = text {
    } else if original.byteCount > Self.documentLimit {
      return (.value(form.isNullable ? .null : .text(Array("\"\"".utf8))), nil, true)
    }
    // The longest text of so many characters has a good deal fewer bytes, so a beginning is enough to cut it.
    let room = GrowingBuffer(capacity: Int(min(original.byteCount, Self.documentLimit)))
    try original.read { piece in
      room.append(UnsafeRawBufferPointer(rebasing: piece.prefix(Int(Self.documentLimit) - room.count)))
    }
    let result = Spool(directory: directory, memoryLimit: 1 << 20)
    switch text.outcome(of: room.bytes) {
    case .same:
      return isText ? nil : (.formed(RowText(Array(room.bytes), algorithm)), nil, false)
    case .normal(let text):
      try text.withUnsafeBytes { try result.append($0) }
      return (.formed(RowText(text, algorithm)), result, false)
    case .substitute(let text):
      try text.withUnsafeBytes { try result.append($0) }
      return (.formed(RowText(text, algorithm)), result, true)
    }
  }

  private func marked(
    _ original: Spool, isText: Bool, _ algorithm: DigestAlgorithm
  ) throws -> (value: RowValue, spool: Spool?, isSubstitute: Bool)? {
    var marker = TextMarker()
    let result = Spool(directory: directory, memoryLimit: 1 << 20)
    let digest = Digest(algorithm)
    var room: [UInt8] = []
    func put() throws {
      try room.withUnsafeBytes {
        digest.update($0)
        try result.append($0)
      }
      room.removeAll(keepingCapacity: true)
    }
    try original.read { piece in
      marker.append(piece, to: &room)
      try put()
    }
    marker.finish(to: &room)
    try put()
    guard marker.hasMarked || !isText else { return nil }
    let text = RowText.content(byteCount: result.byteCount, digest: digest.finish().bytes)
    return (.formed(text), result, marker.hasMarked)
  }
}
