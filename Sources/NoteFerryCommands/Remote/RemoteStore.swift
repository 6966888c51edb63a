import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

/// A store on another machine, and the commands that noteferry runs there for this session.
struct RemoteStore {
  let address: RemoteAddress
  let session: Session

  init(_ text: String, session: Session) throws {
    address = try RemoteAddress(text)
    self.session = session
  }

  var host: String { address.host }
  /// Bytes of a profile that go with a request.
  private static let profileLimit = 1 << 20

  // MARK: - Requests

  /// A command of which the store there is an argument.
  ///
  /// - Parameters:
  ///   - command: Its name.
  ///   - words: Its other words; flags have their values joined to them.
  ///   - profile: The path of a profile here.
  func request(_ command: String, _ words: [String], profile: String? = nil) throws -> RemoteRequest {
    var words = [command] + words
    if let rate = session.settings.rate { words.append("--rate=\(rate.rawValue)B/s") }
    if let floor = session.settings.freeFloor { words.append("--free-floor=\(floor.rawValue)B") }
    var request = RemoteRequest(words + ["--no-input"], commandLine: session.commandLine)
    if let profile {
      let file = try File.read(profile)
      let size = Int(try file.status().byteCount)
      guard size <= Self.profileLimit else {
        throw MigrationError(
          .profileInvalid, "\(profile) is too long to be a profile", cause: "\(size) bytes",
          safeNow: "no connection was made", next: ["--profile FILE"])
      }
      var bytes = [UInt8](repeating: 0, count: size)
      _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
      request.profile = String(decoding: bytes, as: UTF8.self)
    }
    return request
  }

  // MARK: - Runs

  func newRun(isStopped: (@Sendable () -> Bool)? = nil) -> RemoteRun {
    let stop = session.stop
    return RemoteRun(
      address, options: SSHOptions(environment: session.environment, asks: !session.settings.noInput),
      isStopped: isStopped ?? { stop.isRequested })
  }

  /// Handlers that hand events on.
  func handlers(node: String = "") -> RemoteRun.Handlers {
    var handlers = RemoteRun.Handlers()
    let observer = session.observer
    handlers.event = { line in RunEvent(line, node: node).map(observer.observe) }
    return handlers
  }

  /// Runs a command there to its end.
  ///
  /// - Parameters:
  ///   - feed: Sends the segment that the command reads.
  ///   - safeNow: What is true when the line is cut.
  /// - Throws: the errors of `RemoteRun`; what the command there ended with; `.interrupted`, `.terminated`.
  func run(
    _ request: RemoteRequest, handlers: RemoteRun.Handlers, feed: SegmentFeed? = nil, safeNow: String
  ) throws -> Outcome {
    var request = request
    request.takesData = feed != nil
    let run = newRun()
    do {
      try run.connect(as: .here)
    } catch {
      throw stopped(safeNow: "nothing was read or changed") ?? error
    }
    var handlers = handlers
    handlers.gate = { step in
      // Nothing else has to end first.
      if step["step"]?.string == "proven" { run.answer(.object([.init("go", .bool(true))])) }
    }
    run.start(request.json, handlers)
    var failure: (any Error)?
    do {
      try feed?.send { run.send($0) }
      if feed != nil { run.endData() }
    } catch {
      failure = error
      run.hangUp()
    }
    let result = Result { try reply(run.finish()) }
    if let failure { throw stopped(safeNow: safeNow) ?? failure }
    do {
      return try result.get()
    } catch let error as MigrationError {
      throw stopped(safeNow: safeNow)
        ?? error.completed(safeNow: safeNow, next: ["repeat the same command"])
    }
  }

  /// - Throws: the error that the command there ended with.
  func reply(_ value: JSONValue) throws -> Outcome {
    try RemoteReply.outcome(value, host: host, commandLine: session.commandLine)
  }

  /// The failure of a run that somebody stopped here, whatever its end was at the other end.
  private func stopped(safeNow: String) -> MigrationError? {
    guard session.stop.isRequested else { return nil }
    let signal = session.stop.signal
    return MigrationError(
      signal == 15 ? .terminated : .interrupted, "stopped on request", cause: "signal \(signal)",
      safeNow: safeNow, next: ["repeat the same command to go on"])
  }
}

/// What sends a segment over a link.
struct SegmentFeed {
  /// Hands parts on until there are no more, or `sink` returns false.
  let send: (_ sink: (UnsafeRawBufferPointer) -> Bool) throws -> Void

  /// The bytes of an archive as they are; of one with deltas, the one base that they come to.
  static func archive(_ place: ArchivePlace, session: Session) throws -> SegmentFeed {
    if case .directory(let directory) = place, try place.segmentCount() > 1 {
      return folded(directory, session: session)
    }
    let file = try place.openSegment()
    return SegmentFeed { sink in
      var throttle = Throttle(rate: session.settings.rate)
      var room = [UInt8](repeating: 0, count: LinkFrame.dataLimit)
      while !session.stop.isRequested {
        let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
        if count == 0 { return }
        throttle.spend(count)
        guard room.withUnsafeBytes({ sink(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return }
      }
      throw MigrationError(.interrupted, "stopped on request", safeNow: "the archive was not changed")
    }
  }

  private static func folded(_ directory: String, session: Session) -> SegmentFeed {
    let access = StoreAccess(session: session)
    var options = ExportOptions(stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current)
    options.rate = session.settings.rate
    return piped { [options] in
      try sendFolded(
        directory, to: $0, options: options, readProfile: StoreAccess.readProfile, observer: SilentObserver(),
        stop: session.stop)
    }
  }

  /// A store here, exported on the way.
  static func store(_ source: any SourceStore, options: ExportOptions, session: Session) -> SegmentFeed {
    piped {
      _ = try Migration.export(source, to: $0, options: options, observer: SilentObserver(), stop: session.stop)
    }
  }

  /// What another thread writes.
  private static func piped(_ write: @escaping @Sendable (ArchivePlace) throws -> Void) -> SegmentFeed {
    SegmentFeed { sink in
      let (output, input) = try Pipe.make()
      nonisolated(unsafe) var failure: (any Error)?
      let thread = WorkerThread {
        do { try write(.stream(input.descriptor)) } catch { failure = error }
        input.close()
      }
      var room = [UInt8](repeating: 0, count: LinkFrame.dataLimit)
      var isWanted = true
      while let count = try? room.withUnsafeMutableBytes({ try output.file.read(into: $0) }), count > 0 {
        if isWanted { isWanted = room.withUnsafeBytes { sink(UnsafeRawBufferPointer(rebasing: $0[..<count])) } }
      }
      thread.join()
      if let failure { throw failure }
    }
  }

  /// A store on a third machine, exported there and passed on.
  static func remote(_ store: RemoteStore, _ request: RemoteRequest) -> SegmentFeed {
    SegmentFeed { sink in
      try withoutActuallyEscaping(sink) { sink in
        nonisolated(unsafe) let sink = sink
        var handlers = RemoteRun.Handlers()
        handlers.data = { _ = sink($0) }
        var request = request
        request.givesData = true
        _ = try store.run(request, handlers: handlers, safeNow: "both stores are as they were")
      }
    }
  }
}
