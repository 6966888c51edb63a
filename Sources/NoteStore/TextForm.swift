import NoteModel

/// What a column of another engine can hold of a text, and what it makes of it.
///
/// They are ordered: a later one holds less.
public enum TextForm: Sendable, Hashable, Comparable {
  /// Every byte string.
  case any
  /// Valid UTF-8 without NUL.
  case unicode
  /// JSON whose text is kept as it is (`json`); valid UTF-8 without NUL.
  case document
  /// JSON whose text is not kept, only what it means (`jsonb`); valid UTF-8 without NUL, also where it is escaped.
  case meaning

  /// A text in a form.
  public enum Outcome: Sendable, Equatable {
    /// It is held as it is.
    case same
    /// It means the same and is written otherwise.
    case normal([UInt8])
    /// It cannot be held; this stands in its place, and the original must be kept elsewhere.
    case substitute([UInt8])
  }

  /// Tells how a text is held.
  ///
  /// A NUL becomes U+2400, each byte that is no UTF-8 becomes U+FFFD. Text that is no JSON becomes a JSON string.
  public func outcome(of text: UnsafeRawBufferPointer) -> Outcome {
    if self == .any { return .same }
    guard isUnicode(text) else {
      let marked = Self.marked(text)
      guard self > .unicode else { return .substitute(marked) }
      return .substitute(marked.withUnsafeBytes { Self.normalized($0).text })
    }
    guard self > .unicode else { return .same }
    if self == .document {
      if (try? NormalJSON.text(of: text)) != nil { return .same }
      return .substitute(Self.normalized(text).text)
    }
    let (normal, isSubstitute) = Self.normalized(text)
    if isSubstitute { return .substitute(normal) }
    return text.elementsEqual(normal) ? .same : .normal(normal)
  }

  private func isUnicode(_ text: UnsafeRawBufferPointer) -> Bool {
    !text.contains(0) && isValidUTF8(text)
  }

  private static func normalized(_ text: UnsafeRawBufferPointer) -> (text: [UInt8], isSubstitute: Bool) {
    if let normal = try? NormalJSON.text(of: text) { return normal }
    var quoted: [UInt8] = []
    NormalJSON.append(Array(text), to: &quoted)
    return (quoted, true)
  }

  /// The text with a mark for each NUL and each byte that is no UTF-8.
  private static func marked(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    var marker = TextMarker()
    var result: [UInt8] = []
    marker.append(text, to: &result)
    marker.finish(to: &result)
    return result
  }
}
