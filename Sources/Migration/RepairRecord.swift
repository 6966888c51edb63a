import DurableIO
import NoteModel
import NoteRepair

/// One repaired value with all that is needed to bring the stored bytes back.
///
/// In a repairs file it is one line of JSON; <doc:Repair> describes its members.
public struct RepairRecord: Sendable {
  /// A damage and its place in the original, in bytes.
  public struct Place: Sendable, Equatable {
    public var damage: Damage
    public var range: Range<Int>
    public init(damage: Damage, range: Range<Int>) {
      self.damage = damage
      self.range = range
    }
  }

  /// Which part of a long value a record is. The parts of a value follow one another and are all of it.
  public struct Part: Sendable, Equatable {
    /// Counted from 1.
    public var number: Int
    public var count: Int
    /// Length and SHA-256 of the whole value, before and after.
    public var byteCount: Int64
    public var digest: Checksum
    public var repairedByteCount: Int64
    public var repairedDigest: Checksum
  }

  /// The page of the archive that the row stands in, counted from 1 over all entities.
  public var page: Int64
  public var entity: String
  public var key: Key
  public var column: String
  public var tier: RepairTier
  public var damage: [Place]
  /// By how many nats the least certain decision beat its runner-up; nil where there was nothing to decide.
  public var margin: Double?
  public var plan: RepairPlan
  public var original: [UInt8]
  /// SHA-256 of the repaired text. That of `original` is written and checked with the line.
  public var repairedDigest: Checksum
  /// Set where only a part of the value is recorded; `damage`, `plan`, `original` and the digests are the part's.
  public var part: Part?

  public init(_ value: ValueRepair, page number: Int64, of page: RecordPage) {
    self.page = number
    entity = page.entity.name
    key = page.key(ofRow: value.row)
    column = page.entity.columns[value.column].name
    tier = value.repair.appliedTier
    damage = value.repair.findings.map { Place(damage: $0.damage, range: $0.range) }
    margin = value.repair.margin.isFinite ? value.repair.margin : nil
    plan = value.repair.plan
    original = value.original
    repairedDigest = Self.digest(value.repair.text)
  }

  public var originalDigest: Checksum { Self.digest(original) }

  /// Lengths and digests of the whole value.
  public var byteCount: Int64 { part?.byteCount ?? Int64(original.count) }
  public var wholeDigest: Checksum { part?.digest ?? originalDigest }
  public var wholeRepairedDigest: Checksum { part?.repairedDigest ?? repairedDigest }
  /// Whether it is the value's first record.
  public var isFirst: Bool { (part?.number ?? 1) == 1 }

  /// The repaired text.
  ///
  /// - Returns: nil if the plan does not give the text that was recorded.
  public var repaired: [UInt8]? {
    guard let text = plan.apply(to: original), Self.digest(text) == repairedDigest else { return nil }
    return text
  }

  /// The digest by which values are recognised.
  public static func digest(_ text: [UInt8]) -> Checksum {
    text.withUnsafeBytes { Digest.checksum(.sha256, $0) }
  }
}

// MARK: - A line of the file

extension RepairRecord {
  /// Appends the record as one line of JSON.
  func append(to buffer: GrowingBuffer) {
    var members: [JSONValue.Member] = [
      .init("page", .integer(page)), .init("entity", .text(entity)),
      .init("key", (try? JSONReader.parse(Array(key.description.utf8))) ?? .null), .init("column", .text(column)),
      .init("tier", .text(tier.name)),
      .init(
        "damage",
        .array(
          damage.map {
            .object([
              .init("kind", .text($0.damage.name)), .init("offset", .integer(Int64($0.range.lowerBound))),
              .init("bytes", .integer(Int64($0.range.count))),
            ])
          })),
    ]
    if let margin { members.append(.init("margin", .real(margin))) }
    if let part { members.append(.init("part", part.json)) }
    members += [
      .init("plan", Self.base64(plan.serialized())), .init("original_sha256", .text(originalDigest.description)),
      .init("repaired_sha256", .text(repairedDigest.description)), .init("original", Self.base64(original)),
    ]
    JSONValue.object(members).append(to: buffer)
    buffer.append(UInt8(ascii: "\n"))
  }

  private static func base64(_ bytes: [UInt8]) -> JSONValue {
    let buffer = GrowingBuffer(capacity: bytes.count * 4 / 3 + 4)
    bytes.withUnsafeBytes { Base64.append($0, to: buffer) }
    return .string(Array(buffer.bytes))
  }

  /// Why a line is no record.
  struct Problem: Error { var reason: String }

  /// Reads a line strictly.
  ///
  /// - Throws: ``Problem`` with the member that is wrong.
  init(_ json: JSONValue) throws(Problem) {
    func required<T>(_ name: String, _ value: T?) throws(Problem) -> T {
      guard let value else { throw Problem(reason: "\(name) is missing or wrong") }
      return value
    }
    page = try required("page", json["page"]?.integer.flatMap { $0 > 0 ? $0 : nil })
    entity = try required("entity", json["entity"]?.string)
    key = try required("key", json["key"].flatMap { Key(json: $0) })
    column = try required("column", json["column"]?.string)
    tier = try required("tier", json["tier"]?.string.flatMap { RepairTier(name: $0) })
    original = try required("original", Self.bytes(json["original"]))
    damage = []
    for part in try required("damage", json["damage"]?.array) { damage.append(try Place(part, in: original.count)) }
    switch json["margin"] {
    case nil: margin = nil
    case .real(let nats): margin = nats
    default: throw Problem(reason: "margin is missing or wrong")
    }
    part = nil
    if let json = json["part"] { part = try required("part", Part(json)) }
    let serialized = try required("plan", Self.bytes(json["plan"]))
    do { plan = try RepairPlan(serialized: serialized) } catch {
      throw Problem(reason: "plan cannot be read: \(error)")
    }
    repairedDigest = try required("repaired_sha256", Self.digest(json["repaired_sha256"]))
    guard try required("original_sha256", Self.digest(json["original_sha256"])) == originalDigest else {
      throw Problem(reason: "the original is not the one that its digest names")
    }
  }

  private static func bytes(_ json: JSONValue?) -> [UInt8]? {
    guard case .string(let text)? = json else { return nil }
    return text.withUnsafeBytes { Base64.decode($0) }
  }

  fileprivate static func digest(_ json: JSONValue?) -> Checksum? {
    guard case .string(let text)? = json else { return nil }
    return Checksum(.sha256, hex: text)
  }
}

extension RepairRecord.Place {
  fileprivate init(_ json: JSONValue, in count: Int) throws(RepairRecord.Problem) {
    guard let damage = json["kind"]?.string.flatMap({ Damage(name: $0) }), let offset = json["offset"]?.integer,
      let length = json["bytes"]?.integer, offset >= 0, length >= 0, offset <= count, length <= Int64(count) - offset
    else { throw RepairRecord.Problem(reason: "damage is missing or wrong") }
    self.init(damage: damage, range: Int(offset)..<Int(offset + length))
  }
}

extension RepairRecord.Part {
  fileprivate var json: JSONValue {
    .object([
      .init("number", .integer(Int64(number))), .init("of", .integer(Int64(count))),
      .init("bytes", .integer(byteCount)), .init("sha256", .text(digest.description)),
      .init("repaired_bytes", .integer(repairedByteCount)), .init("repaired_sha256", .text(repairedDigest.description)),
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let number = json["number"]?.integer, let count = json["of"]?.integer, number >= 1, number <= count,
      let byteCount = json["bytes"]?.integer, let repaired = json["repaired_bytes"]?.integer,
      (0...LongText.limit).contains(byteCount), (0...LongText.limit).contains(repaired),
      let digest = RepairRecord.digest(json["sha256"]),
      let repairedDigest = RepairRecord.digest(json["repaired_sha256"])
    else { return nil }
    self.init(
      number: Int(number), count: Int(count), byteCount: byteCount, digest: digest, repairedByteCount: repaired,
      repairedDigest: repairedDigest)
  }
}
