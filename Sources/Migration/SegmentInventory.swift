import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a segment says of its rows, read without them.
///
/// Only the head, the inventories and what stands behind the rows are read; rows and contents are jumped over. What is
/// read is compared with the manifest and the manifest with the seal, so a changed inventory is noticed, and a changed row
/// is not.
struct SegmentInventory {
  var description: SegmentDescription
  var profile: [UInt8]
  var schema: StoreSchema
  var summary: SegmentSummary
  var seal: Checksum
  /// Keys, digests of rows and digests of contents.
  var rows: InventorySpool
  /// Keys of rows that are gone.
  var gone: InventorySpool

  /// - Parameter withRows: Without them only the head and the end are read.
  /// - Throws: `.archiveDamaged`, `.archiveVersion`, `.archiveHostile`; what `checkpoint` throws.
  static func read(
    _ path: String, withRows: Bool = true, stateDirectory: String, checkpoint: () throws -> Void
  ) throws -> SegmentInventory {
    let reader = try SegmentInventoryReader(path)
    return try reader.read(withRows: withRows, stateDirectory: stateDirectory, checkpoint: checkpoint)
  }
}

private final class SegmentInventoryReader {
  private let path: String
  private let scanner: TarScanner
  private let decompressor = ZstdDecompressor()
  private let text = GrowingBuffer(capacity: 64 << 10)
  /// Members whose digest the manifest must name.
  private var digests: [(name: String, digest: Checksum)] = []

  init(_ path: String) throws {
    self.path = path
    scanner = try TarScanner(file: File.read(path))
  }

  func read(withRows: Bool, stateDirectory: String, checkpoint: () throws -> Void) throws -> SegmentInventory {
    var description: SegmentDescription?
    var schema: StoreSchema?
    var profile: [UInt8] = []
    var summary: SegmentSummary?
    var seal: Checksum?
    var rows: InventorySpool?
    let gone = InventorySpool(directory: stateDirectory)
    while let member = try scanner.next() {
      try checkpoint()
      let name = String(decoding: member.name.utf8.dropFirst((scanner.root?.utf8.count ?? -1) + 1), as: UTF8.self)
      switch SegmentLayout.kind(of: name) {
      case .description:
        let bytes = try body(member, limit: 1 << 20)
        description = try bytes.withUnsafeBytes { try SegmentDescription(decoding: $0) }
      case .profile: profile = try noted(member, name, limit: 1 << 20, description)
      case .schema:
        schema = try noted(member, name, limit: 16 << 20, description).withUnsafeBytes { try SchemaCodec.decode($0) }
        rows = InventorySpool(directory: stateDirectory, contents: description?.algorithm)
      case .inventory(let entity, _), .deleted(let entity, _):
        guard withRows else { continue }
        guard let index = schema?.entities.firstIndex(where: { $0.name == entity }), let rows else {
          throw damaged("\(printable(name)) stands where it does not belong")
        }
        let bytes = try noted(member, name, limit: GroupChecker.textLimit, description)
        try decompress(bytes)
        if case .deleted = SegmentLayout.kind(of: name) {
          try gone.append(entityIndex: index, deleted: DeletedKeys.decode(text.bytes))
        } else {
          try appendText(entityIndex: index, to: rows)
        }
      case .summary:
        let bytes = try noted(member, name, limit: 16 << 20, description)
        summary = (try? JSONReader.parse(bytes)).flatMap { SegmentSummary($0) }
      case .manifest(let algorithm): try compareManifest(member, name, algorithm)
      case .tagManifest(let algorithm):
        let bytes = try body(member, limit: 1 << 20)
        try compare(bytes, algorithm)
        seal = bytes.withUnsafeBytes { Digest.checksum(algorithm, $0) }
      default: break
      }
    }
    guard let description, let schema, let summary, let seal, let rows else {
      throw damaged("it ends before its last member")
    }
    return SegmentInventory(
      description: description, profile: profile, schema: schema, summary: summary, seal: seal, rows: rows,
      gone: gone)
  }

  private func decompress(_ bytes: [UInt8]) throws {
    text.removeAll()
    text.shrink(to: 8 << 20)
    try bytes.withUnsafeBytes { try decompressor.decompress($0, into: text, limit: GroupChecker.textLimit) }
  }

  private func appendText(entityIndex: Int, to spool: InventorySpool) throws {
    var reader = InventoryReader(text.bytes)
    var entries: [InventoryEntry] = []
    while let entry = try reader.next() {
      entries.append(entry)
      if entries.count == 4096 {
        try spool.append(entityIndex: entityIndex, entries)
        entries.removeAll(keepingCapacity: true)
      }
    }
    if !entries.isEmpty { try spool.append(entityIndex: entityIndex, entries) }
  }

  // MARK: - Checksums

  private func body(_ member: TarMember, limit: Int) throws -> [UInt8] {
    guard member.byteCount <= Int64(limit) else {
      throw MigrationError.archiveHostile(
        "a member of the archive is larger than it can be",
        cause: "\(printable(member.name)) has \(member.byteCount) bytes, the limit is \(limit)")
    }
    var bytes = [UInt8](repeating: 0, count: Int(member.byteCount))
    let count = try bytes.withUnsafeMutableBytes { try scanner.read(into: $0) }
    guard count == bytes.count else { throw damaged("\(printable(member.name)) ends too early") }
    return bytes
  }

  private func noted(
    _ member: TarMember, _ name: String, limit: Int, _ description: SegmentDescription?
  ) throws -> [UInt8] {
    guard let description else { throw damaged("\(printable(name)) stands in front of the description") }
    let bytes = try body(member, limit: limit)
    digests.append((name, bytes.withUnsafeBytes { Digest.checksum(description.algorithm, $0) }))
    return bytes
  }

  /// The manifest's lines stand in the order of the members, so one walk finds all that were read.
  private func compareManifest(_ member: TarMember, _ name: String, _ algorithm: DigestAlgorithm) throws {
    let whole = Digest(algorithm)
    let room = GrowingBuffer(capacity: 256 << 10)
    var next = digests.startIndex
    var rest: [UInt8] = []
    var left = member.byteCount
    while left > 0 {
      room.removeAll()
      try room.appendUninitialized(Int(min(left, 256 << 10))) { try scanner.read(into: $0) }
      guard room.count > 0 else { throw damaged("\(printable(name)) ends too early") }
      left -= Int64(room.count)
      whole.update(room.bytes)
      rest.append(contentsOf: room.bytes)
      var start = 0
      while next < digests.endIndex, let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let wanted = "\(digests[next].digest)  \(digests[next].name)"
        if rest[start..<end].elementsEqual(wanted.utf8) { next += 1 }
        start = end + 1
      }
      rest.removeFirst(next < digests.endIndex ? start : rest.count)
    }
    guard next == digests.endIndex else {
      throw damaged("\(printable(digests[next].name)) is not what the manifest says")
    }
    manifest = whole.finish()
  }

  private var manifest: Checksum?

  private func compare(_ tags: [UInt8], _ algorithm: DigestAlgorithm) throws {
    guard let manifest else { throw damaged("the manifest is missing") }
    let line = "\(manifest)  \(SegmentLayout.manifest(algorithm))"
    guard tags.split(separator: UInt8(ascii: "\n")).contains(where: { $0.elementsEqual(line.utf8) }) else {
      throw damaged("the manifest is not the one that was sealed")
    }
  }

  private func damaged(_ cause: String) -> MigrationError {
    .archiveDamaged("\(path) is damaged", cause: cause)
  }
}
