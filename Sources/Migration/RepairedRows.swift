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
  /// Of those the ones whose bytes come with the row.
  private var coming: [Int: Set<Int>] = [:]
  /// Rows that mean the same in the target and are written otherwise there; nothing in them is repaired.
  private(set) var formed: Set<Int> = []
  /// For rows of `page` the column with a content that the original page has in another one: where it is, and was.
  private var moved: [Int: (to: Int, from: Int)] = [:]
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
    coming.removeAll(keepingCapacity: true)
    formed.removeAll(keepingCapacity: true)
    moved.removeAll(keepingCapacity: true)
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
    append(row, original.row(row), texts.map { ($0.column, .text($0.text)) }, alsoExchanged: [])
  }

  /// Brings values of a row, repaired or not, into another form.
  func form(row: Int, of original: RecordPage, values: [(column: Int, value: RowValue)]) {
    guard let place = places[row] else {
      formed.insert(row)
      return append(row, original.row(row), values, alsoExchanged: [])
    }
    // The page grows while its own row is read, so that is read from a copy.
    Array(page.row(place)).withUnsafeBytes {
      append(row, $0, values, alsoExchanged: exchanged[place] ?? [])
    }
    if let move = moved[place] { moved[places[row]!] = move }
  }

  private func append(
    _ row: Int, _ bytes: UnsafeRawBufferPointer, _ values: [(column: Int, value: RowValue)], alsoExchanged: Set<Int>
  ) {
    let previous = places[row]
    places[row] = page.rowCount
    // The bytes of a content with another label are still those that come with the original row.
    let others = values.filter {
      switch $0.value {
      case .relabelled, .moved, .emptied: false
      default: true
      }
    }
    for (column, value) in values { if case .moved(_, _, let from) = value { moved[page.rowCount] = (column, from) } }
    exchanged[page.rowCount] = alsoExchanged.union(others.map(\.column))
    let before = previous.flatMap { coming[$0] } ?? []
    let new = values.filter { if case .formed = $0.value { true } else { false } }
    if !before.isEmpty || !new.isEmpty { coming[page.rowCount] = before.union(new.map(\.column)) }
    page.beginRow()
    var reader = RecordReader(bytes)
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      switch (values.first(where: { $0.column == column })?.value, value) {
      case (.text(.text(let text)), _), (.formed(.text(let text)), _): text.withUnsafeBytes { page.append(text: $0) }
      case (.text(.content(let byteCount, let digest)), _), (.formed(.content(let byteCount, let digest)), _):
        digest.withUnsafeBytes { page.append(contentOf: byteCount, $0, isText: true, column: column) }
      case (.value(let new), _): page.append(new)
      case (.relabelled(let isText), .content(let byteCount, let digest, _)):
        page.append(contentOf: byteCount, digest, isText: isText, column: column)
      case (.moved(let byteCount, let digest, _), _):
        digest.withUnsafeBytes { page.append(contentOf: byteCount, $0, isText: false, column: column) }
      case (.emptied, _): page.appendNull()
      default: page.append(value, column: column)
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
      let source = source(of: column, place)
      guard exchanged[place]?.contains(column) != true,
        let other = contents.first(where: { original.contents[$0].column == source })
      else { continue }
      page.setByteCount(original.contents[other].byteCount, ofContent: index)
      page.setDigest(original.digest(ofContent: other), ofContent: index)
    }
  }

  /// Whether a column of a row of the original page has another text.
  func isExchanged(row: Int, column: Int) -> Bool {
    place(of: row).map { exchanged[$0]?.contains(column) == true } ?? false
  }

  /// Whether the target holds the exchanged text already.
  private func isHeld(_ column: Int, _ place: Int) -> Bool {
    exchanged[place]?.contains(column) == true && coming[place]?.contains(column) != true
  }

  /// The column in which the original row has what stands in a column of a row of `page`.
  private func source(of column: Int, _ place: Int) -> Int {
    guard let move = moved[place], move.to == column else { return column }
    return move.from
  }

  /// Whether the content of a row stands in another column.
  func isMoved(_ row: Int) -> Bool { place(of: row).map { moved[$0] != nil } ?? false }

  /// Whether the repaired row has what is a content of the original row.
  func takes(contentOf column: Int, ofRow row: Int) -> Bool {
    guard let place = place(of: row) else { return true }
    return page.contentRange(ofRow: place).contains { source(of: page.contents[$0].column, place) == column }
  }

  /// What each content of the repaired row is given, when the contents of the original row are given `supplies`; a
  /// repaired one keeps what the target holds.
  ///
  /// - Returns: nil when a repaired one is lost.
  func supplies(ofRow row: Int, in original: RecordPage, from supplies: [ContentSupply]) -> [ContentSupply]? {
    guard let place = place(of: row), !supplies.isEmpty else { return supplies }
    let contents = original.contentRange(ofRow: row).map { original.contents[$0].column }
    for (column, supply) in zip(contents, supplies) where isHeld(column, place) {
      if case .lost = supply { return nil }
    }
    return page.contentRange(ofRow: place).map { index in
      let column = page.contents[index].column
      guard !isHeld(column, place), let ordinal = contents.firstIndex(of: source(of: column, place)) else {
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
    return range.firstIndex { source(of: page.contents[$0].column, place) == column }.map {
      range.distance(from: range.startIndex, to: $0)
    }
      ?? ordinal
  }

  /// Hands over the digest that a row has with its repairs.
  func withDigest(ofRow row: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard let place = place(of: row) else { return }
    withRow(place) { digest.update($0) }
    digest.finish(body)
  }

  /// Hands over the bytes of a row of `page` as a store gives them.
  func withRow(_ place: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard page.row(place).count > RecordPage.inlineLimit || hasContentColumn else { return body(page.row(place)) }
    let stored = asStored(place)
    withExtendedLifetime(stored) { body(stored.row(0)) }
  }

  private var hasContentColumn: Bool { page.entity.columns.contains { $0.kind == .content } }

  /// A page with one row in which long values and those of columns with contents are contents, as a store gives them.
  private func asStored(_ place: Int) -> RecordPage {
    let stored = RecordPage(entity: page.entity, algorithm: page.algorithm)
    stored.beginRow()
    var reader = RecordReader(page.row(place))
    for column in page.entity.columns.indices {
      guard let value = reader.next() else { break }
      let isContent = page.entity.columns[column].kind == .content
      let (bytes, isText): (UnsafeRawBufferPointer, Bool)
      switch value {
      case .text(let text) where isContent || text.count > RecordPage.inlineLimit: (bytes, isText) = (text, true)
      case .bytes(let found) where isContent || found.count > RecordPage.inlineLimit: (bytes, isText) = (found, false)
      default:
        stored.append(value, column: column)
        continue
      }
      Digest.checksum(page.algorithm, bytes).bytes.withUnsafeBytes {
        stored.append(contentOf: Int64(bytes.count), $0, isText: isText, column: column)
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

  /// Appends a value that is no content.
  fileprivate func append(_ value: Value) {
    switch value {
    case .integer(let number): append(integer: number)
    case .real(let number): append(real: number)
    case .text(let bytes): bytes.withUnsafeBytes { append(text: $0) }
    case .bytes(let bytes): bytes.withUnsafeBytes { append(bytes: $0) }
    case .null, .content, .withheld, .missing: appendNull()
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
