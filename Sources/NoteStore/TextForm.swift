import NoteModel

/// What a column of another engine can hold of a text, and what it makes of it.
///
/// They are ordered: a later one holds less.
public enum TextForm: Sendable, Hashable, Comparable {
  /// Every byte string.
  case any
  /// Valid UTF-8 without NUL.
  case unicode
  /// Valid UTF-8 without NUL of at most so many characters, counted as code points (`varchar(n)`).
  case limited(Int)
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
  /// A NUL becomes U+2400, each byte that is no UTF-8 becomes U+FFFD. Text that is no JSON becomes a JSON string. Of a
  /// text that is too long, its beginning stands for it.
  public func outcome(of text: UnsafeRawBufferPointer) -> Outcome {
    if self == .any { return .same }
    if case .limited(let count) = self { return Self.limited(text, to: count) }
    guard isUnicode(text) else {
      let marked = TextMarker.marked(text)
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

  /// What holds no more than either of two forms.
  static func narrower(_ left: TextForm, _ right: TextForm) -> TextForm {
    if case .limited(let one) = left, case .limited(let other) = right { return .limited(min(one, other)) }
    return max(left, right)
  }

  private static func limited(_ text: UnsafeRawBufferPointer, to count: Int) -> Outcome {
    if case .substitute(let marked) = TextForm.unicode.outcome(of: text) {
      return .substitute(marked.withUnsafeBytes { beginning(of: $0, count) } ?? marked)
    }
    return beginning(of: text, count).map { .substitute($0) } ?? .same
  }

  /// The first characters of a text that is UTF-8; nil where it has no more of them.
  private static func beginning(of text: UnsafeRawBufferPointer, _ count: Int) -> [UInt8]? {
    guard text.count > count else { return nil }
    var rest = count
    for (at, byte) in text.enumerated() where byte & 0xC0 != 0x80 {
      if rest == 0 { return Array(text[..<at]) }
      rest -= 1
    }
    return nil
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
}
