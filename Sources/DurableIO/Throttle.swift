import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Limits bytes per second, and rests where a brake asks for it.
///
/// `spend` sleeps when the bytes so far are ahead of the rate, so bursts are never longer than a tenth of a second. For a
/// brake it sleeps for a part of the time that went by since it slept last. One thread.
public struct Throttle: Sendable {
  public let rate: ByteCount?
  private let brake: LoadBrake?
  private var credit: Double
  private var last: ContinuousClock.Instant
  private var workingSince: ContinuousClock.Instant

  public init(rate: ByteCount?, brake: LoadBrake? = nil) {
    self.rate = rate
    self.brake = brake
    credit = 0
    last = .now
    workingSince = last
  }

  public mutating func spend(_ bytes: Int) {
    rest()
    guard let rate, rate.rawValue > 0 else { return }
    let now = ContinuousClock.now
    let perSecond = Double(rate.rawValue)
    credit = min(perSecond / 10, credit + (now - last).seconds * perSecond) - Double(bytes)
    last = now
    if credit < 0 { usleep(useconds_t(min(-credit / perSecond, 10) * 1_000_000)) }
  }

  /// A rest is at least 5 ms, which costs less to fall asleep than it gives, and at most half a second.
  private mutating func rest() {
    guard let brake else { return }
    let ratio = brake.ratio
    let now = ContinuousClock.now
    let pause = min((now - workingSince).seconds * ratio, 0.5)
    if ratio > 0, pause < 0.005 { return }
    if pause > 0 {
      usleep(useconds_t(pause * 1_000_000))
      brake.note(rested: pause)
    }
    workingSince = .now
  }
}

extension Duration {
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
