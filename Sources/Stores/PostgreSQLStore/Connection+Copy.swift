import CPostgreSQL
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// COPY in binary form, in both directions.
//
// The server buffers up to 1,000 rows of one COPY, whatever their size: whoever sends long rows ends it often.
extension Connection {
  private static let signature: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]

  /// Begins `COPY … FROM STDIN (FORMAT binary)`. Rows follow by `put`, then `endCopyIn` or `abandonCopyIn`.
  func beginCopyIn(_ sql: String) throws {
    try beginCopy(sql, PGRES_COPY_IN)
    // The head: no flags, no extension.
    try (Self.signature + [UInt8](repeating: 0, count: 8)).withUnsafeBytes { try put($0) }
  }

  /// Sends bytes of rows. Holds at most one piece of 64 KiB and what the operating system takes.
  func put(_ bytes: UnsafeRawBufferPointer) throws {
    let message = "cannot write to \(name)"
    var offset = 0
    while offset < bytes.count {
      let count = min(64 << 10, bytes.count - offset)
      let start = (bytes.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
      guard let handle, PQputCopyData(handle, start, Int32(count)) == 1 else { throw try copyFailure(message) }
      offset += count
      // A refusal in the middle of a COPY is seen when it ends.
      try interruptible { try flush(until: ContinuousClock.now + limits.statement, message) }
    }
  }

  /// Ends the COPY and returns the number of its rows.
  @discardableResult
  func endCopyIn() throws -> Int {
    let message = "cannot write to \(name)"
    try withUnsafeBytes(of: Int16(-1)) { try put($0) }
    guard PQputCopyEnd(handle, nil) == 1 else { throw try copyFailure(message) }
    let result = try settle(message)
    return result.tag.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }

  /// Gives the COPY up; the transaction has failed then.
  func abandonCopyIn() {
    guard isAlive else { return }
    _ = PQputCopyEnd(handle, "given up")
    _ = try? settle("cannot write to \(name)")
  }

  /// Runs `COPY … TO STDOUT (FORMAT binary)`. Each piece is a row of the server's (the first with the head before it),
  /// and is held as a whole.
  func copyOut(_ sql: String, _ receive: (UnsafeRawBufferPointer) throws -> Void) throws {
    let message = "cannot read \(name)"
    try beginCopy(sql, PGRES_COPY_OUT)
    try interruptible {
      while true {
        var piece: UnsafeMutablePointer<CChar>?
        let count = PQgetCopyData(handle, &piece, 1)
        defer { if let piece { PQfreemem(piece) } }
        if count > 0 {
          do { try receive(UnsafeRawBufferPointer(start: piece, count: Int(count))) } catch {
            throw Interruption(cause: error)
          }
        } else if count == 0 {
          try expect(Int16(POLLIN), until: ContinuousClock.now + limits.statement, message)
          guard PQconsumeInput(handle) == 1 else { throw lost(message) }
        } else {
          break
        }
      }
    }
    _ = try settle(message)
  }

  private func beginCopy(_ sql: String, _ expected: ExecStatusType) throws {
    let message = "cannot copy on \(name)"
    try begin(message) { PQsendQuery($0, sql) }
    let result = try settle(message)
    guard result.status == expected else {
      throw MigrationError(.internal, message, cause: "the statement is not the COPY that was meant")
    }
  }

  private func interruptible(_ body: () throws -> Void) throws {
    do { try body() } catch let error as Interruption {
      callOff()
      throw error.cause
    }
  }

  /// Why the server stopped taking rows.
  private func copyFailure(_ message: String) throws -> MigrationError {
    guard isAlive else { return lost(message) }
    _ = try settle(message)
    return lost(message)
  }
}
