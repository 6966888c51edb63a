import DurableIO
import NoteModel

/// Makes a changed archive consistent again, by the description of its format alone.
extension TarImage {
  /// Computes `Payload-Oxum`, the manifest and the tag manifest anew.
  ///
  /// Row digests in inventories are not touched: who changes rows and wants them believed has to do that, too.
  ///
  /// - Throws: `RecipeError` where one of these members is missing.
  mutating func reseal() throws {
    let manifestName = try find("/manifest-").name
    guard let algorithm = DigestAlgorithm(rawValue: String(manifestName.split(separator: "-").last!.dropLast(4))) else {
      throw RecipeError("\(manifestName) names no digest")
    }
    let payload = members.filter { Self.path($0).hasPrefix("data/") }
    try setOxum("\(payload.reduce(0) { $0 + $1.size }).\(payload.count)")
    try setContent(lines(payload, algorithm), of: try find("/manifest-"))
    let tags = members.filter { member in
      !Self.path(member).hasPrefix("data/") && !Self.path(member).hasPrefix("tagmanifest-")
    }
    try setContent(
      lines(tags.sorted { Self.path($0) < Self.path($1) }, algorithm), of: try find("/tagmanifest-"))
  }

  /// A member's name without the segment's.
  private static func path(_ member: Member) -> String {
    member.name.hasPrefix("0000-base/") ? String(member.name.dropFirst(10)) : member.name
  }

  private func lines(_ members: [Member], _ algorithm: DigestAlgorithm) -> [UInt8] {
    Array(
      members.map { member in
        let digest = bytes[member.body].withUnsafeBytes { Digest.checksum(algorithm, $0) }
        return "\(digest)  \(Self.path(member))\n"
      }.joined().utf8)
  }

  private mutating func setOxum(_ oxum: String) throws {
    let member = try find("bag-info.txt")
    let lines = String(decoding: bytes[member.body], as: UTF8.self).split(separator: "\n").map { line in
      line.hasPrefix("Payload-Oxum: ") ? "Payload-Oxum: \(oxum)" : String(line)
    }
    try setContent(Array((lines.joined(separator: "\n") + "\n").utf8), of: member)
  }
}
