import CPostgreSQL
import DurableIO
import NoteModel
import NoteStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A session with a PostgreSQL server, 13 or later. Used by one thread at a time.
///
/// It never waits longer than its limits, whatever the server or the network does, and it looks at `stop` at least five
/// times a second while it waits. Statements and values travel in binary form. Text arrives as bytes:
///
/// | database's encoding | text that arrives |
/// | --- | --- |
/// | UTF8 | the stored bytes |
/// | SQL_ASCII | the stored bytes; the server does not know what they mean and never looked |
/// | any other | UTF-8, converted by the server, which knows what they mean; refused where it cannot |
///
/// Refusals of the server become `MigrationError`s here and nowhere else (`ServerFailure`).
final class Connection {
  enum Role: Sendable { case source, target }

  /// How people name it in messages: no secrets.
  let name: String
  let role: Role
  let limits: ConnectionLimits
  /// Called while waiting; throws to give the work up.
  let stop: @Sendable () throws -> Void
  var handle: OpaquePointer?
  /// Warnings of the server that nobody has asked for yet.
  let notices = Notices()
  /// SQLSTATE of the last refusal; empty when the connection itself failed.
  var lastState = ""
  /// The number of the row of a COPY that was refused last, counted from 1, where the server tells it in English.
  var lastLine: Int?
  /// Schemas in which the user's names are looked for, in their order.
  private(set) var searchPath: [String] = []
  /// Where a statement that is called off is told so; libpq allows it from any thread.
  var canceller: Canceller?

  /// Opens a session.
  ///
  /// - Parameter tag: Names the run in the server's list of sessions, behind `noteferry source` or `noteferry target`.
  /// - Throws: `.usage` for an address with a password; `.sourceMissing`, `.targetMissing`, `.noPermission`,
  ///   `.storeLost`, `.storeVersion` for a server before 13.
  convenience init(
    _ location: StoreLocation, role: Role, tag: String = Connection.processTag, limits: ConnectionLimits = .init(),
    stop: @escaping @Sendable () throws -> Void = {}
  ) throws {
    try self.init(ConnectionAddress(location), role: role, tag: tag, limits: limits, stop: stop)
  }

  init(
    _ address: ConnectionAddress, role: Role, tag: String = Connection.processTag,
    limits: ConnectionLimits = .init(), stop: @escaping @Sendable () throws -> Void = {}
  ) throws {
    name = address.name
    self.role = role
    self.limits = limits
    self.stop = stop
    do {
      try connect(address, tag)
      canceller = handle.flatMap(Canceller.init)
      try setUp()
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// Ends the session; an open transaction is given up. Harmless when repeated.
  func close() {
    canceller = nil
    if let handle { PQfinish(handle) }
    handle = nil
  }

  /// Tells this process's sessions from those of other runs.
  static let processTag: String = {
    let start = Timestamp.now.milliseconds
    return String(processID(), radix: 36) + "-" + String(start, radix: 36)
  }()

  // MARK: - Opening

  private func connect(_ address: ConnectionAddress, _ tag: String) throws {
    // A list of keywords; the database's name is expanded, and what stands behind it wins.
    let values: KeyValuePairs = [
      // A peer that has gone without a word is noticed within two minutes; what the location says wins.
      "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6", "tcp_user_timeout": "120000",
      "dbname": address.text, "application_name": "noteferry \(role) \(tag)",
      // Every database takes this one; what is meant is set when the database has told its own.
      "client_encoding": "SQL_ASCII", "replication": "false",
    ]
    withCStrings(values.map(\.key)) { keys in
      withCStrings(values.map(\.value)) { handle = PQconnectStartParams(keys, $0, 1) }
    }
    guard let handle else { throw lost("cannot connect to the server") }
    PQsetNoticeReceiver(handle, { Notices.receive($0, $1) }, Unmanaged.passUnretained(notices).toOpaque())
    guard PQstatus(handle) != CONNECTION_BAD else { throw refusedConnection() }
    // A session that is refused or ended has no result, so its SQLSTATE is only in libpq's words.
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    let deadline = ContinuousClock.now + limits.connecting
    var state = PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      let events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT
      guard try wait(Int16(events), until: deadline) else {
        throw lost("the server does not answer", "no session within \(limits.connecting)")
      }
      state = PQconnectPoll(handle)
      if state == PGRES_POLLING_FAILED { throw refusedConnection() }
    }
    guard PQsetnonblocking(handle, 1) == 0 else { throw lost("cannot connect to the server") }
    guard PQserverVersion(handle) >= 130_000 else {
      throw MigrationError(
        .storeVersion, "the server's version is not supported",
        cause: "\(name) is PostgreSQL \(PQserverVersion(handle) / 10_000); 13 and later are",
        safeNow: "nothing was changed", next: ["upgrade the server, or copy the database to a newer one"])
    }
  }

  /// What every session needs; both roles, before anything is asked.
  private func setUp() throws {
    let schemas = try query("SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) s")
    searchPath = (0..<schemas.rowCount).map { schemas.text($0, 0) }
    let encoding = databaseEncoding == "SQL_ASCII" ? "SQL_ASCII" : "UTF8"
    var settings = [
      // Functions and operators are the server's own, whatever stands in other schemas.
      "search_path = pg_catalog",
      "client_encoding = '\(encoding)'", "datestyle = 'ISO, MDY'", "intervalstyle = 'postgres'", "timezone = 'UTC'",
      "bytea_output = 'hex'", "extra_float_digits = 1", "xmloption = 'content'", "standard_conforming_strings = on",
      // Rows that a policy hides would be lost without a word; this makes it a refusal.
      "row_security = off",
      "statement_timeout = \(limits.statement.settingMilliseconds)",
      "lock_timeout = \(limits.lock.settingMilliseconds)",
      "idle_in_transaction_session_timeout = \(limits.idleInTransaction.settingMilliseconds)",
    ]
    if role == .source { settings.append("default_transaction_read_only = on") }
    try execute(settings.map { "SET \($0)" }.joined(separator: "; "))
  }

  /// `UTF8`, `SQL_ASCII`, `LATIN1` …
  var databaseEncoding: String {
    PQparameterStatus(handle, "server_encoding").map { String(cString: $0) } ?? ""
  }

  /// Whether the server converts text on its way here.
  var convertsText: Bool { !["UTF8", "SQL_ASCII"].contains(databaseEncoding) }

  /// `150018` is 15.18.
  var serverVersion: Int { Int(PQserverVersion(handle)) }

  /// Whether a transaction is open, failed or not.
  var isInTransaction: Bool {
    let status = PQtransactionStatus(handle)
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
  }

  /// Whether the session can still be used.
  var isAlive: Bool { handle != nil && PQstatus(handle) == CONNECTION_OK }
}

/// Calls with an array of C strings that ends in null.
func withCStrings<R>(
  _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> R
) rethrows -> R {
  let copies = texts.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return try (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer { try body($0.baseAddress!) }
}

/// A name as SQL text: in double quotes, with its own quotes doubled.
func quoted(_ name: String) -> String {
  var text = "\""
  for scalar in name.unicodeScalars {
    if scalar == "\"" { text += "\"\"" } else { text.unicodeScalars.append(scalar) }
  }
  return text + "\""
}

/// A text as a SQL literal; `standard_conforming_strings` is on.
func literal(_ text: String) -> String {
  var result = "'"
  for scalar in text.unicodeScalars {
    if scalar == "'" { result += "''" } else { result.unicodeScalars.append(scalar) }
  }
  return result + "'"
}
