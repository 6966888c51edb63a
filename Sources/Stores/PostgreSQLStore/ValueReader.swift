import NoteModel
import NoteStore

/// Streams one value out of the database. Belongs to the thread of its snapshot, and must not outlive its page.
///
/// The client holds one window. What the server holds depends on how the value lies there:
///
/// | value | how it is read | the server holds |
/// | --- | --- | --- |
/// | `bytea`, not compressed | `substring` fetches the pieces of the window alone | a window |
/// | `bytea`, compressed, up to `flatLimit` | unpacked once, in the memory of a cursor | twice the value |
/// | `bytea`, compressed, longer | each window is unpacked from the beginning on | the value once; time grows with the square |
/// | text | converted to bytes once, in the memory of a cursor | two to three times the value |
final class ValueReader: ContentReader {
  /// Bytes of a window.
  static let window: Int64 = 2 << 20
  /// Compressed values up to this many bytes are unpacked as a whole.
  static let flatLimit: Int64 = 256 << 20
  private static let cursor = "noteferry_value"

  let byteCount: Int64
  private let connection: Connection
  private let value: StoredValue
  private var hasCursor = false
  private var present: QueryResult?
  private var used = 0
  private var offset: Int64 = 0

  init(_ connection: Connection, _ value: StoredValue) throws {
    self.connection = connection
    self.value = value
    byteCount = value.byteCount
    guard try Self.mustBeFlat(connection, value) else { return }
    // The second part looks at the first, so that the value is made once and not for each window.
    _ = try connection.query(
      """
      DECLARE \(Self.cursor) NO SCROLL CURSOR FOR
      SELECT substring(v FROM (1 + i * \(Self.window))::int FOR \(Self.window))
      FROM (SELECT \(value.type.flat(value.column, encoding: connection.databaseEncoding)) AS v
        FROM \(value.source) OFFSET 0) s,
        LATERAL generate_series(0, (octet_length(s.v)::int8 - 1) / \(Self.window)) i
      """, message: message)
    hasCursor = true
  }

  deinit { release() }

  private static func mustBeFlat(_ connection: Connection, _ value: StoredValue) throws -> Bool {
    guard value.type.isBytes else { return true }
    guard value.byteCount <= flatLimit else { return false }
    // What is stored is shorter than the value only where it is compressed.
    return try connection.integer(
      "SELECT (pg_column_size(\(value.column)) < octet_length(\(value.column)))::int FROM \(value.source)") == 1
  }

  private var message: String { "cannot read a value of \(byteCount) bytes at byte \(offset)" }

  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
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
    if hasCursor { return try connection.query("FETCH 1 FROM \(Self.cursor)", message: message) }
    return try connection.query(
      "SELECT substring(\(value.column) FROM $1::int FOR $2::int) FROM \(value.source)",
      [.integer(offset + 1), .integer(Self.window)], message: message)
  }

  /// A value of a snapshot cannot change, so a short one is a fault.
  func finish() throws -> ContentOutcome {
    release()
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
