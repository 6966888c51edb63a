import DurableIO
import NoteModel
import Synchronization

/// A page on its way through a pipeline, with everything that is derived from it.
///
/// The threads that work on it hand it over by the queues; the parts that several of them touch are under `monitor`.
final class PageGroup: @unchecked Sendable {
  /// Groups that may be under way at once; with `RecordPage`'s limits about 10 MiB each.
  static let limit = 4

  var page: RecordPage
  /// Index of the entity in the schema.
  var entityIndex = 0
  /// Number of the page within its entity, from 1.
  var number: Int64 = 0
  /// Number of the group within the run, from 0.
  var ordinal: Int64 = 0
  /// The key of the last row; `nil` for an empty page.
  var lastKey: Key?
  /// Findings about this page's rows, in order.
  var findings: [Finding] = []
  /// Whether the snapshot was renewed before this page.
  var isFirstOfSnapshot = false

  /// The compressed rows and inventory, and their checksums, when they are ready.
  let rowsMember = GrowingBuffer(capacity: 64 << 10)
  var rowsChecksum: Checksum?
  let inventoryMember = GrowingBuffer(capacity: 16 << 10)
  var inventoryChecksum: Checksum?
  /// SHA-256 of each row, 32 bytes a row.
  let rowDigests = GrowingBuffer(capacity: 32 << 10)
  /// Digests of the payload contents, one slot for each of the page's contents.
  let payloadDigests = GrowingBuffer(capacity: 4 << 10)

  /// A content that was streamed, as a member of its own.
  struct Streamed {
    var content: Int
    var path: String
    var byteCount: Int64
    var digest: [UInt8]
  }
  private(set) var streamed: [Streamed] = []

  private let monitor = Monitor()
  private var isEncoded = false
  private var isFinished = false
  private let outstanding = Atomic<Int>(0)

  init(page: RecordPage) { self.page = page }

  func reset(entity: Entity, algorithm: DigestAlgorithm) {
    if page.entity != entity || page.algorithm != algorithm {
      page = RecordPage(entity: entity, algorithm: algorithm)
    } else {
      page.removeAll()
    }
    lastKey = nil
    findings.removeAll(keepingCapacity: true)
    isFirstOfSnapshot = false
    rowsMember.removeAll()
    inventoryMember.removeAll()
    rowDigests.removeAll()
    payloadDigests.removeAll()
    rowsChecksum = nil
    inventoryChecksum = nil
    streamed.removeAll(keepingCapacity: true)
    isEncoded = false
    isFinished = false
    // One for the preparation by a worker, one for the thread that reads.
    outstanding.store(2, ordering: .relaxed)
  }

  // MARK: - Work that is still due

  func expect() { outstanding.add(1, ordering: .relaxed) }

  /// Marks one piece of work as done; `true` for the last one, whose thread must see to the finish.
  func complete() -> Bool { outstanding.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }

  func announceStream(content: Int, path: String, byteCount: Int64) -> Int {
    monitor.locked {
      streamed.append(Streamed(content: content, path: path, byteCount: byteCount, digest: []))
      return streamed.count - 1
    }
  }

  func setDigest(_ digest: UnsafeRawBufferPointer, ofStream index: Int) {
    monitor.locked { streamed[index].digest = Array(digest) }
  }

  /// The members that were streamed, in order; complete once the group is finished.
  var streams: [Streamed] { monitor.locked { streamed } }

  // MARK: - Signals

  func markEncoded() {
    monitor.locked {
      isEncoded = true
      monitor.signal()
    }
  }
  func markFinished() {
    monitor.locked {
      isFinished = true
      monitor.signal()
    }
  }

  /// Waits until the rows are encoded; `failed` ends the wait when a thread of the run has failed.
  func waitUntilEncoded(_ failed: () -> Bool) { monitor.locked { while !isEncoded, !failed() { monitor.wait() } } }
  func waitUntilFinished(_ failed: () -> Bool) { monitor.locked { while !isFinished, !failed() { monitor.wait() } } }
  func wake() { monitor.locked { monitor.signal() } }
}
