import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What an import knew of a target that it left open for later deltas.
///
/// With it a later import brings only the new segments in, and compares all rows without a look at the old segments.
/// Without it, or where it does not fit the target, the old segments are read again. It lies in the state directory: one
/// file with what is in it, and one with key and digests of every row, about 50 bytes a row and 32 for each content.
struct HeldTarget {
  /// What the target's mark names.
  var origin: String
  /// The newest segment that the target has, and its seal.
  var number: Int
  var seal: String
  /// Pages of all segments up to it.
  var pages: Int64
  /// When the import had left the target, in milliseconds: files that were written to since then are read again.
  var left: Int64
  /// By node, what stood for its state then; empty where that could not be told.
  var identities: [String]
  /// By node, how many rows it had that are not the archive's.
  var extras: [Int64]
  var summary: SegmentSummary
  var totals: ImportTotals
  /// Bytes of the inventory.
  var byteCount: Int64
  /// By node, the bytes of what a glance saw of it; below 0 where there is none.
  var glances: [Int64]
  /// The same of what measuring showed of it.
  var measured: [Int64]
  /// Whether an import began to bring a segment in and did not end.
  var isApplying = false

  /// - Returns: nil where there is none that can be read: the old segments say the same.
  static func read(_ path: String) -> HeldTarget? {
    guard let file = try? File.read(path), let size = try? file.status().byteCount, size < 64 << 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) == bytes.count,
      let value = try? JSONReader.parse(bytes), let held = HeldTarget(value),
      FileStatus.of(inventory(path))?.byteCount == held.byteCount
    else { return nil }
    return held
  }

  static func inventory(_ path: String) -> String { path + ".inventory" }

  /// Where it is for an import, by what the import fills.
  static func path(_ nodes: ImportNodes, origin: String, stateDirectory: String) -> String {
    let names = nodes.all.map(\.target.name) + [origin]
    let digest = Array(names.joined(separator: "\n").utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return "\(stateDirectory)/held-\(digest.description.prefix(24)).json"
  }

  func write(_ path: String) throws {
    try Folder.create(Folder.parent(of: path))
    let file = try File.write(path + ".new", truncate: true)
    try Array(json.text.utf8).withUnsafeBytes { try file.write($0) }
    try file.synchronize()
    try Folder.rename(path + ".new", to: path)
    try Folder.synchronize(Folder.parent(of: path))
  }

  /// What glances saw of the nodes; nil where it is not known of each.
  func glances(_ path: String, nodes: [Int], algorithm: DigestAlgorithm) -> [Int: InventorySpool]? {
    var found: [Int: InventorySpool] = [:]
    for node in nodes {
      guard let rows = Self.rows(TargetGlance.path(path, node: node), glances, node, algorithm) else { return nil }
      found[node] = rows
    }
    return found
  }

  /// What measuring showed of those nodes of which it was kept.
  func measured(_ path: String, nodes: [Int], algorithm: DigestAlgorithm) -> [Int: InventorySpool] {
    nodes.reduce(into: [:]) { $0[$1] = Self.rows(MeasuredBook.path(path, node: $1), measured, $1, algorithm) }
  }

  private static func rows(
    _ path: String, _ lengths: [Int64], _ node: Int, _ algorithm: DigestAlgorithm
  ) -> InventorySpool? {
    guard lengths.indices.contains(node), lengths[node] >= 0, FileStatus.of(path)?.byteCount == lengths[node] else {
      return nil
    }
    return try? InventorySpool(path: path, keeping: lengths[node], contents: algorithm)
  }

  static func remove(_ path: String) throws {
    try Folder.remove(path)
    for node in 0...1 {
      try Folder.remove(TargetGlance.path(path, node: node))
      try Folder.remove(MeasuredBook.path(path, node: node))
    }
    try Folder.remove(inventory(path))
  }

  private var json: JSONValue {
    .object([
      .init("origin", .text(origin)), .init("segment", .integer(Int64(number))), .init("seal", .text(seal)),
      .init("pages", .integer(pages)), .init("left", .integer(left)),
      .init("identities", .array(identities.map { .text($0) })), .init("extras", .array(extras.map { .integer($0) })),
      .init("bytes", .integer(byteCount)), .init("applying", .bool(isApplying)), .init("summary", summary.json),
      .init("glances", .array(glances.map { .integer($0) })),
      .init("measured", .array(measured.map { .integer($0) })),
      .init("totals", totals.json),
    ])
  }

  private init?(_ value: JSONValue) {
    guard let origin = value["origin"]?.string, let number = value["segment"]?.integer,
      let seal = value["seal"]?.string,
      let pages = value["pages"]?.integer, let left = value["left"]?.integer,
      let identities = value["identities"]?.array, let extras = value["extras"]?.array,
      let byteCount = value["bytes"]?.integer, let isApplying = value["applying"]?.bool,
      let summary = value["summary"].flatMap({ SegmentSummary($0) }),
      let totals = value["totals"].map(ImportTotals.init)
    else { return nil }
    self.init(
      origin: origin, number: Int(number), seal: seal, pages: pages, left: left,
      identities: identities.compactMap(\.string), extras: extras.compactMap(\.integer), summary: summary,
      totals: totals, byteCount: byteCount, glances: value["glances"]?.array?.compactMap(\.integer) ?? [],
      measured: value["measured"]?.array?.compactMap(\.integer) ?? [], isApplying: isApplying)
  }

  init(
    origin: String, number: Int, seal: String, pages: Int64, left: Int64, identities: [String], extras: [Int64],
    summary: SegmentSummary, totals: ImportTotals, byteCount: Int64, glances: [Int64],
    measured: [Int64], isApplying: Bool = false
  ) {
    self.origin = origin
    self.number = number
    self.seal = seal
    self.pages = pages
    self.left = left
    self.identities = identities
    self.extras = extras
    self.summary = summary
    self.totals = totals
    self.byteCount = byteCount
    self.glances = glances
    self.measured = measured
    self.isApplying = isApplying
  }
}

/// By entity, what an import counted that no reading back shows.
struct ImportTotals {
  var degraded: [String: Int64] = [:]
  var repaired: [String: Int64] = [:]
  var substituted: [String: Int64] = [:]
  var substitutedAndRepaired: [String: Int64] = [:]
  var moved: [String: Int64] = [:]

  private static let members: [(name: String, path: WritableKeyPath<ImportTotals, [String: Int64]> & Sendable)] = [
    ("degraded", \.degraded), ("repaired", \.repaired), ("substituted", \.substituted),
    ("substituted_and_repaired", \.substitutedAndRepaired), ("moved", \.moved),
  ]

  init() {}

  init(_ value: JSONValue) {
    for (name, path) in Self.members {
      guard case .object(let counts)? = value[name] else { continue }
      for count in counts { self[keyPath: path][count.name] = count.value.integer ?? 0 }
    }
  }

  var json: JSONValue {
    .object(
      Self.members.map { name, path in
        .init(name, .object(self[keyPath: path].sorted { $0.key < $1.key }.map { .init($0.key, .integer($0.value)) }))
      })
  }

  static func + (left: ImportTotals, right: ImportTotals) -> ImportTotals {
    var sum = left
    for (_, path) in members { sum[keyPath: path].merge(right[keyPath: path], uniquingKeysWith: +) }
    return sum
  }
}
