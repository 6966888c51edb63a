import DurableIO
import NoteModel

/// Finds small contents that the archive already holds, so that equal ones are stored once.
///
/// Decisions are taken page by page in the order of the run, whichever worker digests them, so that the same store
/// gives the same archive. The index holds the first `capacity` contents of the entity that is being read: about
/// 100 bytes each. Only entities whose key is one integer take part, and a content is shared within one column, so that
/// an importer can fetch the first copy from the target by its key.
final class ContentSharing: @unchecked Sendable {
  static let capacity = 32_768

  private struct Address: Hashable {
    var column: Int
    var first: UInt64
    var second: UInt64
  }

  private let monitor = Monitor()
  private var next: Int64 = 0
  private var early: [Int64: PageGroup] = [:]
  private var entity = ""
  private var paths: [Address: String] = [:]
  /// Members of the entity so far; from `capacity` on none is remembered.
  private var members = 0

  /// Takes one more content of an interrupted segment into the index; called for all of them, in order, before the run.
  func restore(entity: Entity, column: Int, digest: UnsafeRawBufferPointer, path: String) {
    monitor.locked {
      begin(entity)
      remember(column, digest, path)
    }
  }

  /// Decides about a group whose payload digests are there, and about later ones that waited for it.
  ///
  /// - Returns: The groups that may be encoded now.
  func turn(of group: PageGroup, shares: Bool) -> [PageGroup] {
    monitor.locked {
      early[group.ordinal] = group
      var ready: [PageGroup] = []
      while let turn = early.removeValue(forKey: next) {
        if shares { decide(turn) }
        ready.append(turn)
        next += 1
      }
      return ready
    }
  }

  private func decide(_ group: PageGroup) {
    let page = group.page
    begin(page.entity)
    let size = page.algorithm.byteCount
    for index in page.contents.indices {
      let content = page.contents[index]
      guard case .payload = content.place, Self.hasIntegerKey(content.path) else {
        members += 1
        continue
      }
      let digest = group.payloadDigests.slice(index * size..<(index + 1) * size)
      let address = Self.address(content.column, digest)
      if let path = paths[address] {
        page.contents[index].place = .sameAs(path: path)
        page.contents[index].path = path
      } else {
        remember(content.column, digest, content.path)
      }
    }
  }

  private func begin(_ entity: Entity) {
    guard entity.name != self.entity else { return }
    self.entity = entity.name
    paths.removeAll(keepingCapacity: true)
    members = 0
  }

  private func remember(_ column: Int, _ digest: UnsafeRawBufferPointer, _ path: String) {
    members += 1
    guard members <= Self.capacity, Self.hasIntegerKey(path) else { return }
    let address = Self.address(column, digest)
    if paths[address] == nil { paths[address] = path }
  }

  /// The row number in a member path `data/blobs/attachment/17@file`; `nil` for keys that are not one integer.
  static func integerKey(_ path: String) -> Int64? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    return Int64(path[path.index(after: slash)...].prefix { $0 != "@" })
  }

  private static func hasIntegerKey(_ path: String) -> Bool { integerKey(path) != nil }

  private static func address(_ column: Int, _ digest: UnsafeRawBufferPointer) -> Address {
    Address(
      column: column, first: digest.loadUnaligned(as: UInt64.self),
      second: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }
}
