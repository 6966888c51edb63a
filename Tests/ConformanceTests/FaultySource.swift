import DurableIO
import NoteModel
import NoteStore
import StoreConformance

/// A source that does one thing wrong.
final class FaultySource: SourceStore {
  enum Fault: String, Sendable, CaseIterable {
    case losesLastRowOfPage, repeatsFirstRow, startsAtKeyAgain, countsOneMore, cutsContent, endsReadsEarly
    case losesLastKey, readsOtherKeys, measuresTooMuch, readsWhatItMeasures
    case changesText, seesLaterRows, neverChangesIdentity, hidesOddText, roundsReals, inventsStores
  }

  private let store: any SourceStore
  private let fault: Fault

  init(_ store: any SourceStore, _ fault: Fault) {
    self.store = store
    self.fault = fault
  }

  var name: String { store.name }
  var guardedPaths: [String] { store.guardedPaths }

  func openSnapshot(_ options: SnapshotOptions) throws -> any SourceSnapshot {
    do {
      return FaultySnapshot(
        try store.openSnapshot(options), fault, reopen: { [store] in try store.openSnapshot(options) })
    } catch let error as MigrationError where fault == .inventsStores && error.code == .sourceMissing {
      throw MigrationError(.sourceNotAStore, "no store")
    }
  }
}

private final class FaultySnapshot: SourceSnapshot {
  private var snapshot: any SourceSnapshot
  private let fault: FaultySource.Fault
  private let reopen: () throws -> any SourceSnapshot
  private var isFirstPage = false

  init(_ snapshot: any SourceSnapshot, _ fault: FaultySource.Fault, reopen: @escaping () throws -> any SourceSnapshot) {
    self.snapshot = snapshot
    self.fault = fault
    self.reopen = reopen
  }

  var schema: StoreSchema { snapshot.schema }
  var profile: Profile { snapshot.profile }
  var identity: String? { fault == .neverChangesIdentity ? "always" : snapshot.identity }
  var openingFindings: [Finding] { snapshot.openingFindings }
  func renewIfNeeded() throws -> Bool { try snapshot.renewIfNeeded() }
  func brokenInvariants() throws -> [(name: String, rows: Int64)] { try snapshot.brokenInvariants() }
  func close() { snapshot.close() }

  func count(of entity: Entity) throws -> Int64 {
    try snapshot.count(of: entity) + (fault == .countsOneMore ? 1 : 0)
  }

  func startReading(_ entity: Entity, after key: Key?) throws {
    if fault == .seesLaterRows {
      snapshot.close()
      snapshot = try reopen()
    }
    isFirstPage = true
    try snapshot.startReading(entity, after: fault == .startsAtKeyAgain ? nil : key)
  }

  func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    isFirstPage = true
    if fault == .readsWhatItMeasures { return try snapshot.startReading(entity, after: key) }
    try snapshot.startMeasuring(entity, after: key, since: since)
  }

  func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws {
    isFirstPage = true
    if fault == .readsOtherKeys { return try snapshot.startReading(entity, after: nil) }
    var next: Key?
    var hasBegun = false
    guard fault == .losesLastKey else { return try snapshot.startReading(entity, keys: keys) }
    try snapshot.startReading(entity) {
      if !hasBegun { next = try keys() }
      hasBegun = true
      let key = next
      next = try keys()
      return next == nil ? nil : key
    }
  }

  func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool {
    let own = RecordPage(entity: page.entity, algorithm: page.algorithm)
    let mayGoOn = try snapshot.readPage(into: own) { if fault != .hidesOddText { report($0) } }
    let rows = own.rowCount - (fault == .losesLastRowOfPage && own.rowCount > 1 ? 1 : 0)
    for row in 0..<rows {
      copy(row, of: own, to: page)
      if fault == .repeatsFirstRow, isFirstPage, row == 0 { copy(row, of: own, to: page) }
    }
    isFirstPage = false
    return mayGoOn
  }

  private func copy(_ row: Int, of own: RecordPage, to page: RecordPage) {
    page.beginRow()
    var reader = RecordReader(own.row(row))
    var contents = own.contents.filter { $0.row == row }[...]
    for column in own.entity.columns.indices {
      switch reader.next()! {
      case .null: page.appendNull()
      case .integer(let number): page.append(integer: number)
      case .real(let number): page.append(real: fault == .roundsReals ? Double(Float(number)) : number)
      case .text(let bytes) where fault == .changesText:
        Array(bytes.map { $0 < 0x20 ? 0x20 : $0 }).withUnsafeBytes { page.append(text: $0) }
      case .text(let bytes): page.append(text: bytes)
      case .bytes(let bytes): page.append(bytes: bytes)
      case .withheld: page.appendWithheld()
      case .missing: page.appendMissing()
      case .content:
        let content = contents.removeFirst()
        switch content.place {
        case .payload(let range):
          let bytes = own.payload.slice(range)
          let cut = fault == .cutsContent && bytes.count > 1 ? 1 : 0
          page.append(
            content: UnsafeRawBufferPointer(rebasing: bytes[0..<bytes.count - cut]), isText: content.isText,
            column: column)
        case .store(let handle):
          page.append(contentOf: content.byteCount, handle: handle, isText: content.isText, column: column)
        case .unread(let isSuspect):
          let more: Int64 = fault == .measuresTooMuch ? 1 : 0
          page.append(unread: content.byteCount + more, isSuspect: isSuspect, column: column)
        case .sameAs: break
        }
      }
    }
  }

  func openContent(_ handle: Int) throws -> any ContentReader {
    let reader = try snapshot.openContent(handle)
    return fault == .endsReadsEarly ? ShortReader(reader) : reader
  }
}

/// Gives less than there is room for in the middle of a content.
private final class ShortReader: ContentReader {
  private let reader: any ContentReader
  init(_ reader: any ContentReader) { self.reader = reader }
  var byteCount: Int64 { reader.byteCount }
  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: room[0..<max(1, room.count - 1)]))
  }
  func finish() throws -> ContentOutcome { try reader.finish() }
}
