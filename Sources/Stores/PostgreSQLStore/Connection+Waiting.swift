import CPostgreSQL
import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Waiting for the server, never longer than a limit.
extension Connection {
  /// Waits for the end of what was sent and gives its last result.
  ///
  /// - Throws: what `stop` throws, `.storeTimeout` when the limit passes, the server's refusal.
  func settle(_ message: String) throws -> QueryResult {
    let deadline = ContinuousClock.now + limits.statement
    do {
      try flush(until: deadline, message)
      return try lastResult(until: deadline, message)
    } catch let error as Interruption {
      callOff()
      throw error.cause
    }
  }

  /// Why the work was given up on this side.
  struct Interruption: Error { var cause: any Error }

  /// Sends what libpq still holds.
  func flush(until deadline: ContinuousClock.Instant, _ message: String) throws {
    while true {
      switch PQflush(handle) {
      case 0: return
      case 1:
        // The server may be stuck with its own output, so that must be read meanwhile.
        try expect(Int16(POLLIN | POLLOUT), until: deadline, message)
        guard PQconsumeInput(handle) == 1 else { throw lost(message) }
      default: throw lost(message)
      }
    }
  }

  private func lastResult(until deadline: ContinuousClock.Instant, _ message: String) throws -> QueryResult {
    var last: QueryResult?
    var refusal: MigrationError?
    while let handle = try nextResult(until: deadline, message) {
      switch PQresultStatus(handle) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = QueryResult(handle)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: return QueryResult(handle)
      default:
        if refusal == nil { refusal = self.refusal(message, handle) }
        PQclear(handle)
        if PQstatus(self.handle) != CONNECTION_OK { throw refusal! }
      }
    }
    if let refusal { throw refusal }
    guard let last else { throw lost(message) }
    return last
  }

  /// libpq's next result, without blocking; `nil` when there is none.
  func nextResult(until deadline: ContinuousClock.Instant, _ message: String) throws -> OpaquePointer? {
    while PQisBusy(handle) == 1 {
      try expect(Int16(POLLIN), until: deadline, message)
      guard PQconsumeInput(handle) == 1 else { throw lost(message) }
    }
    return PQgetResult(handle)
  }

  func expect(_ events: Int16, until deadline: ContinuousClock.Instant, _ message: String) throws {
    do {
      if try wait(events, until: deadline) { return }
    } catch let error where !(error is Interruption) { throw Interruption(cause: error) }
    throw Interruption(
      cause: MigrationError(
        .storeTimeout, message, cause: "\(name): no answer within \(limits.statement)",
        safeNow: role == .source ? "the source was not changed" : "what was committed before stays",
        next: ["repeat the same command at a quieter hour: it goes on where it stopped"]))
  }

  /// Waits until the socket is ready. Returns `false` when the deadline passed.
  ///
  /// - Throws: What `stop` throws.
  func wait(_ events: Int16, until deadline: ContinuousClock.Instant) throws -> Bool {
    while true {
      try stop()
      let left = deadline - ContinuousClock.now
      if left <= .zero { return false }
      let descriptor = PQsocket(handle)
      guard descriptor >= 0 else { return true }
      var waiting = pollfd(fd: descriptor, events: events, revents: 0)
      let result = poll(&waiting, 1, Int32(min(200, left.settingMilliseconds + 1)))
      if result > 0 { return true }
      // An error other than a signal shows itself in libpq's next step.
      if result < 0, errno != EINTR { return true }
    }
  }

  // MARK: - Calling off

  /// Has the server end what it does, and takes its answer, so that the session can be used again. Ends the session when
  /// the server does not answer in time.
  func callOff() {
    guard isAlive, let canceller else { return close() }
    canceller.cancel(within: limits.cancelling)
    let deadline = ContinuousClock.now + limits.cancelling
    while ContinuousClock.now < deadline {
      if PQisBusy(handle) == 1 {
        var waiting = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        _ = poll(&waiting, 1, 100)
        if PQflush(handle) < 0 || PQconsumeInput(handle) != 1 { return close() }
        continue
      }
      guard let result = PQgetResult(handle) else { return }
      let status = PQresultStatus(result)
      PQclear(result)
      if status == PGRES_COPY_IN { PQputCopyEnd(handle, "called off") }
      if status == PGRES_COPY_OUT { return close() }
    }
    close()
  }

  // MARK: - Failures

  /// The server's refusal in our words; remembers its SQLSTATE.
  func refusal(_ message: String, _ result: OpaquePointer) -> MigrationError {
    func field(_ code: Character) -> String {
      PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) } ?? ""
    }
    lastState = field("C")
    lastLine = field("W").split(separator: ", line ").last.flatMap { Int($0.prefix { $0.isNumber }) }
    let words = field("M")
    return ServerFailure(state: lastState, words: words.isEmpty ? Self.line(PQerrorMessage(handle)) : words)
      .error(message, name, role)
  }

  /// A connection that broke, or was never there. A server that ends a session says why before it does.
  func lost(_ message: String, _ words: String? = nil) -> MigrationError {
    // What came before the end is still to be parsed.
    if let handle, PQstatus(handle) == CONNECTION_BAD, let result = PQgetResult(handle) { PQclear(result) }
    let all = words ?? Self.line(PQerrorMessage(handle))
    lastState = Self.state(in: all) ?? ""
    return ServerFailure(state: lastState, words: Self.sentence(in: all, behind: lastState)).error(message, name, role)
  }

  /// A session that the server does not give.
  func refusedConnection() -> MigrationError {
    var failure = lost("cannot connect to \(name)")
    if failure.code == .noPermission || PQconnectionNeedsPassword(handle) == 1 {
      failure.code = .noPermission
      failure.next = [
        "put HOST:PORT:DATABASE:USER:PASSWORD into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE",
        "see the user's name, and pg_hba.conf on the server",
      ]
    } else if failure.code == .internal {
      // A server that cannot begin a session is not well.
      failure.code = .storeLost
      failure.next = ["see what the server's log says, then repeat the same command"]
    } else if lastState.isEmpty {
      failure.code = role == .source ? .sourceMissing : .targetMissing
      failure.next = ["see whether the server is up, and name it: postgresql://USER@HOST:PORT/DATABASE"]
    }
    return failure
  }

  /// The server's sentence among libpq's verbose words.
  private static func sentence(in words: String, behind state: String) -> String {
    guard !state.isEmpty, let line = words.split(separator: "; ").first(where: { $0.contains(state + ":") }) else {
      return words
    }
    return line.split(separator: state + ":", maxSplits: 1).last.map { String($0.drop { $0 == " " }) } ?? words
  }

  /// The five characters between a severity and the sentence: `FATAL:  3D000: database …`.
  private static func state(in words: String) -> String? {
    for part in words.split(separator: ":") {
      let text = part.drop { $0 == " " }
      if text.count == 5, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) }),
        text.contains(where: \.isNumber)
      {
        return String(text)
      }
    }
    return nil
  }

  private static func line(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "" }
    let lines = String(cString: text).split(separator: "\n").map { String($0.drop { $0 == "\t" }) }
    return lines.joined(separator: "; ")
  }
}

/// Waits without doing anything.
func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }
