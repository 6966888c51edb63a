/// Restores images that stand in the text as data URIs and that strict readers cannot decode.
///
/// What was done to the payload is undone in a fixed order; the result counts only if the image parses to its end.
enum ImageRepair {
  static func run(_ bench: inout Workbench) {
    guard bench.flags.contains(.image) else { return }
    let bytes = bench.bytes
    var builder = LayerBuilder(bytes)
    var notes: [(Range<Int>, RepairTier)] = []
    var at = 0
    while let payload = DataImage.nextPayload(in: bytes, from: at) {
      at = payload.upperBound
      switch DataImage.restore(Array(bytes[payload])) {
      case .sound, .unknown: break
      case .restored(let text):
        builder.keep(upTo: payload.lowerBound)
        builder.replaceAligned(upTo: payload.upperBound, with: text)
        notes.append((payload, .lossless))
      case .truncated: notes.append((payload, .unrecoverable))
      }
    }
    for (range, tier) in notes { bench.note(.image, range, tier: tier) }
    bench.take(builder)
  }
}

/// The payload of a data URI.
enum DataImage {
  enum Result: Equatable {
    /// Decodes as it is.
    case sound
    /// Decodes after repair, to a whole image.
    case restored([UInt8])
    /// Is the beginning of an image.
    case truncated
    /// Is nothing that this code knows.
    case unknown
  }

  /// Whether `;base64,` stands at `at`.
  static func isMark(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Bool {
    at + 8 <= bytes.count && bytes[at + 1..<at + 8].elementsEqual("base64,".utf8)
  }

  /// The next payload of a `data:image/` URI, up to a quotation mark, a bracket or the end.
  static func nextPayload(in bytes: [UInt8], from start: Int) -> Range<Int>? {
    var at = start
    while let semicolon = bytes[at...].firstIndex(of: 0x3B) {
      at = semicolon + 1
      guard bytes[at...].starts(with: "base64,".utf8) else { continue }
      let head = bytes[max(0, semicolon - 40)..<semicolon]
      guard let colon = head.lastIndex(of: 0x3A), head[..<colon].suffix(4).elementsEqual("data".utf8),
        head[(colon + 1)...].starts(with: "image".utf8)
      else { continue }
      let first = at + 7
      let end = bytes[first...].firstIndex { ends($0) } ?? bytes.count
      return first..<end
    }
    return nil
  }

  /// Whether a byte ends a payload.
  static func ends(_ byte: UInt8) -> Bool {
    byte == 0x22 || byte == 0x27 || byte == 0x29 || byte == 0x3C || byte == 0x3E || byte == 0x5D
  }

  static func restore(_ payload: [UInt8]) -> Result {
    if let image = Base64.decode(payload, strict: true) {
      switch ImageStructure.check(image) {
      case .whole: return .sound
      case .truncated: return .truncated
      case .unknown: break
      }
    }
    let undone = PayloadUndoing.undo(payload)
    var isTruncated = false
    for spaces in [PayloadUndoing.Spaces.plus, .none] {
      let text = PayloadUndoing.undoSpaces(undone, spaces)
      // One symbol too many is the mark of a cut; nothing that was whole ends so.
      let symbols = text.lastIndex { $0 != 0x3D }.map { $0 + 1 } ?? 0
      if symbols % 4 == 1 {
        let image = Base64.decode(Array(text[..<(symbols - 1)]), strict: false)
        isTruncated = isTruncated || image.map(ImageStructure.check) == .truncated
        continue
      }
      guard var image = Base64.decode(text, strict: false) else { continue }
      var result = Base64.encode(image)
      if ImageStructure.check(image) == .unknown, let inner = Base64.decode(image, strict: false) {
        (image, result) = (inner, Base64.encode(inner))
      }
      switch ImageStructure.check(image) {
      case .whole: return .restored(result)
      case .truncated: isTruncated = true
      case .unknown: break
      }
    }
    return isTruncated ? .truncated : .unknown
  }
}

/// Undoes what transports do to a payload.
enum PayloadUndoing {
  enum Spaces { case plus, none }

  /// Percent escapes, character references, JSON and quoted-printable escapes, line breaks with their indentation, NULs
  /// and zero-width characters, and the alphabet for URLs.
  static func undo(_ payload: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(payload.count)
    var at = 0
    while at < payload.count {
      let (byte, length) = next(payload, at)
      if let byte { output.append(byte) }
      at += length
    }
    return output
  }

  static func undoSpaces(_ payload: [UInt8], _ spaces: Spaces) -> [UInt8] {
    spaces == .plus ? payload.map { $0 == 0x20 ? 0x2B : $0 } : payload.filter { $0 != 0x20 }
  }

  private static func next(_ bytes: [UInt8], _ at: Int) -> (UInt8?, Int) {
    let byte = bytes[at]
    switch byte {
    case 0x25: return hex(bytes, at + 1).map { ($0, 3) } ?? (byte, 1)
    case 0x26: return reference(bytes, at) ?? (byte, 1)
    case 0x5C:
      let second = at + 1 < bytes.count ? bytes[at + 1] : 0
      return second == 0x2F ? (0x2F, 2) : second == 0x6E || second == 0x72 || second == 0x74 ? (nil, 2) : (nil, 1)
    case 0x3D:
      if bytes[(at + 1)...].starts(with: [0x33, 0x44]) { return (0x3D, 3) }
      let length = bytes[(at + 1)...].starts(with: [0x0D, 0x0A]) ? 3 : 2
      return at + 1 < bytes.count && (bytes[at + 1] == 0x0A || length == 3) ? (nil, length) : (byte, 1)
    case 0x0A: return (nil, 1 + bytes[(at + 1)...].prefix { $0 == 0x20 || $0 == 0x09 }.count)
    case 0x0D, 0x00, 0x09: return (nil, 1)
    case 0x2D: return (0x2B, 1)
    case 0x5F: return (0x2F, 1)
    case 0xE2, 0xEF: return (nil, min(3, bytes.count - at))
    default: return (byte, 1)
    }
  }

  private static func hex(_ bytes: [UInt8], _ at: Int) -> UInt8? {
    guard at + 2 <= bytes.count else { return nil }
    return UInt8(String(decoding: bytes[at..<at + 2], as: UTF8.self), radix: 16)
  }

  private static func reference(_ bytes: [UInt8], _ at: Int) -> (UInt8?, Int)? {
    guard let end = bytes[at...].prefix(10).firstIndex(of: 0x3B), bytes[(at + 1)...].first == 0x23 else { return nil }
    let isHex = bytes[at + 2] | 0x20 == 0x78
    let digits = String(decoding: bytes[min(at + (isHex ? 3 : 2), end)..<end], as: UTF8.self)
    return UInt8(digits, radix: isHex ? 16 : 10).map { ($0, end - at + 1) }
  }
}
