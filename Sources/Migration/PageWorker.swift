import DurableIO
import NoteArchive
import NoteModel

/// What one worker thread does with pages and chunks; owns the buffers that this takes.
///
/// Memory: one page of rows as text (about 3 MiB, more when a page is full of control characters) and the compressor.
final class PageWorker {
  private let schema: StoreSchema
  private let encodes: Bool
  private let small: Digest
  private let running: Digest
  private let rowDigest = Digest(.sha256)
  private let compressor: ZstdCompressor
  private let text = GrowingBuffer(capacity: 64 << 10)
  private var rowEncoder: RowEncoder?
  private var inventoryEncoder: InventoryEncoder?

  init(schema: StoreSchema, algorithm: DigestAlgorithm, encodes: Bool) {
    self.schema = schema
    self.encodes = encodes
    small = Digest(algorithm)
    running = Digest(algorithm)
    compressor = ZstdCompressor(level: 1)
  }

  /// Digests the contents that came with the page.
  func digestPayload(of group: PageGroup) {
    let page = group.page
    let size = page.algorithm.byteCount
    for (index, content) in page.contents.enumerated() {
      guard case .payload(let range) = content.place else { continue }
      small.update(page.payload.slice(range))
      small.finish { group.payloadDigests.overwrite(at: index * size, with: $0) }
    }
  }

  /// Digests the next piece of a streamed content. A content's pieces all come to one worker, in order.
  func digest(_ chunk: Chunk<PageGroup>) {
    running.update(chunk.bytes)
    if chunk.isLast { running.finish { chunk.group!.setDigest($0, ofStream: chunk.part) } }
  }

  /// Makes the member of the rows; their contents have their paths by now, the digests are not part of it.
  func encodeRows(of group: PageGroup) throws {
    guard encodes else { return }
    if rowEncoder?.entity != group.page.entity { rowEncoder = RowEncoder(group.page.entity) }
    text.removeAll()
    rowEncoder!.encode(group.page, into: text)
    try compressor.compress(text.bytes, into: group.rowsMember)
    small.update(group.rowsMember.bytes)
    group.rowsChecksum = small.finish()
    text.removeAll()
    text.shrink(to: 8 << 20)
  }

  /// When every digest of the group is there: completes the rows, digests them and makes the inventory.
  func finish(_ group: PageGroup) throws {
    let page = group.page
    let size = page.algorithm.byteCount
    for (index, content) in page.contents.enumerated() {
      if case .store = content.place { continue }
      page.setDigest(group.payloadDigests.slice(index * size..<(index + 1) * size), ofContent: index)
    }
    // The last reading of a content counts.
    for stream in group.streams {
      stream.digest.withUnsafeBytes { page.setDigest($0, ofContent: stream.content) }
      if page.contents[stream.content].byteCount != stream.byteCount {
        page.setByteCount(stream.byteCount, ofContent: stream.content)
      }
    }
    group.rowDigests.reserve(page.rowCount * 32)
    for row in 0..<page.rowCount {
      rowDigest.update(page.row(row))
      rowDigest.finish { group.rowDigests.append($0) }
    }
    if encodes {
      if inventoryEncoder?.entity != page.entity { inventoryEncoder = InventoryEncoder(page.entity) }
      text.removeAll()
      inventoryEncoder!.encode(page, rowDigests: group.rowDigests, into: text)
      try compressor.compress(text.bytes, into: group.inventoryMember)
      small.update(group.inventoryMember.bytes)
      group.inventoryChecksum = small.finish()
    }
    group.markFinished()
  }
}
