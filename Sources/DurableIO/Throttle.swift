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

/// Limits bytes per second.
///
/// `spend` sleeps when the bytes so far are ahead of the rate, so bursts are never longer than a tenth of a second.
/// One thread.
public struct Throttle: Sendable {
  private let fixed: ByteCount?
  private let setting: RateSetting?
  public var rate: ByteCount? { setting.map(\.rate) ?? fixed }
  private var credit: Double
  private var last: ContinuousClock.Instant

  /// - Parameter setting: Decides in place of `rate` where there is one.
  public init(rate: ByteCount?, setting: RateSetting? = nil) {
    fixed = rate
    self.setting = setting
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
