import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a target was like when it was opened for users, so that everything they do to it can be told later.
///
/// Files in a folder of the state directory: this description, and an inventory with key and digest of every row in the
/// target's own forms, about 50 bytes a row, in one part or two. Attachments count by their lengths. The description comes
/// last and has the digests of the parts, so that there is either all of it or nothing.
struct ReturnMemory: Equatable {
  /// The id of the archive that was carried, and the number and id of its newest segment.
  var archive: String
  var number: Int
  var segment: String
  var productVersion: String
  /// In milliseconds: files that were written to since then are suspect.
  var taken: Int64
  var rows: Int64
  /// The rows that passed by, and those of which only a glance was taken, in files of their own.
  var parts: [Part]
  /// Tables of the target that the archive does not have: by name, a digest of their rows.
  var others: [String: String]

  struct Part: Equatable {
    var byteCount: Int64
    var digest: Checksum
  }

  static func description(in folder: String) -> String { folder + "/remembered.json" }
  static func inventory(in folder: String, part: Int = 0) -> String {
    folder + "/remembered.inventory" + (part == 0 ? "" : "-\(part)")
  }

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
    for (number, part) in memory.parts.enumerated() {
      let path = Self.inventory(in: folder, part: number)
      guard try checksum(of: path) == part.digest else {
        throw ReturnPass.impossible(
          "what is known of the target when users came is damaged", cause: "\(path) is not what was written")
      }
    }
    return memory
  }

  /// The inventory's parts; they are not written to.
  func spools(in folder: String, contents algorithm: DigestAlgorithm) throws -> [InventorySpool] {
    try parts.enumerated().map { number, part in
      try InventorySpool(
        path: Self.inventory(in: folder, part: number), keeping: part.byteCount, contents: algorithm)
    }
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
      .init(
        "parts",
        .array(
          parts.map {
            .object([.init("bytes", .integer($0.byteCount)), .init("sha256", .text($0.digest.description))])
          })),
      .init("others", .object(others.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) })),
    ])
  }

  private init?(_ json: JSONValue) {
    guard let archive = json["archive"]?.string, let number = json["segment"]?.integer,
      let segment = json["segment_id"]?.string, let version = json["product_version"]?.string,
      let taken = json["taken"]?.integer, let rows = json["rows"]?.integer,
      let parts = json["parts"]?.array?.compactMap(Part.init), !parts.isEmpty,
      parts.count == json["parts"]?.array?.count, case .object(let others)? = json["others"]
    else { return nil }
    self.init(
      archive: archive, number: Int(number), segment: segment, productVersion: version, taken: taken, rows: rows,
      parts: parts,
      others: Dictionary(others.map { ($0.name, $0.value.string ?? "") }) { first, _ in first })
  }

  init(
    archive: String, number: Int, segment: String, productVersion: String, taken: Int64, rows: Int64, parts: [Part],
    others: [String: String]
  ) {
    self.archive = archive
    self.number = number
    self.segment = segment
    self.productVersion = productVersion
    self.taken = taken
    self.rows = rows
    self.parts = parts
    self.others = others
  }
}

extension ReturnMemory.Part {
  fileprivate init?(_ json: JSONValue) {
    guard let byteCount = json["bytes"]?.integer,
      let digest = json["sha256"]?.string.flatMap({ Checksum(.sha256, hex: Array($0.utf8)) })
    else { return nil }
    self.init(byteCount: byteCount, digest: digest)
  }
}
