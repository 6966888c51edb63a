import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A mutex with a condition, for the bounded hand-over between threads.
public final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  public init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    condition.deallocate()
  }

  @inline(__always)
  public func locked<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Waits until something is signalled; only inside `locked`.
  public func wait() { pthread_cond_wait(condition, mutex) }
  /// Wakes all that wait.
  public func signal() { pthread_cond_broadcast(condition) }
}

/// A bounded first-in, first-out queue between threads.
///
/// `send` waits while the queue is full, `receive` while it is empty. After `close` nothing is accepted and `receive`
/// hands out what is left, then `nil`; with an error both throw it at once.
public final class Channel<Element>: @unchecked Sendable {
  private let monitor = Monitor()
  private var items: [Element] = []
  private var head = 0
  private let limit: Int
  private var isClosed = false
  private var failure: (any Error)?

  public init(limit: Int) {
    self.limit = limit
    items.reserveCapacity(limit * 2)
  }

  public func send(_ element: consuming sending Element) throws {
    var pending: Element? = element
    try monitor.locked {
      while items.count - head >= limit, !isClosed { monitor.wait() }
      if let failure { throw failure }
      guard !isClosed else { return }
      items.append(pending.take()!)
      monitor.signal()
    }
  }

  public func receive() throws -> Element? {
    try monitor.locked {
      while items.count == head, !isClosed { monitor.wait() }
      if let failure { throw failure }
      guard items.count > head else { return nil }
      let element = items[head]
      head += 1
      if head >= limit {
        items.removeFirst(head)
        head = 0
      }
      monitor.signal()
      return element
    }
  }

  public func close(_ error: (any Error)? = nil) {
    monitor.locked {
      if let error, failure == nil { failure = error }
      isClosed = true
      monitor.signal()
    }
  }
}

/// A thread of the operating system that runs one function.
public final class WorkerThread: @unchecked Sendable {
  private var handle: pthread_t
  private let result: Result

  private final class Result: @unchecked Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts at once. The stack is 1 MiB.
  public init(_ body: @escaping @Sendable () -> Void) {
    result = Result(body)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 1 << 20)
    defer { pthread_attr_destroy(&attributes) }
    let argument = Unmanaged.passRetained(result).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        #if canImport(Darwin)
          Unmanaged<Result>.fromOpaque(argument).takeRetainedValue().body()
        #else
          Unmanaged<Result>.fromOpaque(argument!).takeRetainedValue().body()
        #endif
        return nil
      }, argument)
    precondition(status == 0, "the system has no thread left")
    #if canImport(Darwin)
      handle = thread!
    #else
      handle = thread
    #endif
  }

  /// Waits until the function has returned; once.
  public func join() { pthread_join(handle, nil) }

  /// Processors that are on line; at least 1.
  public static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}

/// Does something behind the work of others: on a thread of its own that gets a tenth of a processor's time where somebody
/// else wants that processor, and all of it where nobody does. Threads that come into being meanwhile inherit it, so `body`
/// should end them.
///
/// A thread that has stepped back may not come forward again without privileges, so the caller's own is left as it is. Where
/// only a whole process has a priority, `body` is called as it is. Among processes of other control groups or, on Linux with
/// `sched_autogroup_enabled`, of other terminals, priorities mean nothing (`sched(7)`).
public func behindOthers<Value>(_ body: () throws -> Value) throws -> Value {
  #if os(Linux)
    try withoutActuallyEscaping(body) { body in
      let work = Work(body)
      WorkerThread { [work] in
        work.run()
      }.join()
      return try work.result!.get()
    }
  #else
    try body()
  #endif
}

#if os(Linux)
  /// Used by one thread at a time.
  private final class Work<Value>: @unchecked Sendable {
    private let body: () throws -> Value
    private(set) var result: Result<Value, any Error>?

    init(_ body: @escaping () throws -> Value) { self.body = body }

    func run() {
      // For this thread alone; what was asked for already is not taken back.
      let process = __priority_which_t(PRIO_PROCESS.rawValue)
      _ = setpriority(process, 0, max(niceness, getpriority(process, 0)))
      result = Result { try body() }
    }
  }

  /// A step of `nice` is a factor of 1.25.
  private let niceness: CInt = 10
#endif

/// This process's number, for locks and messages.
public func processID() -> Int32 { getpid() }

/// Lets this thread rest for a hundredth of a second.
public func pauseBriefly() { usleep(10_000) }

/// Lets this thread rest.
public func pause(_ duration: Duration) { usleep(useconds_t(max(0, min(duration.seconds, 10)) * 1_000_000)) }

/// Has all threads of this process take memory from one heap; to be called before the first thread is made.
///
/// The C library gives a thread that comes into being a heap of its own, every page of which is faulted in anew: comparing the
/// rows of a target on a fresh thread took twice as long as on the one that had compared them before. Fixed pools are made
/// once, so nobody waits for the heap: export and import take as long as before, and 5 MiB less memory. Does nothing where
/// the C library has no such setting.
public func shareOneHeap() {
  #if canImport(Glibc)
    // The module of the C library leaves malloc.h out; M_ARENA_MAX stands there as -8.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: (@convention(c) (CInt, CInt) -> CInt).self)
    _ = setOption(-8, 1)
  #endif
}
