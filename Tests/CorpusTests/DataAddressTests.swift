import NoteModel
import Testing

@testable import Corpus

/// What each form of an image in a note does to its Base64, undone.
struct DataAddressTests {
  private static let seeds: [UInt64] = Array(1...20)

  @Test(arguments: DamagedText.images.map(\.name))
  func `an image comes back whole from every form but a cut one`(_ kind: String) throws {
    for seed in Self.seeds {
      let text = String(decoding: try DamagedText.make(kind, seed: seed), as: UTF8.self)
      let start = try #require(text.firstRange(of: ";base64,")).upperBound
      let payload = text[start...].dropLast(2)
      #expect(text.hasSuffix(")\n"))
      #expect(Self.isSound(payload) == (kind == "data-uri-sound" || kind == "data-uri-wrong-mime"), "seed \(seed)")
      #expect(Self.isSound(Self.undone(payload, kind)) == (kind != "data-uri-truncated"), "seed \(seed)")
    }
  }

  /// The inverse of the one thing that is wrong.
  private static func undone(_ payload: Substring, _ kind: String) -> Substring {
    switch kind {
    case "data-uri-hard-wrapped": replaced(payload, ["\n": ""])
    case "data-uri-indented": replaced(payload, ["\r\n    ": ""])
    case "data-uri-url-safe": replaced(payload, ["-": "+", "_": "/"])
    case "data-uri-plus-as-space": replaced(payload, [" ": "+"])
    case "data-uri-no-padding": payload + String(repeating: "=", count: 3 - (payload.utf8.count + 3) % 4)
    case "data-uri-percent-escaped": replaced(payload, ["%2B": "+", "%2F": "/", "%3D": "="])
    case "data-uri-entity-escaped": replaced(payload, ["&#43;": "+", "&#x2F;": "/", "&equals;": "="])
    case "data-uri-json-slashes": replaced(payload, ["\\/": "/"])
    case "data-uri-quoted-printable": replaced(replaced(payload, ["=\r\n": ""]), ["=3D": "="])
    case "data-uri-zero-width": replaced(payload, ["\u{200B}": ""])
    case "data-uri-nul": replaced(payload, ["\0": ""])
    case "data-uri-twice": Substring(String(decoding: decoded(payload) ?? [], as: UTF8.self))
    default: payload
    }
  }

  /// Base64 of a PNG from its signature to its last part, strictly read.
  private static func isSound(_ payload: Substring) -> Bool {
    guard let bytes = decoded(payload) else { return false }
    return bytes.starts(with: [0x89, 0x50, 0x4E, 0x47])
      && bytes.suffix(8) == [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
  }

  private static func decoded(_ payload: Substring) -> [UInt8]? {
    Array(payload.utf8).withUnsafeBytes { Base64.decode($0) }
  }

  private static func replaced(_ text: Substring, _ replacements: [String: String]) -> Substring {
    replacements.reduce(text) { Substring(Substring($0).replacing($1.key, with: $1.value)) }
  }
}
