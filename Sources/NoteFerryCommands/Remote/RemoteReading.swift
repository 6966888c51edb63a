import DurableIO
import Migration
import NoteModel
import NoteStore
import RemoteLink

// Commands that read a store on another machine and write none.

extension InspectCommand {
  func performRemote(_ session: Session) throws -> Outcome {
    let remote = try RemoteStore(store, session: session)
    var request = try remote.request("inspect", deep ? ["--deep"] : [], profile: profile)
    request.arguments += ["--", remote.address.store]
    var outcome = try remote.run(
      request, handlers: remote.handlers(), safeNow: "the store was not changed")
    outcome.text = "Host     \(remote.host)\n" + outcome.text
    outcome.members.append(.init("host", .text(remote.host)))
    outcome.next = [CommandLineText.noteferry(["export", store, "-o", "DIRECTORY"])]
    return outcome
  }
}

extension VerifyCommand {
  /// The archive goes to the store's machine, which compares both: the rows of a store never travel for it.
  func performRemote(_ store: String, _ session: Session) throws -> Outcome {
    let remote = try RemoteStore(store, session: session)
    var request = try remote.request("verify", ["--level=\(level.rawValue)", "--against=\(remote.address.store)"])
    request.wantsLedger = ledger != nil
    request.arguments += ["--", "-"]
    var handlers = remote.handlers()
    if let ledger { handlers.ledger = try RemoteLedger.writer(ledger) }
    var outcome = try remote.run(
      request, handlers: handlers, feed: .archive(ArchivePlace(archive), session: session),
      safeNow: "the archive and the store were not changed")
    // In the words of here.
    outcome.text = outcome.text.replacing(" \(remote.address.store)", with: " \(remote.address.name)")
    return outcome
  }
}

extension DiffCommand {
  var isRemote: Bool { RemoteAddress.isRemote(first) || RemoteAddress.isRemote(second) }

  /// Runs on the machine of the second store, or of the first where only that is remote; the other side goes there.
  func performRemote(_ session: Session) throws -> Outcome {
    _ = try kinds()
    let isSecond = RemoteAddress.isRemote(second)
    let remote = try RemoteStore(isSecond ? second : first, session: session)
    var words = ["--secrets=\(secrets.rawValue)"]
    if let only { words.append("--only=\(only)") }
    var request = try remote.request("diff", words, profile: profile)
    request.wantsLedger = ledger != nil
    request.arguments += ["--"] + (isSecond ? ["-", remote.address.store] : [remote.address.store, "-"])
    var handlers = remote.handlers()
    if let ledger { handlers.ledger = try RemoteLedger.writer(ledger) }
    return try remote.run(
      request, handlers: handlers, feed: feed(isSecond ? first : second, session),
      safeNow: "nothing was changed on either side")
  }

  private func feed(_ side: String, _ session: Session) throws -> SegmentFeed {
    let access = StoreAccess(session: session, profilePath: profile)
    if RemoteAddress.isRemote(side) {
      let other = try RemoteStore(side, session: session)
      var request = try other.request("export", ["--secrets=\(secrets.rawValue)", "--output=-"], profile: profile)
      request.arguments += ["--", other.address.store]
      return .remote(other, request)
    }
    switch try access.side(side) {
    case .archive(let place): return try .archive(place, session: session)
    case .store(let source):
      var options = ExportOptions(stateDirectory: access.stateDirectory, toolVersion: ToolVersion.current)
      options.secrets = secrets
      options.rate = session.settings.rate
      return .store(source, options: options, session: session)
    }
  }
}

extension Outcome {
  /// Names the ledger where it is now, instead of where it was written.
  mutating func nameLedger(_ path: String) {
    text = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Ledger: ") }
      .joined(separator: "\n")
    members.removeAll { $0.name == "ledger" }
    guard FileStatus.of(path).map({ $0.byteCount > 0 }) == true else { return }
    text += "\nLedger: \(path)"
    members.append(.init("ledger", .text(path)))
  }
}

/// A ledger that is written on another machine and kept here.
enum RemoteLedger {
  static func writer(_ path: String) throws -> @Sendable (UnsafeRawBufferPointer) throws -> Void {
    let file = try File.write(path, truncate: true)
    return { try file.write($0) }
  }
}
