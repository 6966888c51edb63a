import NoteModel
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A rate that is changed while work goes on, from any thread.
public final class RateSetting: Sendable {
  private let value: Atomic<Int64>

  /// - Parameter rate: `nil`: as fast as it goes.
  public init(_ rate: ByteCount?) { value = Atomic(rate?.rawValue ?? 0) }

  public var rate: ByteCount? {
    get {
      let bytes = value.load(ordering: .relaxed)
      return bytes > 0 ? ByteCount(bytes) : nil
    }
    set { value.store(newValue?.rawValue ?? 0, ordering: .relaxed) }
  }
}

/// Limits bytes per second, and rests where a brake asks for it.
///
/// `spend` sleeps when the bytes so far are ahead of the rate, so bursts are never longer than a tenth of a second. For a
/// brake it sleeps for a part of the time that went by since it slept last. One thread.
public struct Throttle: Sendable {
  private let fixed: ByteCount?
  private let setting: RateSetting?
  public var rate: ByteCount? { setting.map(\.rate) ?? fixed }
  private let brake: LoadBrake?
  private var credit: Double
  private var last: ContinuousClock.Instant
  private var workingSince: ContinuousClock.Instant

  /// - Parameters:
  ///   - setting: Decides in place of `rate` where there is one.
  ///   - brake: Asked how long to rest.
  public init(rate: ByteCount?, setting: RateSetting? = nil, brake: LoadBrake? = nil) {
    fixed = rate
    self.setting = setting
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
    if credit < 0 { wait(seconds: min(-credit / perSecond, 10), at: rate) }
  }

  /// Waits, but not for a rate that is no longer so.
  private func wait(seconds: Double, at rate: ByteCount) {
    let end = ContinuousClock.now + .seconds(seconds)
    while self.rate == rate {
      let left = (end - .now).seconds
      if left <= 0 { return }
      usleep(useconds_t(min(left, 0.05) * 1_000_000))
    }
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
