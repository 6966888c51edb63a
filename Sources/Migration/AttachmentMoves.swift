import DurableIO
import NoteModel
import NoteStore

/// What became of the places of attachments.
public struct AttachmentMoveTally: Sendable {
  public var place: AttachmentPlace
  /// By entity: rows whose bytes were moved.
  public var moved: [String: Int64] = [:]
  /// By entity, then by reason: rows whose bytes are not where they were to be.
  public var stayed: [String: [String: Int64]] = [:]

  public var movedCount: Int64 { moved.values.reduce(0, +) }
  public var stayedCount: Int64 { stayed.values.reduce(0) { $0 + $1.values.reduce(0, +) } }
}

/// Moves the bytes of attachments between the database and files, by changing rows on their way into the target.
///
/// A moved row differs in three columns: the content stands in another one, and the profile's `file.move` says what the
/// row says of it. Rows without bytes, and those whose bytes live in another system, stay. Used by one thread.
final class AttachmentMoves {
  /// The columns of an entity, and what they get.
  private struct Rule {
    let content, file, place, reference: Int
    let name: Int?
    let fileValues: [String]
    let move: EntityProfile.MoveRule
  }

  private let archive: String
  private let ledger: Ledger
  private let observer: any RunObserver
  private let rules: [String: Rule]
  private(set) var tally: AttachmentMoveTally
  /// By entity: moved rows in which nothing else is changed.
  private(set) var rows: [String: Int64] = [:]
  /// Rows of the page that are moved.
  private var current: Set<Int> = []
  /// The keys of rows that stay although their content stands where others are moved from. Only the first contents of
  /// an entity are shared, so no more are remembered.
  private var stays: Set<Int64> = []
  private var entity = ""

  /// - Throws: `.usage` when the profile does not say how, or a target has no place for files.
  init?(
    _ place: AttachmentPlace, archive: String, schema: StoreSchema, profile: Profile, nodes: ImportNodes,
    ledger: Ledger, observer: any RunObserver
  ) throws {
    guard place != .keep else { return nil }
    self.archive = archive
    self.ledger = ledger
    self.observer = observer
    tally = AttachmentMoveTally(place: place)
    var rules: [String: Rule] = [:]
    for entity in schema.entities {
      rules[entity.name] = Self.rule(of: entity, in: profile)
      let hasContents = entity.columns.contains { $0.kind == .content || $0.kind == .file }
      if hasContents, rules[entity.name] == nil { throw Self.refusal(place, profile, entity.name) }
    }
    if rules.isEmpty { throw Self.refusal(place, profile, "") }
    self.rules = rules
    guard place == .files, let node = nodes.all.first(where: { !$0.target.holdsFiles }) else { return }
    throw MigrationError(
      .usage, "the target has no place for files: \(node.target.name)",
      cause: "--attachments files needs the data directory of the server that uses this database",
      safeNow: "nothing was changed", next: ["name it: --to '\(node.target.name)?data=DIRECTORY'"])
  }

  private static func refusal(_ place: AttachmentPlace, _ profile: Profile, _ entity: String) -> MigrationError {
    MigrationError(
      .usage, "--attachments \(place.rawValue) cannot be done",
      cause: entity.isEmpty
        ? "the profile \(profile.name) has no attachments with a rule for moving them"
        : "the profile \(profile.name) has no rule for moving the bytes of \(entity)",
      safeNow: "nothing was changed",
      next: [
        "leave --attachments out: every attachment stays where the source has it",
        "or export again with a profile that has [entity.file] move",
      ])
  }

  private static func rule(of entity: Entity, in profile: Profile) -> Rule? {
    guard let wanted = profile.entities.first(where: { $0.name == entity.name }), let file = wanted.file,
      let move = file.move,
      let content = entity.columns.firstIndex(where: { $0.kind == .content }),
      let stored = entity.columns.firstIndex(where: { $0.kind == .file }),
      let place = entity.index(of: file.when.column), let reference = entity.referenceColumn
    else { return nil }
    return Rule(
      content: content, file: stored, place: place, reference: reference,
      name: wanted.nameColumn.flatMap { entity.index(of: $0) }, fileValues: file.when.values, move: move)
  }

  // MARK: - Rows

  /// Moves the rows of a page that are to be moved.
  ///
  /// - Throws: `.targetRefusedRow` for a row that shares its bytes with a moved one and cannot be moved itself.
  func apply(_ group: ReceivedGroup) throws {
    current.removeAll(keepingCapacity: true)
    guard let rule = rules[group.page.entity.name] else { return }
    if entity != group.page.entity.name {
      entity = group.page.entity.name
      stays.removeAll()
    }
    var last = -1
    for content in group.page.contents where content.row != last && !group.setAside.contains(content.row) {
      last = content.row
      if try moves(last, of: group, rule) {
        current.insert(last)
        apply(row: last, of: group)
      }
    }
  }

  /// Moves a row of the page again that was set anew.
  func apply(row: Int, of group: ReceivedGroup) {
    guard current.contains(row), !group.repaired.isMoved(row), let rule = rules[group.page.entity.name] else { return }
    let page = group.page
    let (from, to) = columns(rule)
    guard let index = page.contentRange(ofRow: row).first(where: { page.contents[$0].column == from }) else { return }
    let isToFiles = tally.place == .files
    let reference = isToFiles ? path(ofRow: row, of: page, rule) : []
    let place = (isToFiles ? rule.fileValues : rule.move.databaseValues).first ?? ""
    group.repaired.form(
      row: row, of: page,
      values: [
        (from, .emptied),
        (
          to,
          .moved(byteCount: page.contents[index].byteCount, digest: Array(page.digest(ofContent: index)), from: from)
        ), (rule.place, .value(.text(Array(place.utf8)))), (rule.reference, .value(.text(reference))),
      ])
  }

  private func columns(_ rule: Rule) -> (from: Int, to: Int) {
    tally.place == .files ? (rule.content, rule.file) : (rule.file, rule.content)
  }

  /// Whether a row with contents is to be moved; counts one that stays though its bytes are not where they were to be.
  private func moves(_ row: Int, of group: ReceivedGroup, _ rule: Rule) throws -> Bool {
    let page = group.page
    let (from, to) = columns(rule)
    let range = page.contentRange(ofRow: row)
    guard let index = range.first(where: { page.contents[$0].column == from }) else { return false }
    // No bytes are the same everywhere.
    let isShared = !group.isOwn[index] && page.contents[index].byteCount > 0
    let first = isShared ? ContentSharing.integerKey(page.contents[index].path) : nil
    let isHeldThere = range.contains { page.contents[$0].column == to && page.contents[$0].byteCount > 0 }
    let isToFiles = tally.place == .files
    var reason: String?
    let place = text(ofRow: row, column: rule.place, in: page)
    if !(isToFiles ? rule.move.databaseValues : rule.fileValues).contains(where: { place.elementsEqual($0.utf8) }) {
      // Nothing to say of a row in which no bytes are: a file's row may have an empty value.
      reason = page.contents[index].byteCount == 0 ? "" : "the row says that its bytes are elsewhere"
    } else if isHeldThere {
      reason = "bytes stand in both places"
    } else if isToFiles, !text(ofRow: row, column: rule.reference, in: page).isEmpty {
      reason = "the row has a reference already"
    } else if let first, stays.contains(first) {
      reason = "it shares its bytes with a row that stays"
    }
    guard let reason else { return true }
    try stay(row, of: group, content: index, sharing: first, reason)
    return false
  }

  private func stay(
    _ row: Int, of group: ReceivedGroup, content index: Int, sharing first: Int64?, _ reason: String
  ) throws {
    let page = group.page
    if let first, !stays.contains(first) {
      throw MigrationError(
        .targetRefusedRow, "an attachment cannot stay where it is: \(entity) \(page.key(ofRow: row).description)",
        cause: "\(reason), and the archive has these bytes with row \(first) alone, which is moved",
        safeNow: "what was committed to the target is kept, behind its mark; the source and the archive are untouched",
        next: ["import into an empty target without --attachments"])
    }
    if case .integer(let key)? = page.key(ofRow: row).values.first, group.isOwn[index],
      stays.count < ContentSharing.capacity
    {
      stays.insert(key)
    }
    if !reason.isEmpty { tally.stayed[entity, default: [:]][reason, default: 0] += 1 }
  }

  /// The bytes of a text in a row, empty for every other value.
  private func text(ofRow row: Int, column: Int, in page: RecordPage) -> [UInt8] {
    var reader = RecordReader(page.row(row))
    for _ in 0..<column { _ = reader.next() }
    switch reader.next() {
    case .text(let bytes), .bytes(let bytes): return Array(bytes)
    // No path is as long as a content; it is there all the same.
    case .content: return [0]
    default: return []
    }
  }

  /// The same for the same row of the same archive, so that a resumed import gives it again; another for every other row.
  private func path(ofRow row: Int, of page: RecordPage, _ rule: Rule) -> [UInt8] {
    let seed = Array("\(archive) \(page.entity.name) \(page.key(ofRow: row).description)".utf8)
    let digest = seed.withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return rule.move.path(
      unique: String(digest.description.prefix(20)),
      name: rule.name.map { text(ofRow: row, column: $0, in: page) } ?? [])
  }

  // MARK: - Telling

  /// Enters the moved rows of a page whose rows are applied.
  func received(_ group: ReceivedGroup) throws {
    for row in current.sorted() where group.repaired.isMoved(row) {
      tally.moved[entity, default: 0] += 1
      if group.repaired.formed.contains(row) { rows[entity, default: 0] += 1 }
      try ledger.append(
        entity: entity, key: group.page.key(ofRow: row).description, outcome: .adapted,
        reason: Finding.Kind.attachmentMoved.rawValue, explanation: words)
    }
  }

  private var words: String {
    tally.place == .files ? "its bytes were moved into a file" : "its bytes were moved into the database"
  }

  /// Tells of each entity once.
  func finish() {
    for (entity, count) in tally.moved.sorted(by: { $0.key < $1.key }) {
      observer.observe(
        .finding(
          Finding(.attachmentMoved, .info, entity: entity, explanation: "\(count) rows: \(words), as was asked for")))
    }
    for (entity, reasons) in tally.stayed.sorted(by: { $0.key < $1.key }) {
      let parts = reasons.sorted { $0.key < $1.key }.map { "\($0.value): \($0.key)" }
      observer.observe(
        .finding(
          Finding(
            .attachmentNotMoved, .warning, entity: entity,
            explanation: "rows that stay as they are: \(parts.joined(separator: "; "))")))
    }
  }
}
