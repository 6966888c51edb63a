import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Limits bytes per second.
///
/// `spend` sleeps when the bytes so far are ahead of the rate, so bursts are never longer than a tenth of a second.
/// One thread.
public struct Throttle: Sendable {
  public let rate: ByteCount?
  private var credit: Double
  private var last: ContinuousClock.Instant

  public init(rate: ByteCount?) {
    self.rate = rate
    credit = 0
    last = .now
  }

  public mutating func spend(_ bytes: Int) {
    guard let rate, rate.rawValue > 0 else { return }
    let now = ContinuousClock.now
    let perSecond = Double(rate.rawValue)
    credit = min(perSecond / 10, credit + (now - last).seconds * perSecond) - Double(bytes)
    last = now
    if credit < 0 { usleep(useconds_t(min(-credit / perSecond, 10) * 1_000_000)) }
  }
}

extension Duration {
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
