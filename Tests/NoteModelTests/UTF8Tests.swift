import NoteModel
import Testing

struct UTF8Tests {
  private func agrees(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { isValidUTF8($0) } == (String(validating: bytes, as: UTF8.self) != nil)
  }

  @Test func `every sequence of one, two and three bytes is judged as Unicode does`() {
    var wrong = 0
    var bytes: [UInt8] = [0]
    for first in 0...255 {
      bytes = [UInt8(first)]
      if !agrees(bytes) { wrong += 1 }
      for second in 0...255 {
        bytes = [UInt8(first), UInt8(second)]
        if !agrees(bytes) { wrong += 1 }
      }
    }
    // Three bytes: every lead and every second byte, and third bytes on both sides of each bound.
    for first in 0x80...255 {
      for second in 0...255 {
        for third in [0x00, 0x22, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF] as [UInt8] {
          bytes = [UInt8(first), UInt8(second), third]
          if !agrees(bytes) { wrong += 1 }
        }
      }
    }
    #expect(wrong == 0)
  }

  @Test func `four bytes are judged as Unicode does`() {
    let bounds: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    for first in 0xEF...0xFF {
      for second in 0...255 {
        for third in bounds { for fourth in bounds { #expect(agrees([UInt8(first), UInt8(second), third, fourth])) } }
      }
    }
  }

  @Test func `random text with damage is judged as Unicode does, at every place of a word`() {
    let seed = newSeed()
    var numbers = SeededNumbers(seed: seed)
    for _ in 0..<20_000 {
      var bytes = Array("abcdefghij é€𝄞 klmnopq ï中🧳 rst".utf8.shuffled(using: &numbers).prefix(24))
      if Bool.random(using: &numbers) {
        bytes = Array("0123456é€𝄞 klmnopq ï中🧳".utf8.dropFirst(Int.random(in: 0...7, using: &numbers)))
        if Bool.random(using: &numbers) { bytes.removeLast(Int.random(in: 0...4, using: &numbers)) }
      }
      #expect(agrees(bytes), "seed \(seed): \(bytes)")
    }
  }
}
