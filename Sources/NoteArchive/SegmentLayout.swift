import NoteModel

/// The names inside a segment. **Contract of archive format 1.**
public enum SegmentLayout {
  public static let format = 1
  public static let base = "0000-base"
  /// The most segments of one archive: numbers have four digits.
  public static let segmentLimit = 10_000

  /// The name of a segment, of which the first is the base and all others are deltas: `0001-delta`.
  public static func segment(_ number: Int) -> String {
    guard number > 0 else { return base }
    let digits = String(number)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "-delta"
  }

  /// The number of the segment that a file holds; nil for the name of another file.
  public static func number(ofFile name: String) -> Int? {
    guard name.hasSuffix(".tar"), let number = Int(name.prefix(4)), segment(number) + ".tar" == name else { return nil }
    return number
  }

  /// The file of a segment's outline: `0000-base.outline.tar`.
  public static func outline(_ number: Int) -> String { segment(number) + ".outline.tar" }

  /// The number of the segment that an outline is of; nil for the name of another file.
  public static func number(ofOutline name: String) -> Int? {
    guard let number = Int(name.prefix(4)), outline(number) == name else { return nil }
    return number
  }

  public static let bagit = "bagit.txt"
  /// The whole of `bagit.txt`.
  public static let bagDeclaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
  public static let bagInfo = "bag-info.txt"
  public static let description = "noteferry.json"
  public static let profile = "data/profile.toml"
  public static let schema = "data/schema.json"
  public static let summary = "data/summary.json"
  public static let findings = "data/findings.ndjson.zst"

  public static func rows(_ entity: String, page: Int64) -> String {
    "data/rows/\(entity)/\(number(page)).ndjson.zst"
  }

  /// Keys of rows that are gone since the segment before.
  public static func deleted(_ entity: String, page: Int64) -> String {
    "data/deleted/\(entity)/\(number(page)).ndjson.zst"
  }

  public static func inventory(_ entity: String, page: Int64) -> String {
    "data/inventory/\(entity)/\(number(page)).ndjson.zst"
  }

  public static func manifest(_ algorithm: DigestAlgorithm) -> String { "manifest-\(algorithm.rawValue).txt" }
  public static func tagManifest(_ algorithm: DigestAlgorithm) -> String { "tagmanifest-\(algorithm.rawValue).txt" }

  /// The member that holds a content of a row: `data/blobs/attachment/17`; for the file of an attachment and for long
  /// values of other columns the column's name follows: `17@file`. A file that was read again because it changed has
  /// `~2`, `~3` … behind its name, and the highest counts.
  public static func content(_ entity: Entity, keyName: String, column: Int) -> String {
    let first = entity.columns.firstIndex { $0.kind == .content }
    if column == first { return "data/blobs/\(entity.name)/\(keyName)" }
    let name = entity.columns[column].kind == .file ? "file" : Entity.archiveName(for: entity.columns[column].name)
    return "data/blobs/\(entity.name)/\(keyName)@\(name)"
  }

  public static func retry(_ path: String, attempt: Int) -> String { "\(path)~\(attempt)" }

  /// Page numbers have at least six digits, so that names sort as pages do.
  private static func number(_ page: Int64) -> String {
    let digits = String(page)
    return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  /// What a member name below `data/` stands for; `nil` for names this format does not have.
  public static func kind(of name: String) -> MemberKind? {
    switch name {
    case bagit: return .bagit
    case bagInfo: return .bagInfo
    case description: return .description
    case profile: return .profile
    case schema: return .schema
    case summary: return .summary
    case findings: return .findings
    case manifest(.sha256): return .manifest(.sha256)
    case manifest(.sha512): return .manifest(.sha512)
    case tagManifest(.sha256): return .tagManifest(.sha256)
    case tagManifest(.sha512): return .tagManifest(.sha512)
    default: break
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "data" else { return nil }
    let entity = String(parts[2])
    switch parts[1] {
    case "rows", "inventory", "deleted":
      guard parts[3].hasSuffix(".ndjson.zst"), let page = Int64(parts[3].dropLast(11)), page > 0 else { return nil }
      switch parts[1] {
      case "rows": return .rows(entity: entity, page: page)
      case "inventory": return .inventory(entity: entity, page: page)
      default: return .deleted(entity: entity, page: page)
      }
    case "blobs": return .content(entity: entity)
    default: return nil
    }
  }

  public enum MemberKind: Sendable, Equatable {
    case bagit, bagInfo, description, profile, schema, summary, findings
    case manifest(DigestAlgorithm)
    case tagManifest(DigestAlgorithm)
    case rows(entity: String, page: Int64)
    case inventory(entity: String, page: Int64)
    case deleted(entity: String, page: Int64)
    case content(entity: String)
  }
}
