import NoteModel
import NoteStore

/// Streams one value out of the database. Belongs to the thread of its snapshot, and must not outlive its page.
///
/// The client holds one window. What the server holds depends on how the value lies there:
///
/// | value | how it is read | the server holds |
/// | --- | --- | --- |
/// | `bytea`, not compressed | `substring` fetches the pieces of the window alone | a window |
/// | `bytea`, compressed, up to `slab` | unpacked once, in the memory of a cursor | twice the value |
/// | `bytea`, compressed, longer | in slabs, each of them unpacked from the value's beginning on | the value and a slab |
/// | text | converted to bytes once, in the memory of a cursor | twice the value |
final class ValueReader: ContentReader {
  /// Bytes of a window.
  static let window: Int64 = 2 << 20
  /// Bytes of a slab. Unpacking takes time that grows with the square of the length, divided by this.
  static let slab: Int64 = 64 << 20
  private static let cursor = "noteferry_value"

  let byteCount: Int64
  private let connection: Connection
  private let value: StoredValue
  /// Bytes that one cursor gives; 0 where windows are fetched one by one; `nil` before the server was asked.
  private var slab: Int64?
  /// Finds the value again after its view was taken away, and tells its length.
  private let findAgain: () throws -> Int64
  private var wasTaken = false
  private var hasCursor = false
  private var present: QueryResult?
  private var used = 0
  private var offset: Int64 = 0

  init(_ connection: Connection, _ value: StoredValue, findAgain: @escaping () throws -> Int64) {
    self.connection = connection
    self.value = value
    self.findAgain = findAgain
    byteCount = value.byteCount
  }

  deinit { release() }

  private static func slab(_ connection: Connection, _ value: StoredValue) throws -> Int64 {
    guard value.type.isBytes else { return value.byteCount }
    // What is stored is shorter than the value only where it is compressed.
    let isCompressed =
      try connection.integer(
        "SELECT (pg_column_size(\(value.column)) < octet_length(\(value.column)))::int FROM \(value.source)") == 1
    return isCompressed ? min(value.byteCount, slab) : 0
  }

  private var message: String { "cannot read a value of \(byteCount) bytes at byte \(offset)" }

  /// Fewer bytes than there are when a standby takes the view away; `finish` tells then.
  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !wasTaken else { return 0 }
    do { return try readWindows(into: room) } catch  where connection.lastState == "40001" {
      wasTaken = true
      return 0
    }
  }

  private func readWindows(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    var got = 0
    while got < room.count, offset < byteCount {
      if present == nil || used == present!.bytes(0, 0).count {
        // Before the next one is asked for, so that there is one in memory.
        present = nil
        used = 0
        let next = try nextWindow()
        guard next.rowCount == 1, !next.isNull(0, 0), !next.bytes(0, 0).isEmpty else { return got }
        present = next
      }
      let bytes = present!.bytes(0, 0)
      let count = Int(min(Int64(min(bytes.count - used, room.count - got)), byteCount - offset))
      room[got..<got + count].copyBytes(from: bytes[used..<used + count])
      used += count
      got += count
      offset += Int64(count)
    }
    return got
  }

  private func nextWindow() throws -> QueryResult {
    if slab == nil { slab = try Self.slab(connection, value) }
    guard let slab, slab > 0 else {
      return try connection.query(
        "SELECT substring(\(value.column) FROM $1::int FOR $2::int) FROM \(value.source)",
        [.integer(offset + 1), .integer(Self.window)], message: message)
    }
    if offset % slab == 0 { try openSlab(slab) }
    return try connection.query("FETCH 1 FROM \(Self.cursor)", message: message)
  }

  /// Has the server make the slab that begins here. The second part of FROM looks at the first, so that it is made once
  /// and not for each window.
  private func openSlab(_ slab: Int64) throws {
    release()
    let slab =
      slab >= byteCount
      ? value.type.flat(value.column, encoding: connection.databaseEncoding)
      : "substring(\(value.column) FROM \(offset + 1) FOR \(slab))"
    _ = try connection.query(
      """
      DECLARE \(Self.cursor) NO SCROLL CURSOR FOR
      SELECT substring(v FROM (1 + i * \(Self.window))::int FOR \(Self.window))
      FROM (SELECT \(slab) AS v FROM \(value.source) OFFSET 0) s,
        LATERAL generate_series(0, (octet_length(s.v)::int8 - 1) / \(Self.window)) i
      """, message: message)
    hasCursor = true
  }

  /// A value of a snapshot cannot change, so a short one is a fault.
  func finish() throws -> ContentOutcome {
    release()
    if wasTaken { return .changed(byteCount: try findAgain()) }
    guard offset == byteCount else {
      throw MigrationError(
        .sourceCorrupt, "a value cannot be read to its end",
        cause: "\(connection.name) gave \(offset) of \(byteCount) bytes", safeNow: "the source was not changed",
        next: ["check the server's disk, and the table with pg_amcheck"])
    }
    return .settled
  }

  private func release() {
    present = nil
    guard hasCursor else { return }
    hasCursor = false
    if connection.isAlive { try? connection.execute("CLOSE \(Self.cursor)") }
  }
}
