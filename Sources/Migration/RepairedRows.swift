import DurableIO
import NoteModel

/// Rows of a page as they are with their repairs, beside the page that holds them as they were found.
final class RepairedRows {
  private(set) var page: RecordPage
  /// For each row of the original page that is repaired its row in `page`.
  private var places: [Int: Int] = [:]
  /// Rows that mean the same in the target and are written otherwise there; nothing in them is repaired.
  private(set) var formed: Set<Int> = []
  private let digest = Digest(.sha256)

  init(entity: Entity, algorithm: DigestAlgorithm) { page = RecordPage(entity: entity, algorithm: algorithm) }

  func reset(entity: Entity, algorithm: DigestAlgorithm) {
    if page.entity != entity || page.algorithm != algorithm {
      page = RecordPage(entity: entity, algorithm: algorithm)
    } else if !page.isEmpty {
      page.removeAll()
    }
    places.removeAll(keepingCapacity: true)
    formed.removeAll(keepingCapacity: true)
  }

  var isEmpty: Bool { places.isEmpty }
  /// The rows of the original page that are repaired, in order.
  var rows: [Int] { places.keys.sorted() }
  /// How many rows have values that are not those of the source.
  var repairedCount: Int { places.count - formed.count }
  func place(of row: Int) -> Int? { places.isEmpty ? nil : places[row] }

  /// Adds a row with other texts in some of its columns.
  func append(row: Int, of original: RecordPage, texts: [(column: Int, text: [UInt8])]) {
    append(row, original.row(row), texts)
  }

  /// Brings texts of a row, repaired or not, into another form.
  func form(row: Int, of original: RecordPage, texts: [(column: Int, text: [UInt8])]) {
    guard let place = places[row] else {
      formed.insert(row)
      return append(row, original.row(row), texts)
    }
    // The page grows while its own row is read, so that is read from a copy.
    Array(page.row(place)).withUnsafeBytes { append(row, $0, texts) }
  }

  private func append(_ row: Int, _ bytes: UnsafeRawBufferPointer, _ texts: [(column: Int, text: [UInt8])]) {
    places[row] = page.rowCount
    page.beginRow()
    var reader = RecordReader(bytes)
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      if let other = texts.first(where: { $0.column == column }) {
        other.text.withUnsafeBytes { page.append(text: $0) }
        continue
      }
      switch value {
      case .null: page.appendNull()
      case .integer(let number): page.append(integer: number)
      case .real(let number): page.append(real: number)
      case .text(let bytes): page.append(text: bytes)
      case .bytes(let bytes): page.append(bytes: bytes)
      case .withheld: page.appendWithheld()
      case .missing: page.appendMissing()
      case .content(let byteCount, let digest, let isText):
        page.appendContent(byteCount: byteCount, isText: isText, column: column, place: .sameAs(path: ""))
        page.setDigest(digest, ofContent: page.contents.count - 1)
      }
    }
  }

  /// Gives the repairs of a row up.
  func remove(row: Int) {
    places[row] = nil
    formed.remove(row)
  }

  /// Takes over lengths and digests of a row's contents as they are by now.
  func updateContents(ofRow row: Int, from original: RecordPage) {
    guard let place = place(of: row) else { return }
    var next = page.contents.firstIndex { $0.row == place } ?? page.contents.count
    for index in original.contents.indices where original.contents[index].row == row {
      page.setByteCount(original.contents[index].byteCount, ofContent: next)
      page.setDigest(original.digest(ofContent: index), ofContent: next)
      next += 1
    }
  }

  /// Hands over the digest that a row has with its repairs.
  func withDigest(ofRow row: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard let place = place(of: row) else { return }
    digest.update(page.row(place))
    digest.finish(body)
  }
}

extension RecordPage {
  /// The row with a key; nil when there is none. Rows stand in the order of their keys, except in an odd archive.
  func row(withKey key: Key) -> Int? {
    var (low, high) = (0, rowCount)
    while low < high {
      let middle = (low + high) / 2
      if self.key(ofRow: middle) < key { low = middle + 1 } else { high = middle }
    }
    if low < rowCount, self.key(ofRow: low) == key { return low }
    return (0..<rowCount).first { self.key(ofRow: $0) == key }
  }

  /// The text in a column of a row; nil for a value of another kind.
  func text(ofRow row: Int, column: Int) -> [UInt8]? {
    var reader = RecordReader(self.row(row))
    for _ in 0..<column { _ = reader.next() }
    guard case .text(let bytes)? = reader.next() else { return nil }
    return Array(bytes)
  }
}
