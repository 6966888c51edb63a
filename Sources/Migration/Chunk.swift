import DurableIO
import NoteModel
import Synchronization

/// A piece of a content, at most `Chunk.size` bytes, shared by the thread that uses it and the one that digests it.
final class Chunk<Group>: @unchecked Sendable {
  /// 1 MiB.
  static var size: Int { 1 << 20 }

  let base = UnsafeMutableRawPointer.allocate(byteCount: Chunk.size, alignment: 4096)
  var count = 0
  /// The group that the bytes belong to, and which of its streams or members they are a part of, for the digest.
  var group: Group?
  var part = 0
  var isLast = false
  private let users = Atomic<Int>(0)

  deinit { base.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  func share(_ count: Int) { users.store(count, ordering: .relaxed) }
  /// Whether the caller was the last user.
  func release() -> Bool { users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

/// Things that are used again and again, a fixed number of them.
final class Pool<Item>: @unchecked Sendable {
  private let monitor = Monitor()
  private var free: [Item]
  private var isClosed = false

  init(_ items: [Item]) { free = items }

  /// Waits until an item is free; `nil` when the pool was closed.
  func take() -> Item? {
    monitor.locked {
      while free.isEmpty, !isClosed { monitor.wait() }
      return isClosed ? nil : free.removeLast()
    }
  }

  func put(_ item: sending Item) {
    let item = item
    monitor.locked {
      if !isClosed { free.append(item) }
      monitor.signal()
    }
  }

  /// Ends all waiting and gives the items up.
  func close() {
    monitor.locked {
      isClosed = true
      free = []
      monitor.signal()
    }
  }
}
