import DurableIO
import NoteArchive
import NoteModel
import Testing

/// A segment taken apart into its members, to be changed and put together again.
struct ArchiveImage {
  struct Member {
    /// Without the segment's name.
    var name: String
    var body: [UInt8]
    var headerOffset = 0
    var bodyOffset = 0
    /// Where the next member begins.
    var end = 0
    /// Put in front instead of the header that belongs to it.
    var rawHeader: [UInt8]?
    var bodyEnd: Int { bodyOffset + body.count }
  }

  var members: [Member] = []
  var algorithm = DigestAlgorithm.sha256

  init(_ bytes: [UInt8], bench: Workbench) throws {
    let scanner = try TarScanner(file: try File.read(try bench.write(bytes, to: "image.tar")))
    while let found = try scanner.next() {
      var member = Member(name: String(found.name.dropFirst(SegmentLayout.base.count + 1)), body: [])
      member.body = [UInt8](repeating: 0, count: Int(found.byteCount))
      _ = try member.body.withUnsafeMutableBytes { try scanner.read(into: $0) }
      member.headerOffset = Int(scanner.offset)
      member.bodyOffset = Int(scanner.bodyOffset)
      member.end = member.bodyEnd + TarHeader.padding(member.body.count)
      members.append(member)
    }
    try Folder.remove(bench.file("image.tar"))
  }

  func index(_ name: String) throws -> Int {
    try #require(members.firstIndex { $0.name == name }, "no member \(name)")
  }

  static func header(_ name: String, _ byteCount: Int) -> [UInt8] {
    let buffer = GrowingBuffer(capacity: 2048)
    TarHeader.append(
      TarMember(name: SegmentLayout.base + "/" + name, byteCount: Int64(byteCount), modified: 1), to: buffer)
    return Array(buffer.bytes)
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for member in members {
      bytes += member.rawHeader ?? Self.header(member.name, member.body.count)
      bytes += member.body
      bytes += [UInt8](repeating: 0, count: TarHeader.padding(member.body.count))
    }
    return bytes + TarHeader.endOfArchive
  }

  private func digest(_ bytes: [UInt8]) -> Checksum { bytes.withUnsafeBytes { Digest.checksum(algorithm, $0) } }

  /// Makes manifest, bag information and tag manifest fit what the segment holds now.
  mutating func reseal() throws {
    let payload = members.filter { $0.name.hasPrefix("data/") && $0.rawHeader == nil }
    if let at = members.firstIndex(where: { $0.name == SegmentLayout.manifest(algorithm) }) {
      members[at].body = Array(payload.map { "\(digest($0.body))  \($0.name)\n" }.joined().utf8)
    }
    if let at = members.firstIndex(where: { $0.name == SegmentLayout.bagInfo }) {
      let lines = String(decoding: members[at].body, as: UTF8.self).split(separator: "\n").map {
        $0.hasPrefix("Payload-Oxum") ? "Payload-Oxum: \(payload.reduce(0) { $0 + $1.body.count }).\(payload.count)" : $0
      }
      members[at].body = Array((lines.joined(separator: "\n") + "\n").utf8)
    }
    try resealTags()
  }

  /// Makes the tag manifest fit the other files beside the payload.
  mutating func resealTags() throws {
    if let at = members.firstIndex(where: { $0.name == SegmentLayout.tagManifest(algorithm) }) {
      let tags = members.filter { !$0.name.hasPrefix("data/") && $0.name != SegmentLayout.tagManifest(algorithm) }
      members[at].body = Array(
        tags.sorted { $0.name < $1.name }.map { "\(digest($0.body))  \($0.name)\n" }.joined().utf8)
    }
  }

  /// Replaces a text inside a member.
  mutating func edit(_ name: String, _ old: String, _ new: String) throws {
    let at = try index(name)
    let text = String(decoding: members[at].body, as: UTF8.self)
    try #require(text.contains(old), "\(name) does not contain \(old)")
    members[at].body = Array(text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new).utf8)
  }

  // MARK: - What the rows need

  /// A row, and the members without which it cannot arrive as it was.
  struct Row {
    var entity: String
    var key: String
    var needs: [Int]
    /// Its own attachment's member.
    var own: Int?
  }

  /// Every row of the segment with the members that it needs.
  func rows() throws -> [Row] {
    var rows: [Row] = []
    for (index, member) in members.enumerated() {
      guard case .rows(let entity, let page) = SegmentLayout.kind(of: member.name) else { continue }
      let text = GrowingBuffer(capacity: 1 << 16)
      let inventory = members[try self.index(SegmentLayout.inventory(entity, page: page))]
      try inventory.body.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: text, limit: 64 << 20) }
      var reader = InventoryReader(text.bytes)
      var keys: [String] = []
      while let entry = try reader.next() { keys.append(entry.key.description) }
      let lines = GrowingBuffer(capacity: 1 << 16)
      try member.body.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: lines, limit: 64 << 20) }
      for (key, line) in zip(keys, lines.bytes.split(separator: UInt8(ascii: "\n"))) {
        var row = Row(entity: entity, key: key, needs: [index])
        let parts = String(decoding: line, as: UTF8.self).split(separator: "\"blob\":\"").dropFirst()
        for part in parts {
          let path = String(part.prefix { $0 != "\"" })
          let content = try self.index(path)
          row.needs.append(content)
          // A shared content is fetched from the row that has it, so that row must arrive too.
          let owner = members[..<content].lastIndex { SegmentLayout.kind(of: $0.name)?.isRows == true }
          row.needs.append(try #require(owner))
          if path.contains("/" + key.dropFirst().dropLast()), members[content].body.count > 0 { row.own = content }
        }
        rows.append(row)
      }
    }
    return rows
  }
}

extension SegmentLayout.MemberKind {
  var isRows: Bool { if case .rows = self { true } else { false } }
}
