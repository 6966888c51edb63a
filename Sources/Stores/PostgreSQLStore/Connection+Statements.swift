import CPostgreSQL
import NoteModel

// Running statements.
extension Connection {
  /// Runs one or several statements without parameters and ignores their rows.
  func execute(_ sql: String) throws {
    try begin("cannot work on \(name)") { PQsendQuery($0, sql) }
    _ = try settle("cannot work on \(name)")
  }

  /// Runs one statement and gives its rows, all of which are held in memory.
  func query(_ sql: String, _ parameters: [Parameter] = [], message: String? = nil) throws -> QueryResult {
    let message = message ?? "cannot \(role == .source ? "read" : "work on") \(name)"
    try withEncoded(parameters) { types, values, lengths, formats in
      try begin(message) {
        PQsendQueryParams($0, sql, Int32(parameters.count), types, values, lengths, formats, 1)
      }
    }
    return try settle(message)
  }

  /// Prepares a statement under a name of the session's own.
  func prepare(_ statement: String, _ sql: String, types: [UInt32] = []) throws {
    let message = "cannot prepare a statement for \(name)"
    try begin(message) { handle in
      types.withUnsafeBufferPointer { PQsendPrepare(handle, statement, sql, Int32($0.count), $0.baseAddress) }
    }
    _ = try settle(message)
  }

  /// Runs a prepared statement.
  func run(_ statement: String, _ parameters: [Parameter], message: String? = nil) throws -> QueryResult {
    let message = message ?? "cannot \(role == .source ? "read" : "work on") \(name)"
    try withEncoded(parameters) { _, values, lengths, formats in
      try begin(message) {
        PQsendQueryPrepared($0, statement, Int32(parameters.count), values, lengths, formats, 1)
      }
    }
    return try settle(message)
  }

  /// The first value of the first row as an integer; `nil` when there is no row or it is null.
  func integer(_ sql: String, _ parameters: [Parameter] = []) throws -> Int64? {
    let result = try query(sql, parameters)
    return result.rowCount == 0 || result.isNull(0, 0) ? nil : result.integer(0, 0)
  }

  /// The first value of the first row as text; `nil` when there is no row or it is null.
  func text(_ sql: String, _ parameters: [Parameter] = []) throws -> String? {
    let result = try query(sql, parameters)
    return result.rowCount == 0 ? nil : result.optionalText(0, 0)
  }

  // MARK: - Ends of transactions

  /// How sure a commit is.
  enum CommitOutcome: Equatable {
    /// The server did all that its settings ask for.
    case asAsked
    /// Durable here, but a warning came with it: a standby that was to have it may lack it.
    case warned(String)
  }

  /// Ends the transaction durably.
  ///
  /// A commit that waits for a lost standby ends with success and a warning when it is called off, so each warning counts.
  /// A transaction that failed before is rolled back by the server without an error, which is one here.
  ///
  /// - Throws: `.internal` when there was nothing to commit, `.storeLost` when it is not known whether it was done.
  func commit() throws -> CommitOutcome {
    notices.removeAll()
    let result = try query("COMMIT", message: "cannot commit to \(name)")
    guard result.tag == "COMMIT" else {
      throw MigrationError(
        .internal, "cannot commit to \(name)", cause: "the server rolled the transaction back",
        safeNow: "what was committed before stays")
    }
    return notices.all.first.map { .warned($0.words) } ?? .asAsked
  }

  /// Gives the transaction up; harmless without one and on a lost session.
  func rollback() {
    guard isAlive, isInTransaction else { return }
    try? execute("ROLLBACK")
  }

  // MARK: - Sending

  func begin(_ message: String, _ send: (OpaquePointer) throws -> Int32) throws {
    guard let handle else { throw lost(message, "the session has ended") }
    guard try send(handle) == 1 else { throw lost(message) }
  }

  private func withEncoded(
    _ parameters: [Parameter],
    _ body: (
      UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) throws -> Void
  ) throws {
    let encoded = parameters.map(\.encoded)
    let lengths = encoded.map { Int32($0?.count ?? 0) }
    let formats = [Int32](repeating: 1, count: parameters.count)
    // One block for all values: an empty one must have an address, too, or it would be null.
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: lengths.reduce(1) { $0 + Int($1) }, alignment: 8)
    defer { block.deallocate() }
    var offset = 0
    var places: [UnsafePointer<CChar>?] = []
    for bytes in encoded {
      guard let bytes else {
        places.append(nil)
        continue
      }
      block[offset..<offset + bytes.count].copyBytes(from: bytes)
      places.append(UnsafePointer((block.baseAddress! + offset).assumingMemoryBound(to: CChar.self)))
      offset += bytes.count
    }
    try body(parameters.map(\.type), places, lengths, formats)
  }
}
