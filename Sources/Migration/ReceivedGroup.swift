import DurableIO
import NoteArchive
import NoteModel
import Synchronization

/// A page that comes out of an archive, with the members that belong to it.
final class ReceivedGroup: @unchecked Sendable {
  static let limit = 4
  /// Groups under way when contents are digested where they lie, so that a very large one does not hold the others up.
  static let directLimit = 12

  /// A member of the group, in the order of the tar, with the digest that its bytes have.
  struct Member {
    var path: String
    var byteCount: Int64
    var digest: [UInt8] = []
    /// Whether the archive ended inside it.
    var isCutOff = false
  }

  /// What is wrong with a row of the group.
  struct RowDamage: Sendable {
    var row: Int
    var content: Int?
    var explanation: String
  }

  var page: RecordPage
  var entityIndex = 0
  var number: Int64 = 0
  let rowsMember = GrowingBuffer(capacity: 64 << 10)
  let inventoryMember = GrowingBuffer(capacity: 16 << 10)
  let inventoryText = GrowingBuffer(capacity: 16 << 10)

  /// Set by the workers, read when the group is finished.
  var rowsDamage: String?
  var inventoryDamage: String?
  var damagedRows: [RowDamage] = []
  /// Members that no row of the page asks for, the first few.
  var strangeMembers: [String] = []
  /// For each content of the page whether it is a member of its own row, and not shared with an earlier one.
  var isOwn: [Bool] = []
  /// The first and the last key of the page, when its inventory could be read.
  var keys: (first: Key, last: Key)?
  /// Keys (as JSON) and the number of rows that only the inventory still knows, when the rows are lost.
  var lostKeys: [String] = []
  /// Of the rows as the target has to hold them, once the group is finished.
  let rowDigests = GrowingBuffer(capacity: 32 << 10)
  /// Damaged texts, by row, then by column, and the number of those that were too long to be looked at.
  var repairs: [ValueRepair] = []
  var longValueCount: Int64 = 0
  /// The rows that get into the target repaired.
  let repaired: RepairedRows
  /// Rows that cannot stand in the target.
  var setAside: Set<Int> = []

  /// Most members that the group may have: each value of each row a content, and each of them read twice.
  var memberLimit: Int { RecordPage.maximumRows * page.entity.columns.count * 2 }

  private var records: [Member] = []
  private let monitor = Monitor()
  private var isDecoded = false
  private var isFinished = false
  private let outstanding = Atomic<Int>(0)

  init(page: RecordPage) {
    self.page = page
    repaired = RepairedRows(entity: page.entity, algorithm: page.algorithm)
  }

  func reset(entity: Entity, algorithm: DigestAlgorithm) {
    if page.entity != entity || page.algorithm != algorithm {
      page = RecordPage(entity: entity, algorithm: algorithm)
    } else {
      page.removeAll()
    }
    repaired.reset(entity: entity, algorithm: algorithm)
    repairs.removeAll()
    setAside.removeAll()
    longValueCount = 0
    rowsMember.removeAll()
    rowsMember.shrink(to: 8 << 20)
    inventoryMember.removeAll()
    inventoryText.removeAll()
    inventoryText.shrink(to: 8 << 20)
    rowDigests.removeAll()
    rowsDamage = nil
    inventoryDamage = nil
    damagedRows = []
    strangeMembers = []
    isOwn.removeAll(keepingCapacity: true)
    keys = nil
    lostKeys = []
    records.removeAll(keepingCapacity: true)
    isDecoded = false
    isFinished = false
    // One for the rows, one for the thread that receives, one for the thread that uses the page.
    outstanding.store(3, ordering: .relaxed)
  }

  /// Hands over each row with repairs that are applied, and these.
  func forEachRepairedRow(_ body: (_ row: Int, ArraySlice<ValueRepair>) -> Void) {
    let applied = repairs.filter(\.isApplied)
    var start = 0
    while start < applied.count {
      var end = start + 1
      while end < applied.count, applied[end].row == applied[start].row { end += 1 }
      body(applied[start].row, applied[start..<end])
      start = end
    }
  }

  func expect() { outstanding.add(1, ordering: .relaxed) }
  func complete() -> Bool { outstanding.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }

  func announce(_ path: String, byteCount: Int64) -> Int {
    monitor.locked {
      records.append(Member(path: path, byteCount: byteCount))
      return records.count - 1
    }
  }
  func setDigest(_ digest: UnsafeRawBufferPointer, of member: Int) {
    monitor.locked { records[member].digest = Array(digest) }
  }
  func cutOff(_ member: Int) { monitor.locked { records[member].isCutOff = true } }
  var members: [Member] { monitor.locked { records } }

  func markDecoded() {
    monitor.locked {
      isDecoded = true
      monitor.signal()
    }
  }
  func markFinished() {
    monitor.locked {
      isFinished = true
      monitor.signal()
    }
  }
  func waitUntilDecoded(_ failed: () -> Bool) { monitor.locked { while !isDecoded, !failed() { monitor.wait() } } }
  func waitUntilFinished(_ failed: () -> Bool) { monitor.locked { while !isFinished, !failed() { monitor.wait() } } }
  func wake() { monitor.locked { monitor.signal() } }
}
