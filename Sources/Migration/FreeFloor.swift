import DurableIO
import NoteModel

/// The free space that a run must leave on the file systems it touches.
public struct FreeFloor: Sendable {
  /// `nil`: the larger of 2 GiB and 5 % of the file system.
  public var limit: ByteCount?

  public init(limit: ByteCount? = nil) { self.limit = limit }

  public func bytes(on space: FreeSpace) -> Int64 {
    limit?.rawValue ?? max(2 << 30, space.total.rawValue / 20)
  }

  /// Watches file systems while a run goes on.
  ///
  /// A file system that was below the floor from the beginning, because the customer's disk is nearly full, may still
  /// be read from: its floor is then half of what was free.
  struct Watch {
    private var places: [(path: String, floor: Int64)] = []
    private var last = ContinuousClock.now

    init(_ floor: FreeFloor, paths: [String]) {
      for path in paths {
        guard let space = FreeSpace.at(path) else { continue }
        places.append((path, min(floor.bytes(on: space), space.free.rawValue / 2)))
      }
    }

    /// Looks at most twice a second.
    ///
    /// - Throws: `.freeSpaceFloor`.
    mutating func check() throws {
      let now = ContinuousClock.now
      guard now - last >= .milliseconds(500) else { return }
      last = now
      for place in places {
        guard let space = FreeSpace.at(place.path), space.free.rawValue < place.floor else { continue }
        throw MigrationError(
          .freeSpaceFloor, "the disk of \(place.path) would fall below its floor",
          cause: "\(space.free) free, floor \(ByteCount(place.floor))",
          safeNow: "the source was not changed; the archive is complete up to its last checkpoint",
          next: ["free space there, then repeat the same command", "or write elsewhere: -o DIRECTORY or -o -"])
      }
    }
  }

  /// Refuses to begin what cannot fit.
  ///
  /// - Throws: `.noSpace` with how much, where, and the ways out.
  public func require(_ bytes: Int64, at path: String, wayOut: [String]) throws {
    guard let space = FreeSpace.at(path) else { return }
    let floor = bytes > 0 ? self.bytes(on: space) : 0
    guard space.free.rawValue < bytes + floor else { return }
    throw MigrationError(
      .noSpace, "there is not enough space at \(path)",
      cause: "needs \(ByteCount(bytes)) and a floor of \(ByteCount(floor)); \(space.free) are free",
      safeNow: "nothing was changed", next: wayOut)
  }
}
