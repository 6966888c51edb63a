import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a glance at a store saw of each row at the moment of a segment: keys, and digests of the columns that it sees.
///
/// Two files in the state directory, about 50 bytes a row. They only spare reading: where they are missing, or are of
/// another segment, all columns are read.
///
/// A product that changes a row tells the time in it, mostly in whole seconds, so a row that was written in the second of the
/// view may be written to again without a glance showing it. Such a row counts as changed at the next glance, whatever it shows.
struct GlanceBook {
  /// Of the segment.
  let seal: String
  /// Files that were changed since then are suspect.
  let since: Timestamp
  let rows: InventorySpool
  /// Bytes of the attachments that were passed over.
  let spared: Int64

  static func read(_ chain: ArchiveChain, stateDirectory: String) -> GlanceBook? {
    let description = chain.base.description
    let path = path(description, stateDirectory)
    guard let file = try? File.read(path), let size = try? file.status().byteCount, size < 1 << 16 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) == bytes.count,
      let value = try? JSONReader.parse(bytes), let seal = value["seal"]?.string, seal == chain.last.seal.description,
      let since = value["since"]?.integer, let spared = value["spared"]?.integer, let length = value["bytes"]?.integer,
      FileStatus.of(path + ".rows")?.byteCount == length,
      let rows = try? InventorySpool(path: path + ".rows", keeping: length, contents: description.algorithm)
    else { return nil }
    return GlanceBook(seal: seal, since: Timestamp(milliseconds: since), rows: rows, spared: spared)
  }

  private static func path(_ base: SegmentDescription, _ stateDirectory: String) -> String {
    // The id may be anything that a file says.
    let id = Array(base.id.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return "\(stateDirectory)/glance-\(id.description.prefix(24)).json"
  }

  /// Looks at every row once more, in the view of the segment.
  ///
  /// - Parameter since: When the view was opened, or before.
  /// - Returns: Bytes of the attachments that a glance passes over; 0 where not all rows could be seen.
  static func write(
    _ snapshot: any SourceSnapshot, _ base: SegmentDescription, seal: Checksum, since: Timestamp,
    stateDirectory: String, scan: StoreScan
  ) throws -> Int64 {
    let path = path(base, stateDirectory)
    try Folder.create(stateDirectory)
    // Until the new one is whole there is none.
    try Folder.remove(path)
    try Folder.remove(path + ".rows")
    let rows = try InventorySpool(path: path + ".rows", keeping: 0, contents: base.algorithm)
    var spared: Int64 = 0
    let times = RecentTimes(since)
    let unknown = [UInt8](repeating: 0, count: 32)
    let unreadable = try scan.run(
      GlancedSnapshot(snapshot, since: nil), entities: snapshot.schema.entities, algorithm: base.algorithm,
      totalItems: nil, totalBytes: nil
    ) { entityIndex, page, rowDigests in
      if snapshot.passesOverColumns(of: page.entity) {
        spared += page.contents.reduce(0) { $0 + $1.byteCount }
        for row in 0..<page.rowCount where times.areTold(by: page.row(row)) {
          unknown.withUnsafeBytes { rowDigests.overwrite(at: row * 32, with: $0) }
        }
      }
      try rows.append(entityIndex: entityIndex, page: page, rowDigests: rowDigests)
    }
    guard unreadable == 0 else { return 0 }
    try rows.synchronize()
    let value = JSONValue.object([
      .init("seal", .text(seal.description)), .init("since", .integer(since.milliseconds)),
      .init("bytes", .integer(rows.byteCount)), .init("spared", .integer(spared)),
    ])
    let file = try File.write(path, truncate: true)
    try Array(value.text.utf8).withUnsafeBytes { try file.write($0) }
    return spared
  }
}

/// Times from a little before a view on, by which a row tells that it was written then.
private struct RecentTimes {
  private let milliseconds: Range<Int64>
  private let seconds: Range<Int64>
  private let texts: (first: [UInt8], end: [UInt8])

  /// - Parameter view: When it was opened, by this machine; the store's clock may be a second behind.
  init(_ view: Timestamp) {
    milliseconds = view.milliseconds - 2000..<view.milliseconds + 86_400_000
    seconds = milliseconds.lowerBound / 1000..<milliseconds.upperBound / 1000
    texts = (Self.text(milliseconds.lowerBound), Self.text(milliseconds.upperBound))
  }

  private static func text(_ time: Int64) -> [UInt8] { Array(Timestamp(milliseconds: time).rfc3339.utf8.prefix(19)) }

  /// Whether a row has such a time: in seconds or milliseconds since 1970, or as a text that begins like
  /// `2026-11-21 22:10:05`, in UTC.
  func areTold(by row: UnsafeRawBufferPointer) -> Bool {
    var reader = RecordReader(row)
    while let value = reader.next() {
      switch value {
      case .integer(let number) where seconds.contains(number) || milliseconds.contains(number): return true
      case .text(let bytes) where bytes.count >= 19 && isRecent(bytes): return true
      default: break
      }
    }
    return false
  }

  private func isRecent(_ text: UnsafeRawBufferPointer) -> Bool {
    // Whatever stands between the date and the time.
    func stands(before other: [UInt8]) -> Bool {
      for index in 0..<19 where index != 10 && text[index] != other[index] { return text[index] < other[index] }
      return false
    }
    return !stands(before: texts.first) && stands(before: texts.end)
  }
}
