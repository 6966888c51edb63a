import NoteArchive
import NoteModel

extension FuzzTarget {
  /// Compressed blocks: never more than their limit, and what is accepted is exactly one frame.
  static let zstd: FuzzTarget = FuzzTarget(
    name: "zstd",
    seeds: {
      try [Frames.frame([]), Frames.frame(Array("[[1]]\n".utf8)), Frames.frame(.init(repeating: 7, count: 3000))]
    },
    mutate: { input, dice in
      guard let text = Frames.text(input) else { return input }
      return try Frames.frame(Mutator(words: [], others: []).changed(text, &dice))
    },
    check: { input in
      let limit = 1 << 20
      let buffer = GrowingBuffer(capacity: 64)
      let isRead = try refusing(with: [.archiveDamaged, .archiveHostile]) {
        try input.withUnsafeBytes { try ZstdDecompressor().decompress($0, into: buffer, limit: limit) }
        return true
      }
      guard isRead != nil else { return try require(buffer.count == 0, "a refused frame leaves bytes behind") }
      try require(buffer.count <= limit && buffer.capacity <= 2 * limit, "a frame takes more than its limit")
      let length = input.withUnsafeBytes { ZstdDecompressor().frameLength($0) }
      try require(length == input.count, "bytes behind a frame are read over")
      let back = Frames.text(try Frames.frame(Array(buffer.bytes)))
      try require(back == Array(buffer.bytes), "a text does not come back from its frame")
    })

  /// The row codec: what it accepts is what it would write, but for other spellings of the same value.
  static let rows: FuzzTarget = FuzzTarget(
    name: "rows",
    seeds: { try Samples.shared.texts("data/rows/attachment/") + Samples.shared.texts("data/rows/memo/") + [oddRows] },
    words: [
      "null", "{\"b64\":\"", "{\"text_b64\":\"", "{\"f64\":\"7ff8000000000001\"}", "{\"withheld\":true}",
      "{\"missing\":true}", "{\"blob\":\"data/blobs/", "\",\"size\":", "\\u0000", "\\ud83d\\ude00", "}\n{", "\"id\":",
      "==\"}",
    ],
    longest: 8192,
    check: { input in for entity in entities { try checkRows(input, entity) } })

  private static let entities =
    Samples.shared.schema.entities.filter { ["attachment", "memo", "odd"].contains($0.name) } + [odd]

  /// Few columns, so that changes reach every kind of value soon.
  static let odd = Entity(
    name: "odd", role: .other, table: "odd", columns: [Column(name: "a"), Column(name: "b", kind: .content)], key: [0])

  private static let oddRows = Array(
    """
    {"a":{"f64":"7ff0000000000000"},"b":{"blob":"data/blobs/odd/1","size":12}}
    {"a":-0.0,"b":null}
    {"a":{"text_b64":"/w=="},"b":{"text_blob":"data/blobs/odd/2","size":1}}
    {"a":9223372036854775807,"b":{"missing":true}}

    """.utf8)

  /// Inventories: keys read back, and their order is one.
  static let inventory: FuzzTarget = FuzzTarget(
    name: "inventory",
    seeds: { try Samples.shared.texts("data/inventory/") + [oddInventory] },
    words: [
      "[[", "]]\n", "\",[\"", "{\"f64\":\"7ff8000000000000\"}", "{\"b64\":\"AA==\"}", "null", "-1", "1e3", "\"\"",
    ],
    check: checkInventory)

  private static let oddInventory: [UInt8] = {
    let digest = String(repeating: "0", count: 64)
    let keys = ["[{\"f64\":\"fff0000000000000\"}]", "[1]", "[1.5]", "[\"GENERAL\",{\"b64\":\"/w==\"}]", "[null]"]
    return Array(keys.map { "[\($0),\"\(digest)\"]\n" }.joined().utf8)
  }()
}

private func decoded(_ text: [UInt8], _ entity: Entity) throws -> RecordPage? {
  let page = RecordPage(entity: entity, algorithm: .sha256)
  return try refusing {
    try text.withUnsafeBytes { try RowDecoder(entity).decode($0, into: page) }
    return page
  }
}

private func checkRows(_ input: [UInt8], _ entity: Entity) throws {
  guard let page = try decoded(input, entity) else { return }
  try require(page.rows.count <= 24 * input.count + 64, "a page takes more than 24 times its text")
  let text = GrowingBuffer(capacity: 4096)
  RowEncoder(entity).encode(page, into: text)
  let again = try required(try decoded(Array(text.bytes), entity), "what was written is not accepted")
  try require(again.rows.bytes.elementsEqual(page.rows.bytes), "rows do not read back as they were")
  try require(again.contents.map(\.path) == page.contents.map(\.path), "contents do not read back as they were")
  let second = GrowingBuffer(capacity: 4096)
  RowEncoder(entity).encode(again, into: second)
  try require(second.bytes.elementsEqual(text.bytes), "writing rows twice gives other bytes")
  if text.bytes.elementsEqual(input) == false {
    try require(hasOtherSpelling(input), "accepted rows are not what is written")
  }
  for row in 0..<page.rowCount {
    let key = page.key(ofRow: row)
    try require(isFileName(key.fileName), "a key gives a name that is no file's")
  }
  for content in page.contents {
    let parts = content.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isInside = parts.count > 2 && parts[0].elementsEqual("data".utf8) && parts[1].elementsEqual("blobs".utf8)
    try require(
      isInside && !parts.contains { $0.elementsEqual("..".utf8) || $0.isEmpty }, "a content outside of data/blobs")
  }
}

/// Values that can be spelled otherwise than they are written: escapes in strings, reals, Base64 that need not be.
private func hasOtherSpelling(_ input: [UInt8]) -> Bool {
  input.contains(UInt8(ascii: "\\")) || input.contains(UInt8(ascii: ".")) || input.contains(UInt8(ascii: "e"))
    || input.contains(0x7F) || input.contains(UInt8(ascii: "E"))
}

private func isFileName(_ name: String) -> Bool {
  !name.isEmpty && name.utf8.count <= 128 && !name.contains("/") && !name.contains(".") && !name.contains("\0")
}

private func checkInventory(_ input: [UInt8]) throws {
  var keys: [Key] = []
  try input.withUnsafeBytes { text in
    var reader = InventoryReader(text)
    while let entry = try refusing({ try reader.next() }) ?? nil {
      try require(entry.rowDigest.count == 32, "a row digest of another length")
      let said = Array(text[entry.keyRange])
      let value = try? JSONReader.parse(said)
      try require(
        value.flatMap { Key(json: $0) } == entry.key || isNotANumber(entry.key), "a key's range is not its key")
      try require(isFileName(entry.key.fileName), "a key gives a name that is no file's")
      keys.append(entry.key)
    }
  }
  for key in keys {
    let back = (try? JSONReader.parse(Array(key.description.utf8))).flatMap { Key(json: $0) }
    try require(back?.description == key.description, "a key does not read back from its JSON")
  }
  try checkOrder(Array(keys.prefix(12)))
}

private func isNotANumber(_ key: Key) -> Bool {
  key.values.contains { if case .real(let number) = $0 { number.isNaN } else { false } }
}

/// An order that sorting may rely on: never both ways, and the same over three.
private func checkOrder(_ keys: [Key]) throws {
  for first in keys {
    try require(!(first < first), "a key stands in front of itself")
    for second in keys where first < second {
      try require(!(second < first), "two keys stand in front of one another")
      for third in keys where second < third { try require(first < third, "the order of keys is not one") }
    }
  }
}
