import DurableIO
import NoteModel
import NoteRepair

/// A damaged text of more than `RecordPage.inlineLimit` bytes, which is never in memory as a whole.
///
/// Its bytes wait in a spool, and each reading of them repairs the damaged windows again: the same bytes always give the
/// same text. Memory: what `LongTextRepair` takes.
struct LongText {
  /// The longest text that is repaired, in bytes: what `repair undo` can still write anew in bounded memory.
  static let limit: Int64 = 16 << 20
  /// The longest plan of one window in bytes: an image of the longest kind, before and after.
  static let planLimit = 4 << 20

  /// What is wrong with it, as of one value; of its bytes only some, to be shown.
  var value: ValueRepair
  /// The row's content that it is.
  var content: Int
  let byteCount: Int64
  fileprivate let spool: Spool
  fileprivate let start: Int64
  fileprivate let engine: RepairEngine
  fileprivate let context: RepairContext
  private let windows: [(byteCount: Int, isDamaged: Bool)]
  private(set) var digest = Checksum(.sha256, Array(repeating: 0, count: 32))
  private(set) var repairedDigest = Checksum(.sha256, Array(repeating: 0, count: 32))
  private(set) var repairedByteCount: Int64 = 0
  /// As the row holds it when it is repaired.
  private(set) var repaired = RowText.text([])

  var isApplied: Bool { value.isApplied }

  init(
    _ value: ValueRepair, content: Int, byteCount: Int64, windows: [(byteCount: Int, isDamaged: Bool)],
    in spool: Spool, from start: Int64, engine: RepairEngine, context: RepairContext
  ) {
    self.value = value
    self.content = content
    self.byteCount = byteCount
    self.windows = windows
    self.spool = spool
    self.start = start
    self.engine = engine
    self.context = context
  }

  /// Hands over the stored bytes, window by window.
  func eachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let room = GrowingBuffer(capacity: 256 << 10)
    var done: Int64 = 0
    for window in windows {
      room.removeAll()
      try room.appendUninitialized(window.byteCount) { try spool.read(into: $0, at: start + done) }
      guard room.count == window.byteCount else {
        throw MigrationError(
          .internal, "a text set aside is cut off", cause: "at byte \(done + Int64(room.count))",
          safeNow: "what was committed before stays", next: ["repeat the command"])
      }
      done += Int64(room.count)
      try body(room.bytes)
    }
  }

  /// Hands over window by window what is stored, and its repair where one is needed.
  private func eachWindow(_ body: (LongTextRepair.Window) throws -> Void) throws {
    var number = 0
    try eachPiece { piece in
      let bytes = piece.assumingMemoryBound(to: UInt8.self)
      let repair = windows[number].isDamaged ? engine.repair(Array(bytes), context: context) : nil
      number += 1
      try body(.init(original: bytes, repair: repair))
    }
  }

  /// Hands over the repaired text in pieces.
  func eachRepairedPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try eachWindow { try $0.withText(body) }
  }

  /// Sums the repaired text up, and refuses it where it cannot take the place of the stored one.
  mutating func measure(_ algorithm: DigestAlgorithm) throws {
    let (before, after) = (Digest(.sha256), Digest(.sha256))
    let content = Digest(algorithm)
    var (json, repairedJSON) = (JSONCheck(), JSONCheck())
    var (count, longestPlan) = (Int64(0), 0)
    var short: [UInt8] = []
    let isJSON = context.kind == .json
    try eachWindow { window in
      before.update(UnsafeRawBufferPointer(window.original))
      longestPlan = max(longestPlan, window.repair?.plan.serialized().count ?? 0)
      if isJSON { json.append(window.original) }
      window.withText { text in
        after.update(text)
        content.update(text)
        count += Int64(text.count)
        if count <= Int64(RecordPage.inlineLimit) { short.append(contentsOf: text) }
        if isJSON { repairedJSON.append(text) }
      }
    }
    repairedByteCount = count
    (digest, repairedDigest) = (before.finish(), after.finish())
    if isJSON, json.isWhole, !repairedJSON.isWhole {
      value.refusal = .breaksJSON
      return
    }
    guard count <= Self.limit, longestPlan <= Self.planLimit else {
      value.refusal = .tooLong
      return
    }
    repaired =
      count <= Int64(RecordPage.inlineLimit)
      ? .text(short) : .content(byteCount: count, digest: content.finish().bytes)
  }

  /// Hands over the records of the repairs file, one for each window.
  func eachRecord(page number: Int64, of page: RecordPage, _ body: (RepairRecord) throws -> Void) throws {
    var part = RepairRecord.Part(
      number: 0, count: windows.count, byteCount: byteCount, digest: digest, repairedByteCount: repairedByteCount,
      repairedDigest: repairedDigest)
    try eachWindow { window in
      let original = Array(window.original)
      var record = RepairRecord(
        ValueRepair(
          row: value.row, column: value.column, original: original, repair: window.repair ?? Repair(clean: original)),
        page: number, of: page)
      part.number += 1
      record.part = part
      record.tier = value.repair.appliedTier
      try body(record)
    }
  }

  /// The same text in another row, as it is remembered: without the bytes to be shown.
  func remembered(in spool: Spool, from start: Int64) -> LongText {
    var text = LongText(
      value, content: content, byteCount: byteCount, windows: windows, in: spool, from: start, engine: engine,
      context: context)
    text.value.original = []
    text.value.repair = value.repair.outlined
    (text.digest, text.repairedDigest) = (digest, repairedDigest)
    (text.repairedByteCount, text.repaired) = (repairedByteCount, repaired)
    return text
  }
}

extension LongTextRepair.Window {
  /// Hands over the text as it is with its repair.
  func withText(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    guard let repair else { return try body(UnsafeRawBufferPointer(original)) }
    try repair.text.withUnsafeBytes(body)
  }
}
