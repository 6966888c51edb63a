import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One command that noteferry runs on another machine, seen from here.
///
/// `connect`, `start`, then `send` and `endData` where the command reads a segment, and `finish`. What the other end sends
/// is handed to the handlers on a thread of its own, in order. `send` and `answer` do not fail: why the other end is gone
/// is what `finish` throws.
public final class RemoteRun: @unchecked Sendable {
  public struct Handlers: Sendable {
    /// A line of the event log there.
    public var event: @Sendable (JSONValue) -> Void = { _ in }
    /// A part of the segment that the command writes. When it throws, the run is given up and `finish` throws that.
    public var data: @Sendable (UnsafeRawBufferPointer) throws -> Void = { _ in }
    public var ledger: @Sendable (UnsafeRawBufferPointer) throws -> Void = { _ in }
    /// A step that the command waits with until `answer`.
    public var gate: @Sendable (JSONValue) -> Void = { _ in }
    /// The run is over, in whatever way; called once.
    public var ended: @Sendable () -> Void = {}
    public init() {}
  }

  public let address: RemoteAddress
  private let options: SSHOptions
  private let isStopped: @Sendable () -> Bool
  private var ssh: SSHProcess!
  private var writer: LinkWriter!
  private var reader: LinkReader!
  private var thread: WorkerThread?

  private let monitor = Monitor()
  private var isOver = false
  private var isHungUp = false
  private var result: JSONValue?
  private var failure: (any Error)?

  /// What a stop may take before ssh is ended with force, in seconds.
  private static let patience = 30.0

  /// - Parameter isStopped: Whether somebody asked this end to stop.
  public init(_ address: RemoteAddress, options: SSHOptions, isStopped: @escaping @Sendable () -> Bool) {
    self.address = address
    self.options = options
    self.isStopped = isStopped
  }

  // MARK: - Beginning

  /// Starts ssh and waits for the greeting.
  ///
  /// - Throws: `.sshMissing`, `.remoteUnreachable`, `.remoteHostKey`, `.remoteDenied`, `.remoteProgramMissing`,
  ///   `.remoteNoise`, `.remoteVersion`.
  public func connect(as version: LinkVersion) throws {
    ssh = try SSHProcess(options.arguments(address))
    writer = LinkWriter(ssh.input)
    reader = LinkReader(ssh.output)
    let watcher = WorkerThread { [self] in watch() }
    self.watcher = watcher
    do {
      guard try reader.begin() else {
        throw LinkFailure(address: address, program: program, status: ssh.wait(), words: ssh.words).beforeGreeting
      }
      var greeting: LinkVersion?
      _ = try reader.next { kind, bytes in
        if kind == .hello { greeting = (try? JSONReader.parse(bytes)).flatMap(LinkVersion.init) }
      }
      try version.require(greeting, on: address.host)
      ssh.connected()
    } catch let noise as LinkReader.Noise {
      close()
      throw LinkFailure(address: address, program: program, status: 0, words: ssh.words).noise(noise.bytes)
    } catch {
      close()
      throw error
    }
  }

  private var program: String { address.program ?? options.program }
  private var watcher: WorkerThread?

  /// Sends the command and begins to take what comes back.
  public func start(_ request: JSONValue, _ handlers: Handlers) {
    try? writer.send(.request, request.text)
    thread = WorkerThread { [self] in
      receive(handlers)
      handlers.ended()
    }
  }

  private func receive(_ handlers: Handlers) {
    do {
      while try reader.next({ try take($0, $1, handlers) }), monitor.locked({ result == nil }) {}
    } catch {
      monitor.locked { if failure == nil { failure = error } }
    }
    hangUp()
  }

  private func take(_ kind: LinkFrame, _ bytes: UnsafeRawBufferPointer, _ handlers: Handlers) throws {
    switch kind {
    case .data: try handlers.data(bytes)
    case .ledger: try handlers.ledger(bytes)
    case .event: if let event = try? JSONReader.parse(bytes) { handlers.event(event) }
    case .gate: if let step = try? JSONReader.parse(bytes) { handlers.gate(step) }
    case .result:
      let value = try JSONReader.parse(bytes)
      monitor.locked { result = value }
    case .hello, .request, .end, .answer: break
    }
  }

  // MARK: - Working

  /// Sends a part of the segment; waits while the other end is busy.
  ///
  /// - Returns: False when the other end takes nothing any more.
  @discardableResult
  public func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while rest.count > 0 {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(LinkFrame.dataLimit))
      guard (try? writer.send(.data, part)) != nil else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
    }
    return true
  }

  public func endData() { try? writer.send(.end) }
  public func answer(_ value: JSONValue) { try? writer.send(.answer, value.text) }

  /// Asks the other end to stop; it does so at its next checkpoint, and says how it ended.
  public func hangUp() {
    monitor.locked { isHungUp = true }
    ssh.hangUp()
  }

  /// Waits for the end.
  ///
  /// - Returns: What the other end says of it.
  /// - Throws: `.remoteCut`; what a handler threw.
  public func finish() throws -> JSONValue {
    thread?.join()
    thread = nil
    let status = ssh.wait()
    close()
    if let failure = monitor.locked({ failure }) { throw failure }
    if let result = monitor.locked({ result }) { return result }
    throw LinkFailure(address: address, program: program, status: status, words: ssh.words).cut
  }

  private func close() {
    monitor.locked { isOver = true }
    if ssh != nil {
      ssh.hangUp()
      ssh.end(SIGTERM)
      _ = ssh.wait()
    }
    watcher?.join()
    watcher = nil
  }

  // MARK: - Stopping

  /// Hangs up when this end is asked to stop, and ends ssh where that does not help in time.
  private func watch() {
    var end: ContinuousClock.Instant?
    while !monitor.locked({ isOver }) {
      pauseBriefly()
      if end == nil, isStopped() {
        let isConnected = thread != nil
        // A question of ssh's own is not worth waiting for.
        if isConnected { hangUp() } else { ssh.end(SIGTERM) }
        end = .now + .seconds(Self.patience)
      } else if end == nil, monitor.locked({ isHungUp }) {
        end = .now + .seconds(Self.patience)
      } else if let limit = end, .now > limit {
        ssh.end(SIGTERM)
        end = .now + .seconds(1)
      }
    }
  }
}
