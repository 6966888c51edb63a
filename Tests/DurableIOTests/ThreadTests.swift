import DurableIO
import NoteModel
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

struct ThreadTests {
  private struct Stopped: Error {}

  @Test func `each sender's elements arrive once and in order, whoever is slow`() throws {
    let channel = Channel<(sender: Int, number: Int)>(limit: 3)
    let perSender = 20_000
    let senders = (0..<4).map { sender in
      WorkerThread { for number in 0..<perSender { try? channel.send((sender, number)) } }
    }
    let received = Mutex<[[Int]]>(Array(repeating: [], count: 4))
    let total = Atomic<Int>(0)
    let receivers = (0..<3).map { _ in
      WorkerThread {
        var own = [[Int]](repeating: [], count: 4)
        while let element = try? channel.receive() {
          own[element.sender].append(element.number)
          total.add(1, ordering: .relaxed)
        }
        // Among what one receiver got, a sender's order holds.
        for sender in 0..<4 where own[sender] != own[sender].sorted() { total.add(1_000_000, ordering: .relaxed) }
        received.withLock { for sender in 0..<4 { $0[sender] += own[sender] } }
      }
    }
    for sender in senders { sender.join() }
    channel.close()
    for receiver in receivers { receiver.join() }
    let totalNow = total.load(ordering: .relaxed)
    #expect(totalNow == 4 * perSender)
    received.withLock { for sender in $0 { #expect(sender.sorted() == Array(0..<perSender)) } }
  }

  @Test func `a channel never holds more than its limit`() throws {
    let channel = Channel<Int>(limit: 5)
    let sent = Atomic<Int>(0)
    let sender = WorkerThread {
      for number in 0..<100 {
        try? channel.send(number)
        sent.add(1, ordering: .sequentiallyConsistent)
      }
    }
    for received in 0..<100 {
      for _ in 0..<3 { pauseIfFirst(received) }
      let sentNow = sent.load(ordering: .sequentiallyConsistent)
      #expect(sentNow <= received + 5)
      #expect(try channel.receive() == received)
    }
    sender.join()
  }

  private func pauseIfFirst(_ number: Int) { if number < 3 { pauseBriefly() } }

  @Test func `after close what is left comes out, then nothing`() throws {
    let channel = Channel<Int>(limit: 4)
    try channel.send(1)
    try channel.send(2)
    channel.close()
    try channel.send(3)
    #expect(try channel.receive() == 1)
    #expect(try channel.receive() == 2)
    #expect(try channel.receive() == nil)
    #expect(try channel.receive() == nil)
  }

  @Test func `a close with an error ends all who wait, at once`() throws {
    let channel = Channel<Int>(limit: 1)
    try channel.send(1)
    let failures = Atomic<Int>(0)
    let waiting = (0..<4).map { number in
      WorkerThread {
        do {
          try channel.send(number)
          try channel.send(number)
        } catch {
          failures.add(1, ordering: .relaxed)
        }
      }
    }
    pauseBriefly()
    channel.close(Stopped())
    for thread in waiting { thread.join() }
    let failuresNow = failures.load(ordering: .relaxed)
    #expect(failuresNow == 4)
    #expect(throws: Stopped.self) { try channel.receive() }
    channel.close()
    #expect(throws: Stopped.self) { try channel.send(1) }
  }

  @Test func `a receiver that waits is ended by close`() {
    let channel = Channel<Int>(limit: 1)
    let ended = Atomic<Bool>(false)
    let thread = WorkerThread {
      let element = try? channel.receive()
      ended.store(element == nil, ordering: .relaxed)
    }
    pauseBriefly()
    channel.close()
    thread.join()
    let endedNow = ended.load(ordering: .relaxed)
    #expect(endedNow)
  }

  @Test func `a monitor lets one in at a time and wakes those who wait`() {
    final class Shared: @unchecked Sendable {
      var number = 0
    }
    let shared = Shared()
    let monitor = Monitor()
    let waiter = WorkerThread { monitor.locked { while shared.number < 400_000 { monitor.wait() } } }
    let threads = (0..<4).map { _ in
      WorkerThread {
        for _ in 0..<100_000 {
          monitor.locked {
            shared.number += 1
            if shared.number == 400_000 { monitor.signal() }
          }
        }
      }
    }
    for thread in threads { thread.join() }
    waiter.join()
    #expect(monitor.locked { shared.number } == 400_000)
  }

  @Test(.timeLimit(.minutes(10))) func `a throttle keeps its rate`() {
    let rate = 4_000_000
    var throttle = Throttle(rate: ByteCount(rate))
    let start = ContinuousClock.now
    var spent = 0
    while spent < 2_000_000 {
      throttle.spend(50_000)
      spent += 50_000
    }
    let seconds = (ContinuousClock.now - start).seconds
    // A burst of a tenth of a second may come first; a busy machine may be slower, never faster.
    #expect(seconds >= 0.39)
    #expect(seconds < 5)
  }

  @Test func `without a rate a throttle takes no time`() {
    var throttle = Throttle(rate: nil)
    let start = ContinuousClock.now
    for _ in 0..<1000 { throttle.spend(1 << 30) }
    #expect((ContinuousClock.now - start).seconds < 0.2)
  }

  #if os(Linux)
    @Test func `what is done behind others comes back, and leaves the caller where it was`() throws {
      let process = __priority_which_t(PRIO_PROCESS.rawValue)
      let own = getpriority(process, 0)
      let (there, below) = try behindOthers {
        let below = Mutex<CInt>(0)
        WorkerThread { below.withLock { $0 = getpriority(process, 0) } }.join()
        return (getpriority(process, 0), below.withLock { $0 })
      }
      #expect(there == max(own, 10))
      #expect(below == there)
      #expect(getpriority(process, 0) == own)
      // Who steps back twice is not further behind.
      #expect(try behindOthers { try behindOthers { getpriority(process, 0) } } == there)
      #expect(throws: Stopped.self) { try behindOthers { throw Stopped() } }
    }
  #endif
}
