import NoteRepair

/// What becomes of text when its bytes are taken for another code page than they were written in.
struct Misreading: Sendable {
  var written: CodePage
  var read: CodePage

  /// The text as it is then saved.
  func text(of clean: String) throws -> String { try read.text(of: written.bytes(of: clean)) }

  /// The text with `mark` for each byte that the second page does not know, as a tolerant program has it.
  ///
  /// - Parameter swallows: Whether the byte behind such a one is lost too, as where the pair was replaced.
  func lossyText(of clean: String, mark: String, swallows: Bool = false) throws -> String {
    let bytes = try written.bytes(of: clean)
    var text = ""
    var at = 0
    while at < bytes.count {
      let known = [1, 2, 3, 4].first { at + $0 <= bytes.count && isKnown(Array(bytes[at..<at + $0])) }
      text += try known.map { try read.text(of: Array(bytes[at..<at + $0])) } ?? mark
      at += known ?? (swallows ? 2 : 1)
    }
    return text
  }

  private func isKnown(_ bytes: [UInt8]) -> Bool { (try? read.decode(bytes)) != nil }

  /// The part of a text that is misread without loss: what stands between ASCII, but for single characters.
  ///
  /// Where characters have three bytes and are read by twos, only every second one ends where a pair ends.
  func reversible(_ clean: String) -> String {
    var kept = String.UnicodeScalarView()
    var window: [Unicode.Scalar] = []
    for scalar in clean.unicodeScalars {
      if scalar.isASCII {
        window = []
        kept.append(scalar)
        continue
      }
      window.append(scalar)
      if window.count > 2 { window.removeFirst() }
      for start in window.indices.reversed() where comesBack(window[start...]) {
        kept.append(contentsOf: window[start...])
        window = []
        break
      }
    }
    return String(kept)
  }

  private func comesBack(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
    guard let bytes = written.encode(scalars), let misread = try? read.decode(bytes) else { return false }
    return read.encode(misread) == bytes
  }
}
