import DurableIO

/// The two repairs files of a pair whose standby gets its rows from the primary by itself: whoever is left has its own.
///
/// Both get the same records. One that was not written, because its node was not known to be such a standby, is made from
/// the other one.
struct MirroredBooks {
  let paths: [String]
  let header: RepairBook.Header
  /// Pages that both nodes have or will have.
  let pages: Int64

  func resume() throws -> [RepairBook] {
    let found = try paths.map { try RepairBook.resume($0, header: header, pages: pages) }
    guard found[0].count != found[1].count else { return found }
    let (fuller, other) = found[0].count > found[1].count ? (0, 1) : (1, 0)
    try copy(paths[fuller], to: paths[other])
    var books = found
    books[other] = try RepairBook.resume(paths[other], header: header, pages: pages)
    return books
  }

  private func copy(_ path: String, to other: String) throws {
    let source = try File.read(path)
    let target = try File.write(other, truncate: true)
    var room = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try room.withUnsafeMutableBytes { try source.read(into: $0) }
      if count == 0 { break }
      try room.withUnsafeBytes { try target.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
    try target.synchronize()
    try Folder.synchronize(Folder.parent(of: other))
  }
}
