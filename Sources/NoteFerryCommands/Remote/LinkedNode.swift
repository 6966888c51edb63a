import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

/// One node of a `LinkedPair`: an import on this machine or on another, with its end of the stream.
final class LinkedNode: @unchecked Sendable {
  let index: Int
  let target: String
  let role: NodeRole
  let remote: RemoteStore?
  private let command: ImportCommand
  private let session: Session
  private let stopRequest = StopRequest()
  private let answers = Monitor([Bool]())

  // Of a node elsewhere.
  private var link: RemoteRun?
  // Of the node here. The feeding thread alone uses the input, the importing one the output.
  private var output: Pipe.Output?
  private var input: Pipe.Input?
  private let open = Monitor(false)
  private let hasAll = Monitor(false)

  init(index: Int, target: String, _ command: ImportCommand, _ session: Session) throws {
    self.index = index
    self.target = target
    role = index == LinkedPair.first ? .primary : .standby
    self.session = session
    remote = RemoteAddress.isRemote(target) ? try RemoteStore(target, session: session) : nil
    var single = command
    single.targets = [target]
    single.archive = "-"
    single.ledger = command.ledger.map { $0 + (index == LinkedPair.first ? ".A" : ".B") }
    self.command = single
  }

  var label: String { index == LinkedPair.first ? "A" : "B" }
  var name: String { remote?.address.name ?? target }

  var isConnected: Bool { link != nil || output != nil }

  // MARK: - Running

  /// Opens the node's end of the stream; what is sent from then on arrives behind the command that reads it.
  ///
  /// - Throws: the errors of `RemoteRun.connect`.
  func connect(_ pair: LinkedPair) throws {
    if let remote {
      let link = remote.newRun()
      try link.connect(as: .here)
      try start(link, remote, pair)
      self.link = link
    } else {
      (output, input) = try Pipe.make()
    }
    open.change { $0 = true }
  }

  /// Imports what is sent, until the node is sealed, or has stopped.
  func run(_ pair: LinkedPair) throws -> Outcome {
    if let remote, let link { return try remote.reply(link.finish()) }
    let access = StoreAccess(session: session)
    var options = try command.options(session)
    options.part = ImportPart(role: role, gate: NodeGate(node: self, pair: pair))
    options.command = session.commandLine
    let output = output!
    defer { self.output = nil }
    let result = try importArchive(
      .stream(output.file.descriptor), into: [try command.node(target, access)], options: options,
      readProfile: StoreAccess.readProfile, observer: NodeObserver(label: label, observer: session.observer),
      stop: stopRequest)
    return command.outcome(result, again: options.command)
  }

  private func start(_ link: RemoteRun, _ remote: RemoteStore, _ pair: LinkedPair) throws {
    var request = try command.remoteRequest(remote)
    request.takesData = true
    request.role = role
    var handlers = RemoteRun.Handlers()
    let observer = NodeObserver(label: label, observer: session.observer)
    handlers.event = { RunEvent($0).map(observer.observe) }
    if let ledger = command.ledger { handlers.ledger = try RemoteLedger.writer(ledger) }
    let index = index
    handlers.gate = { step in
      pair.change { state in
        state.isPrepared[index] = true
        guard step["step"]?.string == "proven" else { return }
        state.proofs[index] = PairState.Proof(
          isProven: step["proven"]?.bool == true, expected: step["expected"]?.string, extra: step["extra"]?.string)
      }
    }
    link.start(request.json, handlers)
  }

  // MARK: - Feeding

  func send(_ bytes: UnsafeRawBufferPointer) {
    guard open.change({ $0 }) else { return }
    let isTaken = link?.send(bytes) ?? input.map { (try? $0.file.write(bytes)) != nil } ?? false
    if !isTaken { open.change { $0 = false } }
  }

  /// Nothing more comes, and everything has come.
  func endData() {
    guard open.change({ $0 }) else { return }
    hasAll.change { $0 = true }
    if let link { link.endData() } else { cutOff() }
  }

  /// Closes the stream to the import here.
  func cutOff() {
    input?.close()
    input = nil
  }

  // MARK: - Orders

  func answer(_ go: Bool) {
    link?.answer(.object([.init("go", .bool(go))]))
    answers.change { $0.append(go) }
  }

  func abandon() {
    link?.hangUp()
    stop(2)
  }

  func stop(_ signal: Int32) {
    stopRequest.request(signal: signal)
    answers.change { if $0.isEmpty, link == nil { $0.append(false) } }
  }

  /// Waits for the answer; the import here asks.
  fileprivate func mayApprove() -> Bool {
    guard hasAll.change({ $0 }) else { return false }
    return answers.wait(while: { $0.isEmpty }, then: { $0[0] }) ?? false
  }
}

/// The gate of the node on this machine.
private struct NodeGate: ImportGate {
  let node: LinkedNode
  let pair: LinkedPair

  func prepared() { pair.change { $0.isPrepared[node.index] = true } }

  func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) -> Bool {
    pair.change {
      $0.proofs[node.index] = PairState.Proof(
        isProven: isProven, expected: sums?.expected.description, extra: sums?.extra.description)
    }
    return node.mayApprove()
  }
}

/// Of two imports at the same time the progress of the primary is shown; the phases of both name their node.
private struct NodeObserver: RunObserver {
  let label: String
  let observer: any RunObserver

  func observe(_ event: RunEvent) {
    switch event {
    case .phaseStarted(var start):
      start.node = label
      if label == "A" || start.name == .readBack { observer.observe(.phaseStarted(start)) }
    case .phaseFinished(var end):
      end.node = label
      if label == "A" || end.name == .readBack { observer.observe(.phaseFinished(end)) }
    case .progress where label != "A": break
    default: observer.observe(event)
    }
  }
}
