import DurableIO
import NoteModel

/// The repairs files beside a store: the import's own, and one for each later application that changed something.
enum RepairBooks {
  /// The files that exist, the oldest first: `STORE.noteferry-repairs`, `STORE.noteferry-repairs-1` …
  ///
  /// - Throws: `.noPermission` where the directory cannot be listed.
  static func paths(beside store: String) throws -> [String] {
    try numbers(beside: store).map { path($0, beside: store) }
  }

  /// Where the next application keeps its originals. The name without a number is the import's, which comes first.
  static func next(beside store: String) throws -> String {
    var number = (try numbers(beside: store).last ?? 0) + 1
    // Renaming onto a file would lose the originals in it, so its name is looked up once more.
    while try FileStatus.ifPresent(path(number, beside: store)) != nil { number += 1 }
    return path(number, beside: store)
  }

  private static func numbers(beside store: String) throws -> [Int] {
    let first = Folder.lastComponent(of: RepairBook.path(beside: store))
    return try Folder.names(in: Folder.parent(of: store)).compactMap { name in
      if name == first { return 0 }
      guard name.hasPrefix(first + "-"), let number = Int(name.dropFirst(first.count + 1)), number > 0
      else {
        return nil
      }
      return number
    }.sorted()
  }

  private static func path(_ number: Int, beside store: String) -> String {
    RepairBook.path(beside: store) + (number == 0 ? "" : "-\(number)")
  }
}

/// Walks a repairs file beside the plan it was written from, to tell what it holds already.
///
/// Such a file has the plan's records in the plan's order, perhaps not all of them, so one look ahead is enough.
struct RepairBookFollower {
  private let reader: RepairBookReader?
  private var ahead: RepairRecord?

  /// - Parameter path: The file; `nil` when there is none.
  init(_ path: String?) throws {
    reader = try path.map { try RepairBookReader($0) }
    ahead = try reader?.next()
  }

  /// Whether the file holds this record of the plan. To be asked for every record of the plan, in order.
  mutating func holds(_ record: RepairRecord) throws -> Bool {
    guard let ahead, ahead.place == record.place, ahead.repairedDigest == record.repairedDigest,
      ahead.part == record.part, ahead.original == record.original
    else { return false }
    self.ahead = try reader?.next()
    return true
  }
}
