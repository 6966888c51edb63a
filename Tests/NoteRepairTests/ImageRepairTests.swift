import Testing

@testable import NoteRepair

struct ImageRepairTests {
  /// A PNG of one pixel with a comment that uses the whole alphabet.
  private static let image: [UInt8] = {
    func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
      func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) } }
      let body = Array(name.utf8) + data
      return big(UInt32(data.count)) + body + big(CRC32.checksum(body))
    }
    let comment =
      Array("k\u{0}".utf8) + (0..<200).map { UInt8(truncatingIfNeeded: $0 * 251 &+ 62) } + [0xFB, 0xEF, 0xBE]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + chunk("IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]) + chunk("tEXt", comment)
      + chunk("IDAT", [0x78, 0x9C, 0x63, 0x60, 0, 0, 0, 2, 0, 1]) + chunk("IEND", [])
  }()

  private static let payload = String(decoding: Base64.encode(image), as: UTF8.self)

  private func note(_ payload: String) -> String { "before ![x](data:image/png;base64,\(payload)) after" }

  private static let wrapped = stride(from: 0, to: payload.count, by: 64).map { start in
    String(payload.dropFirst(start).prefix(64))
  }

  private static func swap(_ changes: [Character: String]) -> String {
    payload.map { changes[$0] ?? String($0) }.joined()
  }

  private static let damaged: [String] = [
    wrapped.joined(separator: "\r\n"), wrapped.joined(separator: "\n    "), wrapped.joined(separator: "=\r\n"),
    wrapped.joined(separator: "\\n"), wrapped.joined(separator: "\u{200B}"), wrapped.joined(separator: "\u{0}"),
    swap(["+": "-", "/": "_"]), swap(["+": " "]), swap(["/": "\\/"]), swap(["/": "%2F"]),
    swap(["/": "&#x2F;", "+": "&#43;"]), String(decoding: Base64.encode(Array(payload.utf8)), as: UTF8.self),
  ]

  @Test(arguments: damaged)
  func `an image that transports damaged is restored`(_ damaged: String) {
    let text = note(damaged)
    let result = repair(text)
    #expect(result.string == note(Self.payload))
    #expect(result.holds(.image))
    #expect(result.plan.reverse(result.text) == Array(text.utf8))
  }

  @Test func `missing padding is restored`() throws {
    try #require(Self.payload.hasSuffix("="))
    #expect(repair(note(Self.payload.filter { $0 != "=" })).string == note(Self.payload))
  }

  @Test func `a sound image is left alone`() {
    #expect(!repair(note(Self.payload)).isChanged)
    #expect(repair(note(Self.payload)).tier == .clean)
  }

  @Test func `a truncated image is flagged and left, the text around it is repaired`() {
    let text = note(String(Self.payload.dropLast(40))) + "\n" + Sample.french.misread(as: .windows1252)
    let result = repair(text)
    #expect(result.tier == .unrecoverable)
    #expect(result.string == note(String(Self.payload.dropLast(40))) + "\n" + Sample.french)
  }

  @Test func `a wrong checksum inside is not taken for an image`() {
    var broken = Self.image
    broken[40] ^= 1
    let text = note(String(decoding: Base64.encode(broken), as: UTF8.self))
    #expect(!repair(text).isChanged)
  }
}
