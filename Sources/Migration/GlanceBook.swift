import DurableIO
import NoteArchive
import NoteModel
import NoteStore

/// What a glance at a store saw of each row at the moment of a segment: keys, and digests of the columns that it sees.
///
/// Two files in the state directory, about 50 bytes a row. They only spare reading: where they are missing, or are of
/// another segment, all columns are read.
struct GlanceBook {
  /// Of the segment.
  let seal: String
  /// Files that were changed since then are suspect.
  let since: Timestamp
  let rows: InventorySpool

  static func read(_ chain: ArchiveChain, stateDirectory: String) -> GlanceBook? {
    let description = chain.base.description
    let path = path(description, stateDirectory)
    guard let file = try? File.read(path), let size = try? file.status().byteCount, size < 1 << 16 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) == bytes.count,
      let value = try? JSONReader.parse(bytes), let seal = value["seal"]?.string, seal == chain.last.seal.description,
      let since = value["since"]?.integer, let length = value["bytes"]?.integer,
      FileStatus.of(path + ".rows")?.byteCount == length,
      let rows = try? InventorySpool(path: path + ".rows", keeping: length, contents: description.algorithm)
    else { return nil }
    return GlanceBook(seal: seal, since: Timestamp(milliseconds: since), rows: rows)
  }

  private static func path(_ base: SegmentDescription, _ stateDirectory: String) -> String {
    // The id may be anything that a file says.
    let id = Array(base.id.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return "\(stateDirectory)/glance-\(id.description.prefix(24)).json"
  }

  /// Looks at every row once more, in the view of the segment.
  static func write(
    _ snapshot: any SourceSnapshot, _ base: SegmentDescription, seal: Checksum, since: Timestamp,
    stateDirectory: String, scan: StoreScan
  ) throws {
    let path = path(base, stateDirectory)
    try Folder.create(stateDirectory)
    // Until the new one is whole there is none.
    try Folder.remove(path)
    try Folder.remove(path + ".rows")
    let rows = try InventorySpool(path: path + ".rows", keeping: 0, contents: base.algorithm)
    let unreadable = try scan.run(
      GlancedSnapshot(snapshot, since: nil), entities: snapshot.schema.entities, algorithm: base.algorithm,
      totalItems: nil, totalBytes: nil
    ) { try rows.append(entityIndex: $0, page: $1, rowDigests: $2) }
    guard unreadable == 0 else { return }
    try rows.synchronize()
    let value = JSONValue.object([
      .init("seal", .text(seal.description)), .init("since", .integer(since.milliseconds)),
      .init("bytes", .integer(rows.byteCount)),
    ])
    let file = try File.write(path, truncate: true)
    try Array(value.text.utf8).withUnsafeBytes { try file.write($0) }
  }
}
