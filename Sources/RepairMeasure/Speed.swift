import NoteRepair

/// How fast a text is looked at and repaired, on one thread.
enum Speed {
  static func answer(_ bytes: [UInt8], count: Int) -> String {
    let engine = RepairEngine()
    let clock = ContinuousClock()
    var (look, repair) = (Duration.seconds(1_000_000), Duration.seconds(1_000_000))
    var isClean = false
    for _ in 0..<count {
      look = min(look, clock.measure { isClean = bytes.withUnsafeBufferPointer { engine.isPlainlyClean($0) } })
      repair = min(repair, clock.measure { _ = engine.repair(bytes) })
    }
    return "\(rate(bytes.count, look))\t\(rate(bytes.count, repair))\t\(isClean ? "clean" : "suspicious")"
  }

  private static func rate(_ count: Int, _ time: Duration) -> Double {
    let (seconds, attoseconds) = time.components
    return Double(count) / (Double(seconds) + Double(attoseconds) * 1e-18) / 1e6
  }
}
