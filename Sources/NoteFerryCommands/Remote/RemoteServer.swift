import ArgumentParser
import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The end of a link that is called: greets, runs one command, says how it ended.
///
/// The command is the same as on a command line here. It finds the segment that comes over the link on its standard
/// input, and what it writes to standard output goes over the link. When the link is gone the run is asked to stop, as by
/// Ctrl-C; the process never outlives the link for long.
final class RemoteServer: Sendable {
  private let reader: LinkReader
  private let writer: LinkWriter
  private let gate: LinkGate
  /// How long a run may take to stop when the link is gone, in seconds.
  private static let patience = 300

  init() {
    // The streams of the process become those of the command.
    let (input, output) = (fcntl(0, F_DUPFD_CLOEXEC, 10), fcntl(1, F_DUPFD_CLOEXEC, 10))
    reader = LinkReader(File(descriptor: input, path: "the link"))
    writer = LinkWriter(File(descriptor: output, path: "the link"))
    gate = LinkGate(writer)
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    dup2(nothing, 0)
    dup2(nothing, 1)
  }

  func run() -> NoteModel.ExitStatus {
    do {
      try writer.begin()
      try writer.send(.hello, LinkVersion.here.json.text)
      var request: RemoteRequest?
      _ = try reader.next { kind, bytes in
        if kind == .request { request = try RemoteRequest(JSONReader.parse(bytes)) }
      }
      // The caller went away, or had nothing to ask.
      guard let request else { return .link }
      return try serve(request)
    } catch {
      return .link
    }
  }

  private func serve(_ request: RemoteRequest) throws -> NoteModel.ExitStatus {
    let environment = ProcessEnvironment.all
    var files: [String] = []
    defer { for file in files { try? Folder.remove(file) } }
    let input = request.takesData ? try pipe(to: 0) : nil
    let output = request.givesData ? try pipe(from: 1) : nil
    let events = try pipe()
    let pumps = [
      WorkerThread { [self] in forward(File(descriptor: events.read, path: "events"), lines: true) },
      output.map { output in WorkerThread { [self] in forward(File(descriptor: output, path: "data"), lines: false) } },
    ]
    detachThread { [self] in listen(input) }

    let log = EventLog(try EventSink(.descriptor(events.write)), run: Session.newRunID())
    var reply: RemoteReply
    do {
      let arguments = try prepared(request, environment, &files)
      guard let command = try NoteFerryCommand.parseAsRoot(arguments) as? any LongCommand else {
        throw MigrationError(.usage, "this command does not run over a link", safeNow: "nothing was changed")
      }
      log.start(command: type(of: command)._commandName, arguments: [])
      let part = ImportPart(role: request.role, gate: gate)
      reply = RemoteReply(try perform(command, request, environment, log, part))
    } catch {
      reply = RemoteReply(Session.failure(error))
    }
    log.finish(Outcome(reply.status))
    // The pumps read to the end of what the command wrote.
    close(events.write)
    dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 1)
    for pump in pumps { pump?.join() }
    if request.wantsLedger, let ledger = files.last { try sendLedger(ledger) }
    try writer.send(.result, reply.json.text)
    return reply.status
  }

  private func perform(
    _ command: any LongCommand, _ request: RemoteRequest, _ environment: [String: String], _ log: EventLog,
    _ part: ImportPart
  ) throws -> Outcome {
    let session = Session(
      settings: try command.settings(environment: environment), observer: log,
      screen: Screen(descriptor: 2, environment: environment), environment: environment, outputWidth: 80,
      runID: Session.newRunID(), commandLine: request.commandLine, stop: .shared, part: part)
    return try command.perform(session)
  }

  /// The command line with the files that go with it: a profile that came, a ledger that goes back.
  private func prepared(_ request: RemoteRequest, _ environment: [String: String], _ files: inout [String]) throws
    -> [String]
  {
    var arguments = request.arguments
    var options: [String] = []
    let directory = StoreAccess.stateDirectory(named: environment["NOTEFERRY_STATE_DIR"], environment)
    try Folder.create(directory)
    let stem = "\(directory)/link-\(processID())"
    if let profile = request.profile {
      files.append(stem + ".toml")
      try File.write(files[0], truncate: true).write(profile)
      options.append("--profile=\(files[0])")
    }
    if request.wantsLedger {
      files.append(stem + ".ledger")
      options.append("--ledger=\(files.last!)")
    }
    arguments.insert(contentsOf: options, at: min(1, arguments.count))
    return arguments
  }

  private func sendLedger(_ path: String) throws {
    guard FileStatus.of(path) != nil else { return }
    let file = try File.read(path)
    var room = [UInt8](repeating: 0, count: LinkFrame.dataLimit)
    while true {
      let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
      if count == 0 { return }
      try room.withUnsafeBytes { try writer.send(.ledger, UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }

  // MARK: - Streams

  private func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Glibc)
      let result = Glibc.pipe(&ends)
    #elseif canImport(Musl)
      let result = Musl.pipe(&ends)
    #else
      let result = Darwin.pipe(&ends)
    #endif
    guard result == 0 else { throw systemError(errno, "cannot make a pipe") }
    return (ends[0], ends[1])
  }

  /// A pipe whose reading end is the descriptor `place`.
  private func pipe(to place: Int32) throws -> Int32 {
    let (read, write) = try pipe()
    dup2(read, place)
    close(read)
    return write
  }

  /// A pipe whose writing end is the descriptor `place`.
  private func pipe(from place: Int32) throws -> Int32 {
    let (read, write) = try pipe()
    dup2(write, place)
    close(write)
    return read
  }

  /// Sends what comes out of a pipe: as it comes, or line by line.
  private func forward(_ file: File, lines: Bool) {
    var room = [UInt8](repeating: 0, count: LinkFrame.dataLimit)
    var rest: [UInt8] = []
    while true {
      let count = retrying { read(file.descriptor, &room, room.count) }
      guard count > 0 else { return }
      if lines {
        rest += room[..<count]
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          try? rest[start..<end].withUnsafeBytes { try writer.send(.event, $0) }
          start = end + 1
        }
        rest.removeFirst(start)
      } else {
        // When the link is gone the command must still not wait for its reader; it is being stopped.
        try? room.withUnsafeBytes { try writer.send(.data, UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
    }
  }

  /// Takes what the caller sends; at the end of the link the run is asked to stop.
  private func listen(_ input: Int32?) {
    var input = input.map { File(descriptor: $0, path: "the segment") }
    do {
      while try reader.next({ kind, bytes in
        switch kind {
        case .data: try input?.write(bytes)
        case .end:
          gate.endOfData()
          input = nil
        case .answer: gate.answer((try? JSONReader.parse(bytes))?["go"]?.bool == true)
        default: break
        }
      }) {}
    } catch {}
    // In this order: a run that finds the end of its input is to know already that it is not the end of the segment.
    StopRequest.shared.request(signal: SIGINT)
    gate.linkLost()
    input = nil
    // Everything is written so that an end without warning loses nothing that was committed.
    sleep(UInt32(Self.patience))
    _exit(NoteModel.ExitStatus.link.rawValue)
  }
}
