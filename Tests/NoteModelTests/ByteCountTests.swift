import NoteModel
import Testing

struct ByteCountTests {
  @Test(
    arguments: [
      ("0B", 0), ("512B", 512), ("1KiB", 1024), ("20MiB", 20 << 20), ("1.5 GiB", 3 << 29), ("4GB", 4_000_000_000),
      ("1kB", 1000), ("2TiB", 2 << 40), ("0.5TB", 500_000_000_000),
    ] as [(String, Int64)])
  func `a size with its unit is read`(_ text: String, _ bytes: Int64) {
    #expect(ByteCount(parsing: text)?.rawValue == bytes)
  }

  @Test(arguments: [
    "", "20", "B", "MiB", "-1MiB", "+1MiB", " 1MiB", "1 0MiB", "1M", "1mib", "0x10MiB", "1e3MiB", "infMiB", "nanB",
    "½GiB", "1.MiB", ".5MiB", "1..5MiB", "9999999TiB", "1MiB ", "1,5MiB", "٣MiB",
  ])
  func `a size that is not one is refused`(_ text: String) {
    #expect(ByteCount(parsing: text) == nil)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"), (-2048, "-2.0 KiB"),
      (42_199_456_358, "39.3 GiB"), (Int64.min, "-8192.0 PiB"), (Int64.max, "8192.0 PiB"),
    ] as [(Int64, String)])
  func `a size is shown in the largest unit that fits`(_ bytes: Int64, _ text: String) {
    #expect(ByteCount(rawValue: bytes).description == text)
  }
}
