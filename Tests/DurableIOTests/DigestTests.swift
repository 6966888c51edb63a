import DurableIO
import NoteModel
import Testing

struct DigestTests {
  private static let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)

  private func hexadecimal(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { Digest.checksum(algorithm, $0) }.description
  }

  @Test func `the vectors of FIPS 180 hold`() {
    #expect(
      hexadecimal(.sha256, []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      hexadecimal(.sha256, Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hexadecimal(.sha256, Self.million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(
      hexadecimal(.sha512, Array("abc".utf8))
        == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    #expect(
      hexadecimal(.sha512, Self.million)
        == "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
        + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b")
  }

  @Test func `parts give the same digest as the whole, and a digest can be used again`() {
    let digest = Digest(.sha256)
    for size in [1, 63, 64, 65, 4096, 999_999] {
      Self.million.withUnsafeBytes { bytes in
        var at = 0
        while at < bytes.count {
          let end = min(at + size, bytes.count)
          digest.update(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
          at = end
        }
      }
      #expect(digest.finish().description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
  }

  @Test func `the row digest of the archive format's worked example holds`() {
    let row: [UInt8] =
      [3, 4, 0, 0, 0, 0, 0, 0, 0, 0x5A, 0x6F, 0xC3, 0xAB] + [1, 17, 0, 0, 0, 0, 0, 0, 0]
      + [5, 3, 0, 0, 0, 0, 0, 0, 0, 1]
      + Array("abc".utf8).withUnsafeBytes { Digest.checksum(.sha256, $0).bytes } + [2, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]
    #expect(hexadecimal(.sha256, row) == "dfe36166ed4d4524889fe1e5f68fd9e9899120a84d19b34024b5c28aa3ca17c2")
  }
}
