import NoteModel
import Testing

struct Base64Tests {
  private func encode(_ bytes: [UInt8]) -> String {
    let buffer = GrowingBuffer()
    bytes.withUnsafeBytes { Base64.append($0, to: buffer) }
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  private func decode(_ text: String) -> [UInt8]? { Array(text.utf8).withUnsafeBytes { Base64.decode($0) } }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func `the examples of RFC 4648 hold`(_ text: String, _ encoded: String) {
    #expect(encode(Array(text.utf8)) == encoded)
    #expect(decode(encoded) == Array(text.utf8))
  }

  @Test func `every length comes back`() {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    for count in 0..<300 {
      let bytes = numbers.bytes(count)
      #expect(decode(encode(bytes)) == bytes, "seed \(seed)")
    }
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm-v", "Zm_v", "Zm9v\n", "Zm 9", "=Zg=",
    "Zm9v====",
  ])
  func `what is not canonical is refused`(_ text: String) {
    #expect(decode(text) == nil)
  }
}
