import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a target was like when it was opened for users, so that everything they do to it can be told later.
///
/// Two files in a folder of the state directory: this description, and an inventory with key and digest of every row in the
/// target's own forms, about 50 bytes a row. Attachments count by their lengths. The description comes last and has the
/// inventory's digest, so that there is either all of it or nothing.
struct ReturnMemory: Equatable {
  /// The id of the archive that was carried, and the number and id of its newest segment.
  var archive: String
  var number: Int
  var segment: String
  var productVersion: String
  /// In milliseconds: files that were written to since then are suspect.
  var taken: Int64
  var rows: Int64
  var byteCount: Int64
  var digest: Checksum
  /// Tables of the target that the archive does not have: by name, a digest of their rows.
  var others: [String: String]

  static func description(in folder: String) -> String { folder + "/remembered.json" }
  static func inventory(in folder: String) -> String { folder + "/remembered.inventory" }

  // MARK: - On disk

  /// Makes the description durable; the inventory is by now.
  func write(in folder: String) throws {
    try Array((json.text + "\n").utf8).withUnsafeBytes { try Folder.replace(Self.description(in: folder), with: $0) }
  }

  /// - Throws: `.returnImpossible` where nothing was remembered, or the files are not what was written.
  static func read(in folder: String) throws -> ReturnMemory {
    guard let memory = try json(Self.description(in: folder)).flatMap(ReturnMemory.init) else {
      throw ReturnPass.impossible(
        "it is not known what the target was like when users came",
        cause: "\(Self.description(in: folder)) does not exist or cannot be read")
    }
    guard try checksum(of: Self.inventory(in: folder)) == memory.digest else {
      throw ReturnPass.impossible(
        "what is known of the target when users came is damaged",
        cause: "\(Self.inventory(in: folder)) is not what was written")
    }
    return memory
  }

  /// The inventory; it is not written to.
  func spool(in folder: String, contents algorithm: DigestAlgorithm) throws -> InventorySpool {
    try InventorySpool(path: Self.inventory(in: folder), keeping: byteCount, contents: algorithm)
  }

  /// One look at all bytes; nil where the file is not there.
  static func checksum(of path: String) throws -> Checksum? {
    guard FileStatus.of(path) != nil else { return nil }
    let file = try File.read(path)
    let digest = Digest(.sha256)
    let room = GrowingBuffer(capacity: 256 << 10)
    while true {
      room.removeAll()
      try room.appendUninitialized(256 << 10) { try file.read(into: $0) }
      if room.count == 0 { return digest.finish() }
      digest.update(room.bytes)
    }
  }

  /// A small file; nil where it is not there or is no JSON.
  static func json(_ path: String) throws -> JSONValue? {
    guard let status = try FileStatus.ifPresent(path), status.byteCount < 16 << 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.byteCount))
    let count = try bytes.withUnsafeMutableBytes { try File.read(path).read(into: $0, at: 0) }
    return try? JSONReader.parse(Array(bytes.prefix(count)))
  }

  private var json: JSONValue {
    .object([
      .init("archive", .text(archive)), .init("segment", .integer(Int64(number))), .init("segment_id", .text(segment)),
      .init("product_version", .text(productVersion)), .init("taken", .integer(taken)), .init("rows", .integer(rows)),
      .init("bytes", .integer(byteCount)), .init("sha256", .text(digest.description)),
      .init("others", .object(others.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) })),
    ])
  }

  private init?(_ json: JSONValue) {
    guard let archive = json["archive"]?.string, let number = json["segment"]?.integer,
      let segment = json["segment_id"]?.string, let version = json["product_version"]?.string,
      let taken = json["taken"]?.integer, let rows = json["rows"]?.integer, let byteCount = json["bytes"]?.integer,
      let digest = json["sha256"]?.string.flatMap({ Checksum(.sha256, hex: Array($0.utf8)) }),
      case .object(let others)? = json["others"]
    else { return nil }
    self.init(
      archive: archive, number: Int(number), segment: segment, productVersion: version, taken: taken, rows: rows,
      byteCount: byteCount, digest: digest,
      others: Dictionary(others.map { ($0.name, $0.value.string ?? "") }) { first, _ in first })
  }

  init(
    archive: String, number: Int, segment: String, productVersion: String, taken: Int64, rows: Int64, byteCount: Int64,
    digest: Checksum, others: [String: String]
  ) {
    self.archive = archive
    self.number = number
    self.segment = segment
    self.productVersion = productVersion
    self.taken = taken
    self.rows = rows
    self.byteCount = byteCount
    self.digest = digest
    self.others = others
  }
}
