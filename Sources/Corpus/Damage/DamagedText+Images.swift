import DurableIO
import NoteModel

extension DamagedText {
  /// A small PNG within a note as a data address, in the forms that editors, mails and exports leave it in.
  static let images: [Damage] = [
    image("data-uri-sound", .asFound) { $0 },
    image("data-uri-hard-wrapped") { lines($0, of: 76).joined(separator: "\n") },
    image("data-uri-indented") { lines($0, of: 72).joined(separator: "\r\n    ") },
    image("data-uri-url-safe") { replacing($0, ["+": "-", "/": "_"]) },
    image("data-uri-plus-as-space") { replacing($0, ["+": " "]) },
    image("data-uri-no-padding") { replacing($0, ["=": ""]) },
    image("data-uri-percent-escaped") { replacing($0, ["+": "%2B", "/": "%2F", "=": "%3D"]) },
    image("data-uri-entity-escaped") { replacing($0, ["+": "&#43;", "/": "&#x2F;", "=": "&equals;"]) },
    image("data-uri-json-slashes") { replacing($0, ["/": "\\/"]) },
    image("data-uri-quoted-printable") { lines(replacing($0, ["=": "=3D"]), of: 75).joined(separator: "=\r\n") },
    image("data-uri-zero-width") { lines($0, of: 64).joined(separator: "\u{200B}") },
    image("data-uri-nul") { lines($0, of: 64).joined(separator: "\0") },
    image("data-uri-twice") { base64(Array($0.utf8)) },
    image("data-uri-truncated", .asFound) { String($0.prefix($0.utf8.count * 2 / 3)) },
    image("data-uri-wrong-mime", .asFound, mime: "image/jpeg") { $0 },
  ]

  private static func image(
    _ name: String, _ answer: Damage.Answer = .text { note($0, &$1) { $0 } }, mime: String = "image/png",
    _ body: @escaping @Sendable (String) -> String
  ) -> Damage {
    Damage(name, [.simplified, .french, .emoji], answer) { note($0, &$1, mime: mime, body) }
  }

  private static func note(
    _ clean: String, _ random: inout SampleRandom, mime: String = "image/png", _ body: (String) -> String
  ) -> [UInt8] {
    let address = "data:\(mime);base64," + body(base64(picture(seed: random.next())))
    return Array("\(clean)\n![\(random.below(1000))](\(address))\n".utf8)
  }

  /// A PNG whose Base64 ends with padding.
  static func picture(seed: UInt64) -> [UInt8] {
    let picture = SampleImage.png(400 + Int(seed % 400), seed: seed)
    // One row of 65 bytes more.
    return picture.count % 3 != 0 ? picture : SampleImage.png(picture.count + 70, seed: seed)
  }

  static func base64(_ bytes: [UInt8]) -> String {
    let text = GrowingBuffer(capacity: bytes.count * 4 / 3 + 4)
    bytes.withUnsafeBytes { Base64.append($0, to: text) }
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private static func replacing(_ text: String, _ replacements: [Character: String]) -> String {
    text.map { replacements[$0] ?? String($0) }.joined()
  }

  private static func lines(_ text: String, of length: Int) -> [Substring] {
    var lines: [Substring] = []
    var rest = text[...]
    while !rest.isEmpty {
      lines.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return lines
  }
}
