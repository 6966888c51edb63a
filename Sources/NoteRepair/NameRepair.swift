/// Composes names that a file system stored decomposed. Notes keep the form they have.
enum NameRepair {
  static func run(_ bench: inout Workbench) {
    guard bench.context.kind == .name else { return }
    let bytes = bench.bytes
    var text: [UInt32] = []
    guard bytes.withUnsafeBufferPointer({ CodePage.utf8.decode($0, into: &text) }) == nil else { return }
    let composed = Composition.compose(text)
    guard composed != text, let result = RepairPlan.Layer.utf8(composed) else { return }
    var builder = LayerBuilder(bytes)
    builder.replace(upTo: bytes.count, with: result)
    bench.note(.decomposedName, 0..<bytes.count, tier: .policy)
    bench.take(builder)
  }
}
