/// Cuts a long text into windows that may be repaired one by one.
///
/// A window ends behind a line, else behind a character that no code page uses inside another one, and never inside an
/// image. Where the windows lie depends on the bytes alone, not on the pieces in which they come. Memory: the longest
/// window and one piece.
struct TextCutter {
  /// What a text is cut to, in bytes.
  static let size = 256 << 10
  /// The longest image that comes in one window with its beginning, in bytes.
  static let longestImage = 2 << 20
  /// The longest stretch without any place to cut, in bytes.
  static let longestRun = 1 << 20

  struct Window {
    var count: Int
    /// The bytes are the inside of an image that is longer than `longestImage`.
    var isPayload = false
    /// The window ends where it had to, perhaps inside a character.
    var isTorn = false
    var isLast = false
  }

  private(set) var pending: [UInt8] = []
  /// Whether the text looks like UTF-16, so that a line feed is two bytes.
  private(set) var isWide: Bool?
  private let looksWide: (ArraySlice<UInt8>) -> Bool
  private var isInPayload = false
  /// Bytes that must be there before it is worth looking again.
  private var wanted = size + 1

  /// - Parameter looksWide: Says it of the first 4,096 bytes.
  init(looksWide: @escaping (ArraySlice<UInt8>) -> Bool) { self.looksWide = looksWide }

  mutating func append(_ bytes: UnsafeRawBufferPointer) { pending.append(contentsOf: bytes) }

  /// The next window at the front of `pending`; nil when more bytes must come first.
  ///
  /// - Parameter isEnd: Whether all bytes have come. Then everything comes out, window by window.
  mutating func next(isEnd: Bool) -> Window? {
    guard isEnd ? !pending.isEmpty : pending.count >= wanted else { return nil }
    if isWide == nil { isWide = looksWide(pending.prefix(4096)) }
    guard var window = isInPayload ? payloadWindow(isEnd) : textWindow(isEnd) else {
      wanted = max(wanted, min(pending.count * 2, Self.longestImage + 1))
      return nil
    }
    window.isLast = isEnd && window.count == pending.count
    return window
  }

  mutating func drop(_ window: Window) {
    pending.removeFirst(window.count)
    wanted = Self.size + 1
  }

  private mutating func textWindow(_ isEnd: Bool) -> Window? {
    guard pending.count > Self.size else { return Window(count: pending.count) }
    if isWide == true { return Window(count: wideCut) }
    let place = lastCut(in: Self.size / 2..<Self.size) ?? firstCut(from: Self.size)
    if let image = image(at: place ?? Self.size) {
      if let before = lastCut(in: 0..<image.start) { return Window(count: before) }
      return imageWindow(image.payload, isEnd)
    }
    if let place { return Window(count: place) }
    guard pending.count > Self.longestRun else { return isEnd ? Window(count: pending.count) : nil }
    var end = Self.longestRun
    while end > Self.longestRun - 3, pending[end] & 0xC0 == 0x80 { end -= 1 }
    return Window(count: end, isTorn: true)
  }

  /// A window that is one image with its bracket; the beginning of one that is too long.
  private mutating func imageWindow(_ payload: Range<Int>, _ isEnd: Bool) -> Window? {
    if payload.upperBound < min(pending.count, Self.longestImage) { return Window(count: payload.upperBound + 1) }
    guard pending.count > Self.longestImage else { return isEnd ? Window(count: pending.count) : nil }
    isInPayload = true
    return Window(count: payload.lowerBound)
  }

  private mutating func payloadWindow(_ isEnd: Bool) -> Window? {
    let part = pending.prefix(Self.size)
    guard let end = part.firstIndex(where: { DataImage.ends($0) }) else {
      return Window(count: part.count, isPayload: true)
    }
    isInPayload = false
    // The bracket goes with the text behind it.
    return end == 0 ? textWindow(isEnd) : Window(count: end, isPayload: true)
  }

  // MARK: - Places to cut

  /// Behind the last line feed of a range, else behind its last other place.
  private func lastCut(in range: Range<Int>) -> Int? {
    let part = pending[range]
    if let line = part.lastIndex(of: 0x0A) { return line + 1 }
    return part.lastIndex { Self.mayCut(behind: $0) }.map { $0 + 1 }
  }

  private func firstCut(from start: Int) -> Int? {
    pending[start..<min(pending.count, Self.longestRun)].firstIndex { Self.mayCut(behind: $0) || $0 == 0x0A }
      .map { $0 + 1 }
  }

  /// Whether a byte is never part of a longer code, nor of an escape or of Base64.
  private static func mayCut(behind byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x2C || byte == 0x22 || byte == 0x09 || byte == 0x29 || byte == 0x3E || byte == 0x28
  }

  /// The image whose payload holds a place, and where its address begins.
  private func image(at place: Int) -> (start: Int, payload: Range<Int>)? {
    var at = 0
    while let payload = DataImage.nextPayload(in: pending, from: at), payload.lowerBound <= place {
      if place < payload.upperBound || payload.upperBound == pending.count {
        let colon = pending[..<payload.lowerBound].lastIndex(of: 0x3A) ?? 0
        return (max(0, colon - 4), payload)
      }
      at = payload.upperBound
    }
    return nil
  }

  /// Behind the last line feed of UTF-16 in a window, else between two units that are no pair.
  private var wideCut: Int {
    var at = Self.size
    while at > Self.size / 2 {
      let unit = (pending[at - 2], pending[at - 1])
      if unit == (0x0A, 0x00) || unit == (0x00, 0x0A) { return at }
      at -= 2
    }
    at = Self.size
    while at > Self.size - 8, pending[at - 1] & 0xFC == 0xD8 || pending[at - 2] & 0xFC == 0xD8 { at -= 2 }
    return at
  }
}
