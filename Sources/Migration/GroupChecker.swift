import DurableIO
import NoteArchive
import NoteModel

/// What one worker thread does with the members of an archive: digests, decodes and checks them.
final class GroupChecker {
  private let algorithm: DigestAlgorithm
  private let decodes: Bool
  private let whole: Digest
  private let running: Digest
  private let rowDigest = Digest(.sha256)
  private let decompressor: ZstdDecompressor
  private let text = GrowingBuffer(capacity: 64 << 10)
  private let key = GrowingBuffer(capacity: 256)
  private var rowDecoder: RowDecoder?
  private let repairs: RowRepairs?
  private var repairer: RowRepairer?
  private var repairedEntity: Entity?
  /// Where contents are read to, when they are digested where they lie.
  private let room: UnsafeMutableRawBufferPointer

  /// The longest text of one rows or inventory member, in bytes; a page of a writer of this format is far below it.
  static let textLimit = 64 << 20

  init(algorithm: DigestAlgorithm, decodes: Bool, readsContents: Bool, repairs: RowRepairs? = nil) {
    self.repairs = repairs
    self.algorithm = algorithm
    self.decodes = decodes
    whole = Digest(algorithm)
    running = Digest(algorithm)
    decompressor = ZstdDecompressor()
    room = .allocate(byteCount: readsContents ? 0 : 1 << 20, alignment: 4096)
  }

  deinit { room.deallocate() }

  func digest(_ chunk: Chunk<ReceivedGroup>) {
    running.update(chunk.bytes)
    if chunk.isLast { running.finish { chunk.group!.setDigest($0, of: chunk.part) } }
  }

  /// Digests a content where it lies in the archive. One that is cut off gets the digest of what is there.
  func digest(_ file: File, offset: Int64, byteCount: Int64, of group: ReceivedGroup, member: Int) throws {
    var done: Int64 = 0
    while done < byteCount {
      let wanted = Int(min(byteCount - done, Int64(room.count)))
      let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]), at: offset + done)
      if count == 0 { break }
      whole.update(UnsafeRawBufferPointer(rebasing: room[..<count]))
      done += Int64(count)
    }
    whole.finish { group.setDigest($0, of: member) }
  }

  /// Digests the rows member (the group's first) and decodes it into the page.
  func receiveRows(_ group: ReceivedGroup) {
    whole.update(group.rowsMember.bytes)
    whole.finish { group.setDigest($0, of: 0) }
    if decodes {
      do {
        text.removeAll()
        try decompressor.decompress(group.rowsMember.bytes, into: text, limit: Self.textLimit)
        if rowDecoder?.entity != group.page.entity { rowDecoder = RowDecoder(group.page.entity) }
        try rowDecoder!.decode(text.bytes, into: group.page)
        Self.findOwnContents(of: group)
        repair(group)
      } catch {
        group.page.removeAll()
        group.rowsDamage = Self.cause(error)
      }
      text.removeAll()
      text.shrink(to: 8 << 20)
    }
    group.markDecoded()
  }

  /// Looks for damaged texts. What is done about them is decided later.
  private func repair(_ group: ReceivedGroup) {
    guard let repairs else { return }
    if repairedEntity != group.page.entity {
      repairedEntity = group.page.entity
      repairer = repairs.repairer(of: group.page.entity)
    }
    guard let repairer, !repairer.columns.isEmpty else { return }
    let before = repairer.longValueCount
    repairer.repair(group.page) { group.repairs.append($0) }
    group.longValueCount = repairer.longValueCount - before
  }

  func receiveInventory(_ group: ReceivedGroup, member: Int) {
    whole.update(group.inventoryMember.bytes)
    whole.finish { group.setDigest($0, of: member) }
    guard decodes else { return }
    do {
      try decompressor.decompress(group.inventoryMember.bytes, into: group.inventoryText, limit: Self.textLimit)
    } catch {
      group.inventoryText.removeAll()
      group.inventoryDamage = Self.cause(error)
    }
  }

  /// Compares rows, contents and inventory when all of them are there.
  func finish(_ group: ReceivedGroup) {
    defer { group.markFinished() }
    guard decodes else { return }
    check(group)
    // The rows have been checked as the archive has them; the target holds them repaired.
    for row in group.repaired.rows where group.rowDigests.count > row * 32 {
      group.repaired.updateContents(ofRow: row, from: group.page)
      group.repaired.withDigest(ofRow: row) { group.rowDigests.overwrite(at: row * 32, with: $0) }
    }
  }

  private func check(_ group: ReceivedGroup) {
    let page = group.page
    var entries: [InventoryEntry] = []
    if group.inventoryDamage == nil, group.inventoryText.count > 0 {
      do {
        var reader = InventoryReader(group.inventoryText.bytes)
        while let entry = try reader.next() { entries.append(entry) }
      } catch {
        group.inventoryDamage = Self.cause(error)
      }
    } else if group.inventoryDamage == nil {
      group.inventoryDamage = "the inventory of the page is not there"
    }
    guard group.rowsDamage == nil else {
      group.lostKeys = entries.map { $0.key.description }
      return
    }
    fillInDigests(of: group, entries: group.inventoryDamage == nil ? entries : nil)
    group.rowDigests.reserve(page.rowCount * 32)
    for row in 0..<page.rowCount {
      rowDigest.update(page.row(row))
      rowDigest.finish { group.rowDigests.append($0) }
    }
    guard group.inventoryDamage == nil else { return }
    guard entries.count == page.rowCount else {
      group.inventoryDamage = "the inventory lists \(entries.count) rows, the page has \(page.rowCount)"
      return
    }
    let known = Set(group.damagedRows.map(\.row))
    for row in 0..<page.rowCount
    where !group.rowDigests.slice(row * 32..<(row + 1) * 32).elementsEqual(entries[row].rowDigest)
      && !known.contains(row)
    {
      group.damagedRows.append(
        .init(row: row, content: nil, explanation: "the row's digest differs from the inventory's"))
    }
    checkKeys(of: group, entries)
    group.damagedRows.sort { ($0.row, $0.content ?? -1) < ($1.row, $1.content ?? -1) }
  }

  /// The inventory must name the rows by their keys, and these must ascend.
  private func checkKeys(of group: ReceivedGroup, _ entries: [InventoryEntry]) {
    if let first = entries.first, let last = entries.last { group.keys = (first.key, last.key) }
    for row in entries.indices {
      key.removeAll()
      RowKey.append(of: row, in: group.page, to: key)
      if !group.inventoryText.slice(entries[row].keyRange).elementsEqual(key.bytes),
        group.page.key(ofRow: row) != entries[row].key
      {
        group.damagedRows.append(.init(row: row, content: nil, explanation: "the inventory has another key for it"))
      } else if row > 0, !KeyOrder.follows(entries[row].key, entries[row - 1].key) {
        group.damagedRows.append(.init(row: row, content: nil, explanation: KeyOrder.explanation))
      }
    }
  }

  private static func findOwnContents(of group: ReceivedGroup) {
    let page = group.page
    var row = -1
    var keyName = ""
    for content in page.contents {
      if content.row != row {
        row = content.row
        keyName = page.key(ofRow: row).fileName
      }
      group.isOwn.append(
        content.path == SegmentLayout.content(page.entity, keyName: keyName, column: content.column))
    }
  }

  /// Sets each content's digest from its member, or from the inventory where it shares an earlier member.
  ///
  /// The members must be those that the rows ask for, once and in their order; of several readings of a file the last
  /// counts.
  private func fillInDigests(of group: ReceivedGroup, entries: [InventoryEntry]?) {
    let page = group.page
    let latest = assignMembers(of: group)
    var ordinal = 0
    for index in page.contents.indices {
      let content = page.contents[index]
      ordinal = index > 0 && page.contents[index - 1].row == content.row ? ordinal + 1 : 0
      var expected: [UInt8]?
      if let entries, content.row < entries.count, ordinal < entries[content.row].contents.count {
        expected = entries[content.row].contents[ordinal]
      }
      func damage(_ explanation: String) {
        group.damagedRows.append(.init(row: content.row, content: index, explanation: explanation))
      }
      if let member = latest[content.path] {
        if member.byteCount != content.byteCount {
          // Only a file that was read again may have another length than its row says.
          if !member.path.contains("~") { damage("\(printable(content.path)) has not the length that its row says") }
          page.setByteCount(member.byteCount, ofContent: index)
        }
        if member.isCutOff { damage("\(printable(content.path)) is cut off") }
        guard !member.digest.isEmpty else { continue }
        member.digest.withUnsafeBytes { page.setDigest($0, ofContent: index) }
        if let expected, expected != member.digest {
          damage("the bytes of \(printable(content.path)) are not the ones archived")
        }
      } else if group.isOwn[index] {
        damage("its content \(printable(content.path)) is not in the archive")
      } else if let expected, expected.count == algorithm.byteCount {
        expected.withUnsafeBytes { page.setDigest($0, ofContent: index) }
      }
    }
  }

  /// Finds the member of each content that is the row's own; what is left over is strange.
  private func assignMembers(of group: ReceivedGroup) -> [String: ReceivedGroup.Member] {
    let page = group.page
    var latest: [String: ReceivedGroup.Member] = [:]
    var places: [String: Int] = [:]
    for index in page.contents.indices where group.isOwn[index] { places[page.contents[index].path] = index }
    var next = 0
    var attempt = 1
    for member in group.members.dropFirst() {
      guard case .content = SegmentLayout.kind(of: member.path) else { continue }
      if attempt > 1, next > 0, member.path == SegmentLayout.retry(page.contents[next - 1].path, attempt: attempt) {
        latest[page.contents[next - 1].path] = member
        attempt += 1
        continue
      }
      guard let index = places[member.path], index >= next else {
        if group.strangeMembers.count < 100 { group.strangeMembers.append(member.path) }
        continue
      }
      latest[member.path] = member
      next = index + 1
      attempt = 2
    }
    return latest
  }

  static func cause(_ error: any Error) -> String {
    (error as? MigrationError).map { $0.cause.isEmpty ? $0.message : $0.cause } ?? "\(error)"
  }
}
