#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value behind a lock, with waiting for it to change.
final class Monitor<State>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      // By the calendar a wait would become hours longer when that is set back.
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Changes the value and wakes everybody who waits.
  func change<R>(_ body: (inout State) throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return try body(&state)
  }

  /// Waits while `isEarly`, then changes the value.
  ///
  /// - Parameter seconds: The longest wait; `nil` waits without end.
  /// - Returns: What `body` returns; `nil` when the time was over.
  func wait<R>(seconds: Double? = nil, while isEarly: (State) -> Bool, then body: (inout State) -> R) -> R? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard let seconds else {
      while isEarly(state) { pthread_cond_wait(condition, mutex) }
      return finish(body)
    }
    let end = ContinuousClock.now + .seconds(seconds)
    while isEarly(state) {
      let rest = (end - .now) / .milliseconds(1)
      if rest <= 0 { return nil }
      pause(nanoseconds: Int64(min(rest, 1000) * 1_000_000))
    }
    return finish(body)
  }

  /// Waits for a change, at most so long; the lock is held.
  private func pause(nanoseconds: Int64) {
    var moment = timespec()
    #if !canImport(Darwin)
      clock_gettime(CLOCK_MONOTONIC, &moment)
    #endif
    let nanoseconds = Int64(moment.tv_nsec) + nanoseconds
    moment.tv_sec += time_t(nanoseconds / 1_000_000_000)
    moment.tv_nsec = Int(nanoseconds % 1_000_000_000)
    #if canImport(Darwin)
      pthread_cond_timedwait_relative_np(condition, mutex, &moment)
    #else
      pthread_cond_timedwait(condition, mutex, &moment)
    #endif
  }

  private func finish<R>(_ body: (inout State) -> R) -> R {
    let result = body(&state)
    pthread_cond_broadcast(condition)
    return result
  }
}

/// Runs `body` on a thread of its own that nobody waits for; it ends with the process at the latest.
func detachThread(_ body: @escaping @Sendable () -> Void) {
  final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  defer { pthread_attr_destroy(&attributes) }
  let start = Unmanaged.passRetained(Start(body))
  #if canImport(Darwin)
    var thread: pthread_t?
    let result = pthread_create(&thread, &attributes, { run($0) }, start.toOpaque())
  #else
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, { run($0!) }, start.toOpaque())
  #endif
  if result != 0 { start.release() }

  func run(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue().body()
    return nil
  }
}

/// Writes all bytes to a descriptor; interrupted and short writes are completed.
///
/// This is for screens and results. Durable bytes go through `File`, which counts its steps for the fault tests.
///
/// - Returns: 0, or the error number.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
    if count >= 0 {
      done += count
    } else if errno == EAGAIN {
      var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&item, 1, 1000)
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}

func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
  var text = text
  return text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: descriptor) }
}
