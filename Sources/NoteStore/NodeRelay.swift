import DurableIO
import NoteModel

/// Hands what one node took on to the other node, which applies it on a thread of its own.
///
/// Steps are collected in parcels of about 1 MiB; at most `parcelCount` of them are under way, 8 MiB in all with the bytes of
/// contents, which are copied. Rows are not: their page must stay as it is until `leave` has returned.
/// One thread hands over; it may use the node itself after `wait`, until it hands over the next step.
final class NodeRelay: @unchecked Sendable {
  static let parcelCount = 4
  private static let stepLimit = 2048
  private static let byteLimit = 1 << 20

  private let store: any TargetStore
  private let monitor = Monitor()
  private var thread: WorkerThread?

  // Under the monitor.
  private var queue: [Parcel] = []
  private var free: [Parcel] = []
  private var doneCount = 0
  private var failure: (any Error)?
  private var isClosed = false
  private var isAskingForCommit = false

  // The handing thread's own.
  private var open: Parcel?
  private var sentCount = 0
  /// The page whose steps are handed over, and for those before it the last parcel with steps of theirs.
  private var page: Int64 = 0
  private var ends: [(page: Int64, parcel: Int)] = []

  init(_ store: any TargetStore) { self.store = store }

  // MARK: - Steps

  func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {
    let parcel = try room(for: supplies.reduce(0) { $0 + $1.byteCount })
    for supply in supplies { parcel.add(supply) }
    parcel.steps.append(.row(row, page, supplyCount: supplies.count))
  }

  func remove(_ key: Key, of entity: Entity) throws { try room(for: 0).steps.append(.remove(key, entity)) }

  func beginContent(_ index: Int) throws { try room(for: 0).steps.append(.begin(index)) }

  func writeContent(_ bytes: UnsafeRawBufferPointer) throws {
    let parcel = try room(for: bytes.count)
    parcel.steps.append(.write(parcel.keep(bytes)))
  }

  func endContent() throws { try room(for: 0).steps.append(.end) }

  func abandonContents() throws { try room(for: 0).steps.append(.abandon) }

  /// Begins work of another kind behind everything that was handed over; `wait` tells how it went.
  func begin(_ task: @escaping @Sendable () throws -> Void) throws {
    try room(for: 0).steps.append(.task(task))
    try send()
  }

  /// The steps that follow are about the page of this number.
  func enter(page number: Int64) {
    let parcel = open == nil ? sentCount : sentCount + 1
    // Pages without steps leave no trace.
    if ends.last?.parcel == parcel { ends.removeLast() }
    ends.append((page, parcel))
    page = number
  }

  /// The open parcel, with room for one more step and so many bytes.
  private func room(for byteCount: Int) throws -> Parcel {
    if let open, open.steps.count < Self.stepLimit,
      open.bytes.count == 0 || open.bytes.count + byteCount <= Self.byteLimit
    {
      return open
    }
    try send()
    if thread == nil {
      free = (0..<Self.parcelCount).map { _ in Parcel() }
      thread = WorkerThread { [self] in work() }
    }
    let parcel = try monitor.locked {
      while free.isEmpty, failure == nil { monitor.wait() }
      if let failure { throw failure }
      return free.removeLast()
    }
    open = parcel
    return parcel
  }

  // MARK: - Handing over

  /// Has the node begin with everything that was handed over.
  func send() throws {
    guard let parcel = open else { return }
    open = nil
    sentCount += 1
    try monitor.locked {
      queue.append(parcel)
      monitor.signal()
      if let failure { throw failure }
    }
  }

  /// Waits until the node is done with a page and all before it.
  func leave(page number: Int64) throws {
    guard number < page, let last = ends.last(where: { $0.page <= number })?.parcel else { return try wait() }
    ends.removeAll { $0.page <= number }
    if last > sentCount { try send() }
    try wait(for: last)
  }

  /// Waits until the node has done everything.
  func wait() throws {
    try send()
    try wait(for: sentCount)
    ends.removeAll()
  }

  private func wait(for count: Int) throws {
    try monitor.locked {
      while doneCount < count, failure == nil { monitor.wait() }
      if let failure { throw failure }
    }
  }

  /// Whether the node's batch should end soon, as of the last parcel that it did.
  var wantsCommit: Bool { monitor.locked { isAskingForCommit } }

  /// Drops what was not done yet and waits until the node does nothing any more. It may be handed steps again.
  func discard() {
    monitor.locked {
      if let open {
        open.removeAll()
        free.append(open)
      }
      failure = failure ?? CancelledRelay()
      monitor.signal()
      while doneCount < sentCount { monitor.wait() }
      failure = nil
    }
    open = nil
    ends.removeAll()
  }

  /// Ends the thread and gives the memory back; the node is the caller's alone again.
  func close() {
    discard()
    monitor.locked {
      isClosed = true
      monitor.signal()
    }
    thread?.join()
    thread = nil
    free = []
    isClosed = false
  }

  // MARK: - The node's thread

  private func work() {
    while let parcel = next() {
      do {
        for step in parcel.steps { try perform(step, parcel) }
        let asks = store.wantsCommit
        monitor.locked { isAskingForCommit = asks }
      } catch {
        monitor.locked { failure = failure ?? error }
      }
      parcel.removeAll()
      monitor.locked {
        free.append(parcel)
        doneCount += 1
        monitor.signal()
      }
    }
  }

  /// The next parcel; one without steps where the node has failed, so that everything comes to its end.
  private func next() -> Parcel? {
    monitor.locked {
      while queue.isEmpty, !isClosed { monitor.wait() }
      guard !queue.isEmpty else { return nil }
      let parcel = queue.removeFirst()
      if failure != nil { parcel.removeAll() }
      return parcel
    }
  }

  private func perform(_ step: Parcel.Step, _ parcel: Parcel) throws {
    switch step {
    case .row(let row, let page, let count):
      try store.apply(row: row, of: page, supplies: count == 0 ? [] : parcel.takeSupplies(count))
    case .remove(let key, let entity): try store.remove(key, of: entity)
    case .begin(let index): try store.beginContent(index)
    case .write(let range): try store.writeContent(parcel.bytes.slice(range))
    case .end: try store.endContent()
    case .abandon: store.abandonContents()
    case .task(let task): try task()
    }
  }
}

/// What a node is told whose relay is discarded.
private struct CancelledRelay: Error {}

/// Steps that are handed over together, with the bytes that belong to them.
private final class Parcel {
  enum Step {
    case row(Int, RecordPage, supplyCount: Int)
    case remove(Key, Entity)
    case begin(Int)
    case write(Range<Int>)
    case end
    case abandon
    case task(@Sendable () throws -> Void)
  }

  private enum Supply {
    case bytes(Range<Int>)
    case other(ContentSupply)
  }

  var steps: [Step] = []
  let bytes = GrowingBuffer(capacity: 64 << 10)
  private var supplies: [Supply] = []
  private var nextSupply = 0

  init() { steps.reserveCapacity(2048) }

  func keep(_ part: UnsafeRawBufferPointer) -> Range<Int> {
    let start = bytes.count
    bytes.append(part)
    return start..<bytes.count
  }

  func add(_ supply: ContentSupply) {
    if case .bytes(let part) = supply { supplies.append(.bytes(keep(part))) } else { supplies.append(.other(supply)) }
  }

  /// The supplies of the next row.
  func takeSupplies(_ count: Int) -> [ContentSupply] {
    defer { nextSupply += count }
    return supplies[nextSupply..<nextSupply + count].map {
      switch $0 {
      case .bytes(let range): .bytes(bytes.slice(range))
      case .other(let supply): supply
      }
    }
  }

  func removeAll() {
    steps.removeAll(keepingCapacity: true)
    supplies.removeAll(keepingCapacity: true)
    nextSupply = 0
    bytes.removeAll()
    bytes.shrink(to: 2 << 20)
  }
}

extension ContentSupply {
  /// Bytes that a parcel copies.
  fileprivate var byteCount: Int { if case .bytes(let bytes) = self { bytes.count } else { 0 } }
}
