/// How damaged bytes become text: decoded by one page, then any number of times encoded by a page and decoded by another.
///
/// `pages` alternates: the page that decodes the stored bytes, then an encoding and a decoding page for each step.
struct PageChain: Sendable, Hashable {
  let pages: [CodePage]

  /// The most pages a chain may have: four steps.
  static let maximumCount = 9

  var steps: Int { pages.count / 2 }

  /// Runs the chain; nil where a page does not define a byte or a character.
  func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt32]? {
    var text: [UInt32] = []
    guard pages[0].decode(bytes, into: &text) == nil else { return nil }
    for step in stride(from: 1, to: pages.count, by: 2) {
      guard let next = Self.step(text, encode: pages[step], decode: pages[step + 1]) else { return nil }
      text = next
    }
    return text
  }

  /// Runs the chain backwards from `text` to the stored bytes.
  func encode(_ text: [UInt32]) -> [UInt8]? {
    var text = text
    for step in stride(from: pages.count - 2, to: 0, by: -2) {
      guard let earlier = Self.step(text, encode: pages[step + 1], decode: pages[step]) else { return nil }
      text = earlier
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 2)
    return text.withUnsafeBufferPointer { pages[0].encode($0, into: &bytes) } == nil ? bytes : nil
  }

  static func step(_ text: [UInt32], encode: CodePage, decode: CodePage) -> [UInt32]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 2)
    guard text.withUnsafeBufferPointer({ encode.encode($0, into: &bytes) }) == nil else { return nil }
    var result: [UInt32] = []
    result.reserveCapacity(bytes.count)
    return bytes.withUnsafeBufferPointer { decode.decode($0, into: &result) } == nil ? result : nil
  }
}

extension RepairPlan {
  /// The way that the first damaged part of the text took, from the page in which it was written to the one in which it is
  /// stored: `gb18030`, `utf-8 → windows-1252 → utf-8`; nil where bytes were replaced and none was decoded anew.
  public var encodings: String? {
    for layer in layers {
      for piece in layer.pieces {
        if case .recode(let chain) = piece.operation {
          return chain.pages.reversed().map(\.name).joined(separator: " → ")
        }
      }
    }
    return nil
  }
}
