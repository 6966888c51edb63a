import DurableIO
import NoteModel

/// A text as it stands in a row: whole, or by length and digest where it is longer than `RecordPage.inlineLimit`.
enum RowText: Equatable {
  case text([UInt8])
  case content(byteCount: Int64, digest: [UInt8])

  /// How a row holds `text`.
  init(_ text: [UInt8], _ algorithm: DigestAlgorithm) {
    guard text.count > RecordPage.inlineLimit else {
      self = .text(text)
      return
    }
    let digest = text.withUnsafeBytes { Digest.checksum(algorithm, $0) }
    self = .content(byteCount: Int64(text.count), digest: digest.bytes)
  }

  var byteCount: Int64 {
    switch self {
    case .text(let bytes): Int64(bytes.count)
    case .content(let byteCount, _): byteCount
    }
  }
}

/// What stands in a row in the place of a value.
enum RowValue: Equatable {
  case text(RowText)
  case value(Value)
  /// A text in another form; where it is a content its bytes come with the row.
  case formed(RowText)
  /// The content that the row has, as the other of bytes and text.
  case relabelled(isText: Bool)
  /// The content that the row has in another column; its bytes stay what they are.
  case moved(byteCount: Int64, digest: [UInt8], from: Int)
  /// Nothing: the content that the row has here stands in another column.
  case emptied
}

/// Makes a `RowText` of a text that comes in pieces, in memory for at most `RecordPage.inlineLimit` bytes.
struct RowTextBuilder {
  private let byteCount: Int64
  private let digest: Digest
  private var text: [UInt8] = []
  private var isInline: Bool { byteCount <= Int64(RecordPage.inlineLimit) }

  init(byteCount: Int64, _ algorithm: DigestAlgorithm) {
    self.byteCount = byteCount
    digest = Digest(algorithm)
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    if isInline { text.append(contentsOf: bytes) } else { digest.update(bytes) }
  }

  func finish() -> RowText {
    isInline ? .text(text) : .content(byteCount: byteCount, digest: digest.finish().bytes)
  }
}

extension RecordPage {
  /// The text in a column of a row; nil for a value of another kind.
  func rowText(ofRow row: Int, column: Int) -> RowText? {
    var reader = RecordReader(self.row(row))
    for _ in 0..<column { _ = reader.next() }
    switch reader.next() {
    case .text(let bytes): return .text(Array(bytes))
    case .content(let byteCount, let digest, isText: true): return .content(byteCount: byteCount, digest: Array(digest))
    default: return nil
    }
  }
}
