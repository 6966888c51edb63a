import CSQLite
import DurableIO
import NoteModel

/// An open connection to one SQLite file. Used by one thread at a time.
///
/// Errors of SQLite become `MigrationError`s here and nowhere else; the same number means another thing on a source
/// and on a target.
final class Connection {
  enum Role { case source, target }

  let path: String
  let role: Role
  private(set) var handle: OpaquePointer?

  /// Opens a file that exists, or one to be created with `SQLITE_OPEN_CREATE` in `flags`.
  ///
  /// - Parameter isImmutable: Promise SQLite that nobody writes: no lock is taken and no log is looked for.
  /// - Parameter fileSystem: A registered file system; `nil` is SQLite's own.
  init(
    _ path: String, role: Role, flags: Int32, isImmutable: Bool = false, busyMilliseconds: Int32 = 5000,
    fileSystem: String? = nil
  ) throws {
    self.path = path
    self.role = role
    SteadyReading.begin()
    let name = isImmutable ? "file:" + Self.escaped(Self.plain(path)) + "?immutable=1" : Self.plain(path)
    let result = sqlite3_open_v2(
      name, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (isImmutable ? SQLITE_OPEN_URI : 0),
      fileSystem)
    guard result == SQLITE_OK else {
      let failure = self.failure("cannot open \(path)", result)
      close()
      throw failure
    }
    sqlite3_busy_timeout(handle, busyMilliseconds)
  }

  deinit { close() }

  /// Closes the connection; its statements must be gone. Harmless when repeated.
  func close() {
    if let handle { sqlite3_close_v2(handle) }
    handle = nil
  }

  /// Asks something of a file through a connection that may be open; else through one that cannot change the file, not
  /// even by moving its log into it when it is closed.
  static func looking<Answer>(
    at path: String, through opened: Connection?, _ question: (Connection) throws -> Answer
  ) throws -> Answer {
    if let opened { return try question(opened) }
    let connection = try Connection(path, role: .target, flags: SQLITE_OPEN_READONLY)
    defer { connection.close() }
    return try question(connection)
  }

  /// A path that SQLite cannot take for a URI or a special name.
  private static func plain(_ path: String) -> String { path.hasPrefix("/") ? path : "./" + path }

  /// A path as it stands in a `file:` URI.
  private static func escaped(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "-"):
        text.unicodeScalars.append(UnicodeScalar(byte))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text
  }

  // MARK: - Statements

  func prepare(_ sql: String) throws -> Statement { try Statement(self, sql) }

  /// Runs one statement to its end and ignores its rows.
  func execute(_ sql: String) throws {
    let statement = try prepare(sql)
    while try statement.step() {}
  }

  /// The first value of the first row as an integer; `nil` when there is no row or it is null.
  func integer(_ sql: String, _ parameters: String...) throws -> Int64? {
    let statement = try prepare(sql)
    for (index, text) in parameters.enumerated() { statement.bind(text, at: Int32(index + 1)) }
    guard try statement.step(), statement.type(0) != SQLITE_NULL else { return nil }
    return statement.integer(0)
  }

  /// The first value of the first row as text; `nil` when there is no row or it is null.
  func text(_ sql: String, _ parameters: String...) throws -> String? {
    let statement = try prepare(sql)
    for (index, text) in parameters.enumerated() { statement.bind(text, at: Int32(index + 1)) }
    guard try statement.step(), statement.type(0) != SQLITE_NULL else { return nil }
    return statement.text(0)
  }

  /// Whether this connection is inside a transaction.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  // MARK: - Failures

  /// The failure that SQLite reported last, or `result`, in our words.
  func failure(_ message: String, _ result: Int32? = nil) -> MigrationError {
    let code = result ?? sqlite3_extended_errcode(handle)
    let words = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
    let cause = "\(path): \(words) (SQLite \(code))"
    return role == .source ? sourceFailure(message, cause, code) : targetFailure(message, cause, code)
  }

  private func sourceFailure(_ message: String, _ cause: String, _ code: Int32) -> MigrationError {
    let safe = "the source was not changed"
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return MigrationError(
        .storeLocked, message, cause: cause, safeNow: safe,
        next: ["wait until the program that holds the lock has ended its work, then repeat the command"])
    case SQLITE_CORRUPT, SQLITE_IOERR:
      return MigrationError(
        .sourceCorrupt, message, cause: cause, safeNow: safe,
        next: ["copy the file and its -wal to another disk", "run sqlite3 COPY 'PRAGMA integrity_check' on the copy"])
    case SQLITE_NOTADB:
      return MigrationError(
        .sourceNotAStore, message, cause: cause + "; it is not a SQLite database, or it is encrypted", safeNow: safe,
        next: ["name the database file of the note server"])
    case SQLITE_PERM, SQLITE_AUTH:
      return MigrationError(
        .noPermission, message, cause: cause, safeNow: safe, next: ["run as the user that owns the store"])
    case SQLITE_READONLY, SQLITE_CANTOPEN:
      return MigrationError(
        .sourceWALUnreadable, message, cause: cause, safeNow: safe,
        next: ["run as the user that owns the store", "make the store's directory writable for this user"])
    case SQLITE_FULL: return MigrationError(.diskFull, message, cause: cause, safeNow: safe)
    default: return MigrationError(.internal, message, cause: cause, safeNow: safe)
    }
  }

  private func targetFailure(_ message: String, _ cause: String, _ code: Int32) -> MigrationError {
    let safe = "what was committed before stays; the source and the archive are untouched"
    let again = "repeat the command: it goes on behind the last commit"
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return MigrationError(
        .storeLocked, message, cause: cause, safeNow: safe, next: ["stop the server that has the target open", again])
    case SQLITE_READONLY, SQLITE_PERM:
      return MigrationError(
        .targetReadOnly, message, cause: cause, safeNow: safe,
        next: ["make the file and its directory writable for this user", again])
    case SQLITE_FULL:
      return MigrationError(.diskFull, message, cause: cause, safeNow: safe, next: ["free space", again])
    case SQLITE_IOERR:
      let full = sqlite3_system_errno(handle) == 28
      return MigrationError(full ? .diskFull : .storeLost, message, cause: cause, safeNow: safe, next: [again])
    case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH:
      return MigrationError(.targetRefusedRow, message, cause: cause, safeNow: safe)
    case SQLITE_CORRUPT, SQLITE_NOTADB:
      return MigrationError(
        .targetMismatch, message, cause: cause, safeNow: safe, next: ["import into a new, empty store"])
    case SQLITE_CANTOPEN: return MigrationError(.targetMissing, message, cause: cause, safeNow: safe)
    default: return MigrationError(.internal, message, cause: cause, safeNow: safe)
    }
  }
}

/// A name as SQL text: in double quotes, with its own quotes doubled.
func quoted(_ name: String) -> String {
  var text = "\""
  for scalar in name.unicodeScalars {
    if scalar == "\"" { text += "\"\"" } else { text.unicodeScalars.append(scalar) }
  }
  return text + "\""
}

/// A text as a SQL literal.
func literal(_ text: String) -> String {
  var result = "'"
  for scalar in text.unicodeScalars {
    if scalar == "'" { result += "''" } else { result.unicodeScalars.append(scalar) }
  }
  return result + "'"
}
