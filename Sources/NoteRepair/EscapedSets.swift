/// ISO-2022-JP and HZ: plain ASCII bytes between escapes.
enum EscapedSets {
  /// How much likelier text must become before HZ's printable escapes are believed, in units of ``TextModel``.
  private static let margin = 50

  static func run(_ bench: inout Workbench) {
    guard !bench.flags.contains(.invalid) else { return }
    if bench.flags.contains(.control), bench.bytes.contains(0x1B) { repair(&bench, by: .iso2022JP) }
    if bench.flags.contains(.hz) { repair(&bench, by: .hz) }
  }

  private static func repair(_ bench: inout Workbench, by page: CodePage) {
    let bytes = bench.bytes
    let chain = PageChain(pages: [page])
    guard let text = bytes.withUnsafeBufferPointer({ chain.decode($0) }), text.contains(where: { $0 > 0x7F }) else {
      return
    }
    let before = bytes.map { UInt32($0) }.withUnsafeBufferPointer { bench.model.cost(of: $0) }
    let gain = before - text.withUnsafeBufferPointer { bench.model.cost(of: $0) }
    guard page == .iso2022JP || gain >= margin else { return }
    var builder = LayerBuilder(bytes)
    builder.recode(upTo: bytes.count, by: chain, to: text)
    bench.note(.escapedSets, 0..<bytes.count, tier: .lossless, pages: [page])
    bench.take(builder)
  }
}
