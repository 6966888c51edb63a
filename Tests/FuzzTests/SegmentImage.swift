import DurableIO
import NoteArchive
import NoteModel

/// A segment in memory, taken apart by a reader of its own, to be changed, put together and judged.
struct SegmentImage: Sendable {
  struct Member: Sendable, Equatable {
    /// Without the segment's name.
    var name: String
    var body: [UInt8]
  }

  var members: [Member] = []

  /// Takes apart what plain headers describe, pax records aside; `nil` where there is no member.
  init?(_ bytes: [UInt8]) {
    var at = 0
    while at + 512 <= bytes.count, bytes[at] != 0 {
      let name = bytes[at..<at + 100].prefix { $0 != 0 }
      let digits = String(decoding: bytes[at + 124..<at + 135], as: UTF8.self)
      guard let count = Int(digits, radix: 8), at + 512 + count <= bytes.count else { break }
      let local = String(decoding: name.drop { $0 != UInt8(ascii: "/") }.dropFirst(), as: UTF8.self)
      members.append(Member(name: local, body: Array(bytes[at + 512..<at + 512 + count])))
      at += 512 + (count + 511) / 512 * 512
    }
    if members.isEmpty { return nil }
  }

  func body(_ name: String) -> [UInt8] { members.first { $0.name == name }?.body ?? [] }

  var payload: [Member] { members.filter { $0.name.hasPrefix("data/") } }

  var encoded: [UInt8] {
    let buffer = GrowingBuffer(capacity: 64 << 10)
    for member in members {
      let name = SegmentLayout.base + "/" + member.name
      // A name that no writer may write keeps the member out.
      guard Array(name.utf8).withUnsafeBytes({ TarName.problem($0) }) == nil else { continue }
      TarHeader.append(TarMember(name: name, byteCount: Int64(member.body.count), modified: 1), to: buffer)
      buffer.append(member.body)
      _ = buffer.appendZeros(TarHeader.padding(member.body.count))
    }
    buffer.append(TarHeader.endOfArchive)
    return Array(buffer.bytes)
  }

  // MARK: - The seal

  private static func line(_ member: Member) -> String {
    let digest = member.body.withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return "\(digest)  \(member.name)\n"
  }

  private var manifest: [UInt8] { Array(payload.map(Self.line).joined().utf8) }

  private var tagManifest: [UInt8] {
    let tags = members.filter { !$0.name.hasPrefix("data/") && $0.name != SegmentLayout.tagManifest(.sha256) }
    return Array(tags.sorted { $0.name < $1.name }.map(Self.line).joined().utf8)
  }

  /// Makes manifest, bag information and tag manifest fit what the segment holds now.
  mutating func reseal() {
    set(SegmentLayout.manifest(.sha256), manifest)
    let sum = "Payload-Oxum: \(payload.reduce(0) { $0 + $1.body.count }).\(payload.count)"
    let lines = String(decoding: body(SegmentLayout.bagInfo), as: UTF8.self).split(separator: "\n")
    let information = lines.map { $0.hasPrefix("Payload-Oxum") ? sum : String($0) }.joined(separator: "\n") + "\n"
    set(SegmentLayout.bagInfo, Array(information.utf8))
    set(SegmentLayout.tagManifest(.sha256), tagManifest)
  }

  private mutating func set(_ name: String, _ body: [UInt8]) {
    if let at = members.firstIndex(where: { $0.name == name }) { members[at].body = body }
  }

  /// Whether every byte of the payload is proven by the manifest, and the manifest by the tag manifest.
  var isProven: Bool {
    body(SegmentLayout.manifest(.sha256)) == manifest && body(SegmentLayout.tagManifest(.sha256)) == tagManifest
  }
}
