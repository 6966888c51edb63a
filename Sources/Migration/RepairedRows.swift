import DurableIO
import NoteModel
import NoteStore

/// Rows of a page as they are with their repairs, beside the page that holds them as they were found.
final class RepairedRows {
  private(set) var page: RecordPage
  /// For each row of the original page that is repaired its row in `page`.
  private var places: [Int: Int] = [:]
  /// For rows of `page` the columns whose text is not the original page's.
  private var exchanged: [Int: Set<Int>] = [:]
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
    exchanged.removeAll(keepingCapacity: true)
    formed.removeAll(keepingCapacity: true)
  }

  var isEmpty: Bool { places.isEmpty }
  /// The rows of the original page that are repaired, in order.
  var rows: [Int] { places.keys.sorted() }
  /// How many rows have values that are not those of the source.
  var repairedCount: Int { places.count - formed.count }
  func place(of row: Int) -> Int? { places.isEmpty ? nil : places[row] }

  /// Adds a row with other texts in some of its columns; takes the place of one that was added for the same row.
  ///
  /// A text given whole stands whole in `page` whatever its length, so that it can be written from there.
  func append(row: Int, of original: RecordPage, texts: [(column: Int, text: RowText)]) {
    append(row, original.row(row), texts, alsoExchanged: [])
  }

  /// Brings texts of a row, repaired or not, into another form.
  func form(row: Int, of original: RecordPage, texts: [(column: Int, text: [UInt8])]) {
    let texts = texts.map { (column: $0.column, text: RowText.text($0.text)) }
    guard let place = places[row] else {
      formed.insert(row)
      return append(row, original.row(row), texts, alsoExchanged: [])
    }
    // The page grows while its own row is read, so that is read from a copy.
    Array(page.row(place)).withUnsafeBytes {
      append(row, $0, texts, alsoExchanged: exchanged[place] ?? [])
    }
  }

  private func append(
    _ row: Int, _ bytes: UnsafeRawBufferPointer, _ texts: [(column: Int, text: RowText)], alsoExchanged: Set<Int>
  ) {
    places[row] = page.rowCount
    exchanged[page.rowCount] = alsoExchanged.union(texts.map(\.column))
    page.beginRow()
    var reader = RecordReader(bytes)
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      switch texts.first(where: { $0.column == column })?.text {
      case .text(let text): text.withUnsafeBytes { page.append(text: $0) }
      case .content(let byteCount, let digest):
        digest.withUnsafeBytes { page.append(contentOf: byteCount, $0, isText: true, column: column) }
      case nil: page.append(value, column: column)
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
    let contents = original.contentRange(ofRow: row)
    for index in page.contentRange(ofRow: place) {
      let column = page.contents[index].column
      guard exchanged[place]?.contains(column) != true,
        let other = contents.first(where: { original.contents[$0].column == column })
      else { continue }
      page.setByteCount(original.contents[other].byteCount, ofContent: index)
      page.setDigest(original.digest(ofContent: other), ofContent: index)
    }
  }

  /// Whether a column of a row of the original page has another text.
  func isExchanged(row: Int, column: Int) -> Bool {
    place(of: row).map { exchanged[$0]?.contains(column) == true } ?? false
  }

  /// What each content of the repaired row is given, when the contents of the original row are given `supplies`; a
  /// repaired one keeps what the target holds.
  ///
  /// - Returns: nil when a repaired one is lost.
  func supplies(ofRow row: Int, in original: RecordPage, from supplies: [ContentSupply]) -> [ContentSupply]? {
    guard let place = place(of: row), !supplies.isEmpty else { return supplies }
    let contents = original.contentRange(ofRow: row).map { original.contents[$0].column }
    for (column, supply) in zip(contents, supplies) where exchanged[place]?.contains(column) == true {
      if case .lost = supply { return nil }
    }
    return page.contentRange(ofRow: place).map { index in
      let column = page.contents[index].column
      guard exchanged[place]?.contains(column) != true, let ordinal = contents.firstIndex(of: column) else {
        return .sameAs(original.key(ofRow: row))
      }
      return supplies[ordinal]
    }
  }

  /// Which of the repaired row's contents a content of the original row is.
  func ordinal(ofRow row: Int, in original: RecordPage, content ordinal: Int) -> Int {
    guard let place = place(of: row) else { return ordinal }
    let column = original.contents[original.contentRange(ofRow: row).lowerBound + ordinal].column
    let range = page.contentRange(ofRow: place)
    return range.firstIndex { page.contents[$0].column == column }.map {
      range.distance(from: range.startIndex, to: $0)
    }
      ?? ordinal
  }

  /// Hands over the digest that a row has with its repairs.
  func withDigest(ofRow row: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard let place = place(of: row) else { return }
    if page.row(place).count > RecordPage.inlineLimit {
      let stored = asStored(place)
      withExtendedLifetime(stored) { digest.update(stored.row(0)) }
    } else {
      digest.update(page.row(place))
    }
    digest.finish(body)
  }

  /// A page with one row in which long texts are contents, as a store gives them.
  private func asStored(_ place: Int) -> RecordPage {
    let stored = RecordPage(entity: page.entity, algorithm: page.algorithm)
    stored.beginRow()
    var reader = RecordReader(page.row(place))
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      guard case .text(let bytes) = value, bytes.count > RecordPage.inlineLimit else {
        stored.append(value, column: column)
        continue
      }
      Digest.checksum(page.algorithm, bytes).bytes.withUnsafeBytes {
        stored.append(contentOf: Int64(bytes.count), $0, isText: true, column: column)
      }
    }
    return stored
  }
}

extension RecordPage {
  /// The contents of a row. They stand in the order of the rows.
  func contentRange(ofRow row: Int) -> Range<Int> {
    func first(_ row: Int) -> Int {
      var (low, high) = (0, contents.count)
      while low < high {
        let middle = (low + high) / 2
        if contents[middle].row < row { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return first(row)..<first(row + 1)
  }

  /// Appends a value of another page's row.
  func append(_ value: ValueView, column: Int) {
    switch value {
    case .null: appendNull()
    case .integer(let number): append(integer: number)
    case .real(let number): append(real: number)
    case .text(let bytes): append(text: bytes)
    case .bytes(let bytes): append(bytes: bytes)
    case .withheld: appendWithheld()
    case .missing: appendMissing()
    case .content(let byteCount, let digest, let isText):
      append(contentOf: byteCount, digest, isText: isText, column: column)
    }
  }

  fileprivate func append(contentOf byteCount: Int64, _ digest: UnsafeRawBufferPointer, isText: Bool, column: Int) {
    appendContent(byteCount: byteCount, isText: isText, column: column, place: .sameAs(path: ""))
    setDigest(digest, ofContent: contents.count - 1)
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
}
