import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// Where the pages of a segment stand in its file, found by one walk over the headers of its members.
final class ArchivedSegment {
  /// The bytes of a member.
  struct Place {
    var offset: Int64
    var byteCount: Int64
  }

  let file: File
  let root: String
  /// By entity, where the header of each page's rows begins.
  let pages: [[Int64]]
  /// Contents that rows of later pages may share.
  let shared: [String: Place]

  init(_ path: String, _ schema: StoreSchema, checkpoint: () throws -> Void) throws {
    file = try File.read(path)
    let scanner = try TarScanner(file: file)
    var pages = [[Int64]](repeating: [], count: schema.entities.count)
    var shared: [String: Place] = [:]
    var counts: [String: Int] = [:]
    while let member = try scanner.next() {
      try checkpoint()
      let name = String(decoding: member.name.utf8.dropFirst((scanner.root?.utf8.count ?? -1) + 1), as: UTF8.self)
      switch SegmentLayout.kind(of: name) {
      case .rows(let entity, _):
        guard let index = schema.entities.firstIndex(where: { $0.name == entity }) else { continue }
        pages[index].append(scanner.offset)
      case .content(let entity):
        // A writer shares small contents alone, and remembers so many of an entity.
        guard member.byteCount <= Int64(RecordPage.smallContentLimit), !name.contains("~"),
          counts[entity, default: 0] < ContentSharing.capacity
        else { continue }
        counts[entity, default: 0] += 1
        shared[name] = Place(offset: scanner.bodyOffset, byteCount: member.byteCount)
      default: continue
      }
    }
    root = scanner.root ?? ""
    self.pages = pages
    self.shared = shared
  }
}

/// The pages of one entity in one segment, one after the other.
final class ArchivedPages {
  private let segment: ArchivedSegment
  private let entityIndex: Int
  private let decoder: RowDecoder
  private let decompressor = ZstdDecompressor()
  private let page: RecordPage
  private let member = GrowingBuffer(capacity: 64 << 10)
  private let text = GrowingBuffer(capacity: 64 << 10)
  private let key = GrowingBuffer(capacity: 256)
  private var nextPage = 0
  private var nextRow = 0
  /// The page's own contents.
  private var contents: [String: ArchivedSegment.Place] = [:]

  init(_ segment: ArchivedSegment, entityIndex: Int, _ entity: Entity) {
    self.segment = segment
    self.entityIndex = entityIndex
    decoder = RowDecoder(entity)
    page = RecordPage(entity: entity, algorithm: .sha256)
  }

  /// The row with a key. Keys come in order; rows that are passed over are older states of others.
  func find(_ wanted: [UInt8]) throws -> (page: RecordPage, row: Int) {
    while true {
      while nextRow < page.rowCount {
        key.removeAll()
        RowKey.append(of: nextRow, in: page, to: key)
        nextRow += 1
        if key.bytes.elementsEqual(wanted) { return (page, nextRow - 1) }
      }
      guard nextPage < segment.pages[entityIndex].count else {
        throw MigrationError.archiveDamaged(
          "the archive is damaged",
          cause: "row \(String(decoding: wanted, as: UTF8.self)) is in the inventory and not among the rows")
      }
      try read(from: segment.pages[entityIndex][nextPage])
      nextPage += 1
    }
  }

  func content(_ path: String) -> ArchivedSegment.Place? { contents[path] ?? segment.shared[path] }

  private func read(from offset: Int64) throws {
    let scanner = try TarScanner(file: segment.file, bufferSize: 128 << 10, startOffset: offset, root: segment.root)
    page.removeAll()
    contents.removeAll(keepingCapacity: true)
    nextRow = 0
    guard let rows = try scanner.next(), rows.byteCount <= Int64(GroupChecker.textLimit) else { return }
    member.removeAll()
    try member.appendUninitialized(Int(rows.byteCount)) { try scanner.read(into: $0) }
    text.removeAll()
    try decompressor.decompress(member.bytes, into: text, limit: GroupChecker.textLimit)
    try decoder.decode(text.bytes, into: page)
    text.removeAll()
    text.shrink(to: 8 << 20)
    guard !page.contents.isEmpty else { return }
    while let next = try scanner.next() {
      let name = String(decoding: next.name.utf8.dropFirst(segment.root.utf8.count + 1), as: UTF8.self)
      guard case .content = SegmentLayout.kind(of: name) else { return }
      // A file that was read again stands behind itself, and the last reading counts.
      let path = name.split(separator: "~", maxSplits: 1).first.map(String.init) ?? name
      contents[path] = .init(offset: scanner.bodyOffset, byteCount: next.byteCount)
    }
  }
}
