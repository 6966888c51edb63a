import DurableIO
import Migration
import NoteModel
import RemoteLink

// An export of a store on another machine.
extension ExportCommand {
  func performRemote(_ session: Session) throws -> Outcome {
    let remote = try RemoteStore(store, session: session)
    let access = StoreAccess(session: session, profilePath: profile)
    var words: [String] = []
    if let digest { words.append("--digest=\(digest.rawValue)") }
    words.append("--secrets=\(secrets.rawValue)")
    if let size = try walBudgetSize() { words.append("--wal-budget=\(size.rawValue)B") }
    if estimateOnly { words.append("--estimate-only") }
    var request = try remote.request("export", words + ["--output=-"], profile: profile)
    request.arguments += ["--", remote.address.store]
    if estimateOnly {
      return try remote.run(request, handlers: remote.handlers(), safeNow: "nothing was read or changed")
    }
    request.givesData = true
    if output == "-" { return try pass(request, remote) }
    let receiver = try SegmentReceiver(output, freeFloor: access.freeFloor)
    do {
      return try receive(request, remote, receiver, access)
    } catch {
      receiver.abandon()
      throw error
    }
  }

  /// To standard output, as it comes.
  private func pass(_ request: RemoteRequest, _ remote: RemoteStore) throws -> Outcome {
    var handlers = remote.handlers()
    handlers.data = { try File.standardOutput.write($0) }
    return try remote.run(
      request, handlers: handlers,
      safeNow: "the source was not changed; what went into the pipe is not a whole archive")
  }

  private func receive(
    _ request: RemoteRequest, _ remote: RemoteStore, _ receiver: SegmentReceiver, _ access: StoreAccess
  ) throws -> Outcome {
    let safeNow = "the source was not changed; \(output) has no archive yet"
    var handlers = remote.handlers()
    nonisolated(unsafe) let receiver = receiver
    handlers.data = { try receiver.write($0) }
    var outcome: Outcome
    do {
      outcome = try remote.run(request, handlers: handlers, safeNow: safeNow)
    } catch var error as MigrationError {
      error.next = error.next.map {
        $0.hasPrefix("repeat the same command") ? "repeat the same command; the export begins again" : $0
      }
      throw error
    }
    guard let seal = outcome.members.first(where: { $0.name == "seal" })?.value.string else {
      throw MigrationError(
        .archiveDamaged, "\(remote.host) sent an archive without a seal", safeNow: safeNow,
        next: ["repeat the same command"])
    }
    try receiver.finish(
      seal: seal, stateDirectory: access.stateDirectory, readProfile: StoreAccess.readProfile,
      observer: remote.session.observer, stop: remote.session.stop)
    outcome.text += "\nArrived whole in \(output): every checksum and the seal agree."
    outcome.next = [
      CommandLineText.noteferry(["verify", output, "--against", store]),
      CommandLineText.noteferry(["import", output, "--to", "TARGET", "--create-schema"]),
    ]
    outcome.text += "\nNext:  \(outcome.next[0])"
    outcome.members.removeAll { $0.name == "archive" }
    outcome.members.insert(.init("archive", .text(output + "/0000-base.tar")), at: 0)
    outcome.members.append(.init("host", .text(remote.host)))
    return outcome
  }
}
