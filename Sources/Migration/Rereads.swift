import DurableIO
import NoteModel
import NoteStore

/// The rows of a measured comparison whose contents must be read all the same, and what is expected of them.
///
/// These are rows of the newest segments, which nobody has read in the target yet, and those whose contents may have
/// changed.
final class Rereads {
  let expected: InventorySpool
  let keys: KeySpool
  private let entities: [Int?]

  /// - Parameters:
  ///   - schema: What is expected.
  ///   - found: The store that is measured.
  init(of schema: StoreSchema, in found: StoreSchema, contents: DigestAlgorithm, directory: String) {
    expected = InventorySpool(directory: directory, contents: contents)
    keys = KeySpool(entities: found.entities.count, directory: directory)
    entities = schema.entities.map { entity in found.entities.firstIndex { $0.name == entity.name } }
  }

  var isEmpty: Bool { keys.isEmpty }

  /// Takes the present row of a walk where it must be read; tells whether it does.
  ///
  /// - Parameter digest: The row's, with the contents that are expected.
  func take(_ row: InventoryChain, _ digest: UnsafeRawBufferPointer) throws -> Bool {
    guard row.spoolIndex > 0 || !(digest.elementsEqual(row.digest) || digest.elementsEqual(row.alternative)),
      let place = entities[row.entityIndex]
    else { return false }
    try expected.append(row)
    try keys.append(entityIndex: place, key: String(decoding: row.key, as: UTF8.self))
    return true
  }
}

extension ComparisonResult {
  /// Adds what a second look at some of the expected rows found.
  mutating func add(reread other: ComparisonResult) {
    for index in entities.indices {
      entities[index].identical += other.entities[index].identical
      entities[index].repaired += other.entities[index].repaired
      entities[index].changed += other.entities[index].changed
      entities[index].missing += other.entities[index].missing
    }
    differences = Array((differences + other.differences).prefix(Self.differenceLimit))
    differenceCount += other.differenceCount
    unreadable += other.unreadable
  }
}
