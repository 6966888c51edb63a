import CSQLite
import DurableIO
import NoteModel

/// Opens a database for reading so that nothing committed is missed and nothing is written.
///
/// | what lies there | how it is read |
/// | --- | --- |
/// | `.db` with a write-ahead log that has bytes | with the log, through its shared index; refused when that fails |
/// | `.db` in log mode, no log or an empty one, directory writable | as above |
/// | the same, directory not writable | as a file that nobody can change (`immutable`) |
/// | a log that does not begin as one | refused: SQLite would pass over it without a word |
/// | `.db` with a rollback journal | with shared locks |
///
/// Reading a store in log mode may create its `-shm` (and an empty `-wal`), as every SQLite program does; the database
/// itself is never written and no checkpoint is run.
enum SourceOpening {
  private static let safe = "the source was not changed"

  static func open(_ path: String) throws -> Connection {
    try examine(path)
    let log = WriteAheadLog(database: path)
    let logStatus = try FileStatus.ifPresent(log.path)
    if let logStatus { try examineLog(log, logStatus) }
    let hasLog = (logStatus?.byteCount ?? 0) > 0
    do {
      return try connect(path, isImmutable: false)
    } catch let error as MigrationError where error.code == .sourceWALUnreadable {
      // In log mode SQLite needs an index beside the file, also where there is no log to be read with it.
      if !hasLog, !isWritable(Folder.parent(of: path)), FileStatus.of(path + "-journal") == nil {
        return try connect(path, isImmutable: true)
      }
      var refusal = error
      refusal.message = "the store cannot be read together with its newest changes"
      refusal.cause +=
        hasLog
        ? "; \(log.path) holds \(ByteCount(logStatus?.byteCount ?? 0)) that the .db alone may lack, and reading it "
          + "needs \(path)-shm" : "; a journal or an index beside the store cannot be opened"
      refusal.next = [
        "run as the user that owns the store, or make its directory writable for this user",
        "or stop the server, let it close the store, and repeat the command",
      ]
      throw refusal
    } catch let error as MigrationError where error.code == .sourceNotAStore {
      throw notAStore(path, error.cause)
    }
  }

  private static func connect(_ path: String, isImmutable: Bool) throws -> Connection {
    let connection = try Connection(path, role: .source, flags: SQLITE_OPEN_READONLY, isImmutable: isImmutable)
    for pragma in [
      "query_only = 1", "mmap_size = 0", "cache_size = -8192", "cell_size_check = 1", "trusted_schema = 0",
    ] { try connection.execute("PRAGMA \(pragma)") }
    // The first access to the file; it settles whether the log can be used.
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    let encoding = try connection.text("PRAGMA encoding") ?? ""
    guard encoding == "UTF-8" else {
      throw notAStore(path, "its text is stored as \(encoding); only SQLite databases in UTF-8 can be carried")
    }
    return connection
  }

  private static func notAStore(_ path: String, _ cause: String) -> MigrationError {
    MigrationError(
      .sourceNotAStore, "\(path) is not a note store", cause: cause, safeNow: safe,
      next: ["name the database file of the note server, as sqlite:PATH or PATH"])
  }

  private static func examine(_ path: String) throws {
    guard let status = FileStatus.of(path) else {
      if isHidden(path) {
        throw MigrationError(
          .noPermission, "\(path) cannot be reached", cause: "a directory on the way is closed to this user",
          safeNow: safe, next: ["run as the user that owns the store"])
      }
      throw MigrationError(
        .sourceMissing, "there is no \(path)", cause: "the file does not exist", safeNow: safe,
        next: ["name the database file of the note server, as sqlite:PATH or PATH"])
    }
    if status.isDirectory { throw notAStore(path, "it is a directory") }
    guard status.isRegularFile else { throw notAStore(path, "it is not a regular file") }
    guard status.byteCount > 0 else { throw notAStore(path, "the file is empty") }
    guard isReadable(path) else {
      throw MigrationError(
        .noPermission, "\(path) cannot be read", cause: "its permissions do not let this user read it",
        safeNow: safe, next: ["run as the user that owns the store"])
    }
  }

  private static func examineLog(_ log: WriteAheadLog, _ status: FileStatus) throws {
    guard status.isRegularFile, (try? File.read(log.path)) != nil else {
      throw MigrationError(
        .sourceWALUnreadable, "the store's write-ahead log cannot be read",
        cause: "\(log.path) exists and cannot be opened; the .db alone lacks what was committed last", safeNow: safe,
        next: ["run as the user that owns the store"])
    }
    // A header that is just being written is whole a moment later.
    for _ in 0..<5 {
      if !log.isForeign { return }
      pause(milliseconds: 20)
    }
    throw MigrationError(
      .sourceWALUnreadable, "the store's write-ahead log is damaged",
      cause:
        "\(log.path) has \(ByteCount(status.byteCount)) and does not begin as a log does; what was committed to it "
        + "cannot be read",
      safeNow: safe,
      next: [
        "copy the store with its -wal to another place", "put the right -wal there if there is one",
        "else let the server open and close the store, which gives the log up, and repeat the command",
      ])
  }
}
