/// Where in a text of bytes UTF-16 stands between parts that are UTF-8, as in JSON or before a file name's ending.
///
/// The most likely path through the bytes (Viterbi): each character is one of UTF-8 or of one of the two orders of UTF-16,
/// and to change costs as much as a change of page within a line. In JSON only whole strings are UTF-16.
struct WideSpans {
  /// Bytes that are read alike.
  struct Span {
    let range: Range<Int>
    /// Nil where the bytes stay as they are.
    let page: CodePage?
    /// How many bytes at the beginning are a byte order mark.
    let mark: Int
  }

  /// What the best path comes to before a byte, if it is in a certain state there.
  private struct Step {
    var cost = RunReader.impossible
    /// The last two characters, folded.
    var before: (UInt32, UInt32) = (10, 10)
    var length = 0
    var origin = 0
  }

  private static let states: [CodePage] = [.utf8, .utf16LE, .utf16BE]
  private static let change = 50

  let spans: [Span]
  let cost: Int

  /// Whether parts of the text are UTF-16 and others are not.
  var isMixed: Bool { spans.count > 1 }

  /// Reads `bytes`; nil where no path leads to the end.
  ///
  /// - Complexity: O(*bytes*) time, 150 bytes of memory for each of them.
  init?(_ bytes: UnsafeBufferPointer<UInt8>, model: TextScorer, isJSON: Bool = false) {
    let count = Self.states.count
    var steps = [Step](repeating: Step(), count: (bytes.count + 1) * count)
    for state in 0..<(isJSON ? 1 : count) { steps[state].cost = 0 }
    for at in 0..<bytes.count {
      let begins = !isJSON || at > 0 && bytes[at - 1] == 0x22
      Self.change(at, &steps, begins: begins, ends: !isJSON || bytes[at] == 0x22)
      if begins, let page = Self.mark(bytes, at), let state = Self.states.firstIndex(of: page) {
        let cost = steps[at * count].cost + (at > 0 ? Self.change : 0)
        Self.enter(at, 0, state, length: 2, cost: cost, before: (10, 10), &steps)
      }
      for state in 0..<count where steps[at * count + state].cost < RunReader.impossible {
        let (scalar, length) = Self.character(bytes, at, Self.states[state])
        guard length > 0 else { continue }
        let (step, folded) = (steps[at * count + state], TextModel.fold(scalar))
        let cost = step.cost + model.cost(folded, after: step.before.0, step.before.1)
        Self.enter(at, state, state, length: length, cost: cost, before: (step.before.1, folded), &steps)
      }
    }
    let last = (0..<(isJSON ? 1 : count)).min {
      steps[bytes.count * count + $0].cost < steps[bytes.count * count + $1].cost
    }!
    cost = steps[bytes.count * count + last].cost
    guard cost < RunReader.impossible else { return nil }
    spans = Self.trace(steps, from: bytes.count, last, bytes)
  }

  /// Takes over the cheapest way from one state to another at one place.
  private static func change(_ at: Int, _ steps: inout [Step], begins: Bool, ends: Bool) {
    guard at > 0 else { return }
    let first = at * states.count
    for wide in 1..<states.count {
      let (narrow, other) = (steps[first], steps[first + wide])
      if begins, narrow.cost + change < other.cost {
        steps[first + wide] = Step(cost: narrow.cost + change, before: narrow.before, length: 0, origin: 0)
      } else if ends, other.cost + change < narrow.cost {
        steps[first] = Step(cost: other.cost + change, before: other.before, length: 0, origin: wide)
      }
    }
  }

  private static func enter(
    _ at: Int, _ origin: Int, _ state: Int, length: Int, cost: Int, before: (UInt32, UInt32), _ steps: inout [Step]
  ) {
    let place = (at + length) * states.count + state
    guard cost < steps[place].cost else { return }
    steps[place] = Step(cost: cost, before: before, length: length, origin: origin)
  }

  private static func mark(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> CodePage? {
    guard at + 1 < bytes.count else { return nil }
    if bytes[at] == 0xFF, bytes[at + 1] == 0xFE { return .utf16LE }
    return bytes[at] == 0xFE && bytes[at + 1] == 0xFF ? .utf16BE : nil
  }

  /// The character at `at` and its length, which is 0 or less where the page has none there that is text.
  private static func character(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ page: CodePage) -> (UInt32, Int) {
    if page == .utf8 {
      let isControl = bytes[at] < 0x20 && ![0x09, 0x0A, 0x0D].contains(bytes[at])
      return isControl ? (0, 0) : UnicodeCoding.scalarUTF8(bytes, at: at)
    }
    func unit(_ at: Int) -> UInt32 {
      guard at + 1 < bytes.count else { return 0 }
      let (first, second) = (UInt32(bytes[at]), UInt32(bytes[at + 1]))
      return page == .utf16BE ? first << 8 | second : second << 8 | first
    }
    let first = unit(at)
    if first & 0xFC00 == 0xD800, unit(at + 2) & 0xFC00 == 0xDC00 {
      return (0x10000 + (first - 0xD800) << 10 + (unit(at + 2) - 0xDC00), 4)
    }
    return first == 0 || first & 0xF800 == 0xD800 || first >= 0xFFFE ? (0, 0) : (first, 2)
  }

  private static func trace(
    _ steps: [Step], from end: Int, _ last: Int, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> [Span] {
    var (at, state, spans) = (end, last, [Span]())
    var upper = end
    while at > 0 {
      let step = steps[at * states.count + state]
      at -= step.length
      guard step.origin != state || at == 0 else { continue }
      let page: CodePage? = state == 0 ? nil : states[state]
      if at < upper { spans.append(Span(range: at..<upper, page: page, mark: mark(bytes, at) == page ? 2 : 0)) }
      (upper, state) = (at, step.origin)
    }
    return spans.reversed().map { $0.page == nil ? Span(range: $0.range, page: nil, mark: 0) : $0 }
  }
}
