import NoteModel
import NoteStore

/// The product whose stores are checked: four tables with the kinds of keys and values that engines tell apart.
///
/// | table | columns |
/// | --- | --- |
/// | `setting` | `name` text key, `value` text |
/// | `note` | `id` integer key that the engine can give, `title` text, `body` text, `stars` real or null, `changed` integer of at least 0 |
/// | `link` | `note_id` and `other_id` integers and `kind` text, together the key |
/// | `attachment` | `id` integer key that the engine can give, `note_id` integer, `name` unique text, `bytes` bytes or null, `size` integer |
///
/// `title`, `body`, `value`, `name`, `kind`, `changed`, `note_id` and `size` are never null; `body` is `''` and `changed`
/// is 0 where nothing is said. That `changed` is at least 0 is a rule of the table (CHECK).
public enum SampleProduct {
  public static let tables = ["setting", "note", "link", "attachment"]

  /// The row of `setting` by which the version is known.
  public static let versionRow: [Value] = [text("version"), text("1.5")]

  public static let profile = Profile(
    name: "sample", title: "Sample", probeTables: ["note", "attachment"],
    versionProbes: [
      Profile.VersionProbe(table: "setting", column: "value", whereColumn: "name", whereEquals: "version")
    ],
    minimumVersion: "1.0", maximumVersion: "1.9", dataDirectory: ".",
    entities: [
      EntityProfile(name: "setting", role: .setting, tables: ["setting"], isRequired: true, key: ["name"]),
      EntityProfile(
        name: "note", role: .note, tables: ["note"], isRequired: true, key: ["id"], textColumns: ["title", "body"]),
      EntityProfile(name: "link", role: .link, tables: ["link"], key: ["note_id", "other_id", "kind"]),
      EntityProfile(
        name: "attachment", role: .attachment, tables: ["attachment"], isRequired: true, key: ["id"],
        textColumns: ["name"], contentColumn: "bytes", sizeColumn: "size", noteColumn: "note_id"),
    ])

  static func text(_ words: String) -> Value { .text(Array(words.utf8)) }

  static func note(_ id: Int64, title: String = "title", body: String = "body", changed: Int64 = 5) -> [Value] {
    [.integer(id), text(title), text(body), id % 3 == 0 ? .null : .real(Double(id) / 4), .integer(changed)]
  }

  static func attachment(_ id: Int64, name: String? = nil, bytes: [UInt8]?) -> [Value] {
    [
      .integer(id), .integer(id % 7), text(name ?? "name \(id)"), bytes.map { .bytes($0) } ?? .null,
      .integer(Int64(bytes?.count ?? 0)),
    ]
  }

  /// Bytes of every value, different for each seed: blocks of 64 KiB, each with its number in front.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let block = (0..<min(count, 64 << 10)).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let start = bytes.count
      bytes += block.prefix(count - start)
      bytes[start] = UInt8(truncatingIfNeeded: start >> 16)
    }
    return bytes
  }

  /// Notes with gaps in their numbers, out of order, enough for several pages.
  static let manyNotes: [[Value]] = (1...2_500).map { number in
    let id = Int64((number * 1_009) % 2_503) * 3 - 1_200
    return note(id, title: "note \(id)", body: String(repeating: "\(id) äöü 漢字 ", count: 130))
  }

  static let links: [[Value]] = (0..<400).map { (number: Int) -> [Value] in
    [.integer(Int64(number % 13)), .integer(Int64(number / 13)), text(number % 2 == 0 ? "REFERENCE" : "comment")]
  }

  static let settings: [[Value]] = ["", "A", "a", "ä", "b", "ab", "B", "z0", "漢", "Z"].map {
    [text($0), text("v" + $0)]
  }
}
