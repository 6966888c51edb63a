import NoteModel
import NoteStore
import Synchronization
import Testing

@testable import PostgreSQLStore

@Suite(.enabled(if: TestServer.isInstalled, Comment(rawValue: TestServer.absence)))
struct ConnectionTests {
  let server = TestServer.shared!

  @Test func `values cross in binary form, also empty ones and null`() throws {
    let connection = try server.connect()
    let result = try connection.query(
      "SELECT $1, $2, $3, $4, $5, $6::int IS NULL",
      [.integer(-7), .real(1.5), .text([]), .bytes([0, 255]), .text(Array("ü".utf8)), .null])
    #expect(result.integer(0, 0) == -7)
    #expect(result.real(0, 1) == 1.5)
    #expect(!result.isNull(0, 2) && result.bytes(0, 2).isEmpty)
    #expect(Array(result.bytes(0, 3)) == [0, 255])
    #expect(result.text(0, 4) == "ü")
    #expect(result.isTrue(0, 5))
    try connection.prepare("twice", "SELECT 2 * $1", types: [ServerType.int8])
    #expect(try connection.run("twice", [.integer(21)]).integer(0, 0) == 42)
  }

  @Test func `a session says whose it is and what it may do`() throws {
    let source = try server.connect(role: .source)
    #expect(
      try source.text("SELECT current_setting('application_name')") == "noteferry source \(Connection.processTag)")
    #expect(try source.text("SELECT current_setting('default_transaction_read_only')") == "on")
    #expect(try source.text("SELECT current_setting('row_security')") == "off")
    let error = #expect(throws: MigrationError.self) { try source.execute("CREATE TABLE public.t (a int)") }
    #expect(error?.cause.contains("25006") == true)
    let target = try server.connect()
    try target.execute("SET default_transaction_read_only = on")
    let refused = #expect(throws: MigrationError.self) { try target.execute("CREATE TABLE public.t (a int)") }
    #expect(refused?.code == .targetReadOnly)
  }

  @Test(arguments: [
    "//user:secret@host/db", "//host/db?password=secret", "host=h password=secret", "host=h sslpassword=secret",
  ])
  func `a password in the location is refused and not repeated`(path: String) throws {
    let error = #expect(throws: MigrationError.self) {
      try Connection(StoreLocation(scheme: "postgresql", path: path), role: .source)
    }
    #expect(error?.code == .usage)
    #expect(error.map { "\($0)".contains("secret") } == false)
    #expect(error?.next.contains { $0.contains(".pgpass") } == true)
  }

  @Test func `a location that is not understood is not repeated`() throws {
    let error = #expect(throws: MigrationError.self) {
      try Connection(StoreLocation(scheme: "postgresql", path: "//user:sec[ret@[host/db"), role: .source)
    }
    #expect(error?.code == .usage)
    #expect(error.map { "\($0)".contains("sec[ret") } == false)
  }

  @Test func `what cannot be reached is told apart`() throws {
    func code(_ location: StoreLocation, _ role: Connection.Role) -> ErrorCode? {
      #expect(throws: MigrationError.self) { try Connection(location, role: role) }?.code
    }
    #expect(code(server.location("nothing_here"), .source) == .sourceMissing)
    #expect(code(server.location("nothing_here"), .target) == .targetMissing)
    #expect(code(server.location(user: "nobody_here"), .source) == .noPermission)
    let nowhere = StoreLocation(scheme: "postgresql", path: "///x?host=\(server.directory)/absent")
    #expect(code(nowhere, .source) == .sourceMissing)
  }

  @Test func `a statement that takes too long ends with the time limit of either side`() throws {
    let byServer = try server.connect()
    try byServer.execute("SET statement_timeout = 50")
    let first = #expect(throws: MigrationError.self) { try byServer.query("SELECT pg_sleep(60)") }
    #expect(first?.code == .storeTimeout)
    #expect(try byServer.integer("SELECT 1") == 1)

    var limits = ConnectionLimits()
    limits.statement = .milliseconds(300)
    let here = try server.connect(limits: limits)
    try here.execute("SET statement_timeout = 0")
    let second = #expect(throws: MigrationError.self) { try here.query("SELECT pg_sleep(60)") }
    #expect(second?.code == .storeTimeout)
    #expect(try here.integer("SELECT 1") == 1, "the session can still be used")
  }

  @Test func `a run that is stopped calls its statement off`() throws {
    let isStopped = Atomic(false)
    let connection = try server.connect {
      if isStopped.load(ordering: .relaxed) { throw MigrationError(.interrupted, "stopped on request") }
    }
    let process = try connection.integer("SELECT pg_backend_pid()")!
    isStopped.store(true, ordering: .relaxed)
    let error = #expect(throws: MigrationError.self) { try connection.query("SELECT pg_sleep(600)") }
    #expect(error?.code == .interrupted)
    isStopped.store(false, ordering: .relaxed)
    let other = try server.connect()
    let state = "SELECT state FROM pg_stat_activity WHERE pid = $1"
    while try other.text(state, [.integer(process)]) == "active" {}
    #expect(try connection.integer("SELECT 1") == 1)
  }

  @Test func `a session that somebody ends is a lost store`() throws {
    let connection = try server.connect()
    let process = try connection.integer("SELECT pg_backend_pid()")!
    _ = try server.connect().query("SELECT pg_terminate_backend($1::int)", [.integer(process)])
    let error = #expect(throws: MigrationError.self) {
      while true { _ = try connection.integer("SELECT 1") }
    }
    #expect(error?.code == .storeLost)
    #expect(!connection.isAlive)
  }

  @Test func `a commit with a warning is not taken for a full one`() throws {
    let connection = try server.connect()
    try connection.execute("BEGIN")
    #expect(try connection.commit() == .asAsked)
    // The server answers a commit outside of a transaction with success and a warning.
    guard case .warned = try connection.commit() else {
      Issue.record("the warning was lost")
      return
    }
  }

  @Test func `a commit that rolls back is a failure`() throws {
    let connection = try server.connect()
    try connection.execute("BEGIN")
    #expect(throws: MigrationError.self) { try connection.execute("SELECT 1/0") }
    #expect(throws: MigrationError.self) { _ = try connection.commit() }
  }

  @Test func `rows go in and out by binary COPY`() throws {
    let database = try server.makeDatabase(statements: ["CREATE TABLE t (id bigint PRIMARY KEY, v bytea)"])
    let connection = try server.connect(database)
    try connection.beginCopyIn("COPY public.t FROM STDIN (FORMAT binary)")
    let value = [UInt8](repeating: 0xA5, count: 300_000)
    for id in 0..<40 {
      var row: [UInt8] = []
      func append<T: FixedWidthInteger>(_ number: T) { withUnsafeBytes(of: number.bigEndian) { row += Array($0) } }
      append(Int16(2))
      append(Int32(8))
      append(Int64(id))
      append(Int32(value.count))
      row += value
      try row.withUnsafeBytes { try connection.put($0) }
    }
    #expect(try connection.endCopyIn() == 40)
    var total = 0
    try connection.copyOut("COPY public.t TO STDOUT (FORMAT binary)") { total += $0.count }
    #expect(total == 19 + 40 * (2 + 4 + 8 + 4 + value.count) + 2)
    #expect(try connection.integer("SELECT count(*) FROM public.t") == 40)
  }

  @Test func `a COPY that the server refuses leaves a session that works`() throws {
    let database = try server.makeDatabase(statements: ["CREATE TABLE t (id bigint PRIMARY KEY)"])
    let connection = try server.connect(database)
    try connection.beginCopyIn("COPY public.t FROM STDIN (FORMAT binary)")
    let error = #expect(throws: MigrationError.self) {
      let nonsense = [UInt8](repeating: 7, count: 1 << 20)
      for _ in 0..<20 { try nonsense.withUnsafeBytes { try connection.put($0) } }
      _ = try connection.endCopyIn()
    }
    #expect(error?.code == .targetRefusedRow)
    #expect(try connection.integer("SELECT count(*) FROM public.t") == 0)
    try connection.beginCopyIn("COPY public.t FROM STDIN (FORMAT binary)")
    connection.abandonCopyIn()
    #expect(try connection.integer("SELECT count(*) FROM public.t") == 0)
  }

  @Test(arguments: [("UTF8", "é", [0xC3, 0xA9]), ("SQL_ASCII", "é", [0xC3, 0xA9]), ("LATIN1", "é", [0xC3, 0xA9])])
  func `text arrives as bytes of UTF-8 where the server knows its meaning`(
    encoding: String, text: String, bytes: [UInt8]
  ) throws {
    let database = try server.makeDatabase(encoding: encoding)
    let connection = try server.connect(database)
    #expect(connection.databaseEncoding == encoding)
    #expect(connection.convertsText == (encoding == "LATIN1"))
    let result = try connection.query("SELECT $1, octet_length($1)", [Parameter(text)])
    #expect(Array(result.bytes(0, 0)) == bytes)
    #expect(result.integer(0, 1) == (encoding == "LATIN1" ? 1 : 2))
  }
}
