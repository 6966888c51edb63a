import DurableIO
import NoteModel

/// Keys of rows, entity by entity, set aside in the order in which they come.
///
/// Memory: 4 MiB for each entity that has many; the rest lies in files without names in the state directory.
final class KeySpool {
  private let spools: [Spool]
  private(set) var counts: [Int64]
  private let line = GrowingBuffer(capacity: 256)

  init(entities: Int, directory: String) {
    // Entities are many in an odd store, and only few of them have changes.
    spools = (0..<entities).map { _ in Spool(directory: directory, memoryLimit: 256 << 10) }
    counts = Array(repeating: 0, count: entities)
  }

  var isEmpty: Bool { counts.allSatisfy { $0 == 0 } }

  /// - Parameter key: As JSON.
  func append(entityIndex: Int, key: String) throws {
    line.removeAll()
    line.append(text: key)
    line.append(UInt8(ascii: "\n"))
    try spools[entityIndex].append(line.bytes)
    counts[entityIndex] += 1
  }

  func cursor(of entityIndex: Int) -> Cursor { Cursor(spools[entityIndex]) }

  /// Walks the keys of one entity. The spool must not grow meanwhile.
  struct Cursor {
    private let spool: Spool
    private var offset: Int64 = 0
    private var rest: [UInt8] = []
    private var position = 0

    fileprivate init(_ spool: Spool) { self.spool = spool }

    mutating func next() throws -> Key? {
      while true {
        if let end = rest[position...].firstIndex(of: UInt8(ascii: "\n")) {
          defer { position = end + 1 }
          return try RowKey.parse(Array(rest[position..<end]))
        }
        guard try fill() else { return nil }
      }
    }

    private mutating func fill() throws -> Bool {
      rest.removeFirst(position)
      position = 0
      var room = [UInt8](repeating: 0, count: 64 << 10)
      let count = try room.withUnsafeMutableBytes { try spool.read(into: $0, at: offset) }
      offset += Int64(count)
      rest.append(contentsOf: room.prefix(count))
      return count > 0
    }
  }
}
