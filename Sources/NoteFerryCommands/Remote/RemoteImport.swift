import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

// An import into a store on another machine.
extension ImportCommand {
  /// The import there, with what was asked for here.
  func remoteRequest(_ remote: RemoteStore) throws -> RemoteRequest {
    var words = ["--to=\(remote.address.store)", "--verify=\(verify.rawValue)", "--repair=\(repair.rawValue)"]
    if attachments != .keep { words.append("--attachments=\(attachments.rawValue)") }
    if createSchema { words.append("--create-schema") }
    if salvage { words.append("--salvage") }
    if let checkpoint {
      words.append("--checkpoint=\(try SizeArgument.size(checkpoint, for: "--checkpoint").rawValue)B")
    }
    var request = try remote.request("import", words)
    request.wantsLedger = ledger != nil
    request.arguments += ["--", "-"]
    return request
  }

  static func safeNow(_ target: RemoteStore) -> String {
    "the archive was not changed; what was committed to the target on \(target.host) is kept, behind its mark"
  }

  func performRemote(_ session: Session) throws -> Outcome {
    if targets.count == 1 { return try performRemote(targets[0], session) }
    guard targets.count == 2, targets[0] != targets[1] else { throw nodesRefusal }
    return try LinkedPair(self, session).run()
  }

  private func performRemote(_ target: String, _ session: Session) throws -> Outcome {
    let remote = try RemoteStore(target, session: session)
    var handlers = remote.handlers()
    if let ledger { handlers.ledger = try RemoteLedger.writer(ledger) }
    var outcome = try remote.run(
      try remoteRequest(remote), handlers: handlers, feed: .archive(ArchivePlace(archive), session: session),
      safeNow: Self.safeNow(remote))
    outcome.text = "On \(remote.host):\n" + outcome.text
    if let ledger { outcome.nameLedger(ledger) }
    outcome.members.removeAll { $0.name == "target" }
    outcome.members.insert(.init("target", .text(remote.address.name)), at: 0)
    outcome.members.append(.init("host", .text(remote.host)))
    if archive != "-" { outcome.next = [CommandLineText.noteferry(["diff", archive, target])] }
    return outcome
  }
}
