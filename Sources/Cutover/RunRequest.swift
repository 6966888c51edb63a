import DurableIO
import NoteModel

/// What another session asks of a run: one file in the run's folder, and one with the answer.
public struct RunRequest: Sendable, Hashable {
  public enum What: String, Sendable, CaseIterable {
    /// Freeze now: answers the gate.
    case proceed
    /// End at the gate.
    case postpone
    /// Give up.
    case abort
    case pause, resume
    /// Read the source at another rate.
    case rate
  }

  public var id: String
  public var what: What
  /// Who asks, for people.
  public var by: String
  public var at: Timestamp
  /// Bytes a second, 0 for as fast as it goes; for `rate`.
  public var rate: Int64?

  /// An older request is not heeded any more: whoever asked has gone, or thinks that nothing came of it.
  public static let lifetime = Duration.seconds(600)

  public init(_ what: What, by: String, rate: Int64? = nil) {
    id = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    self.what = what
    self.by = by
    self.at = .now
    self.rate = rate
  }

  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("id", .text(id)), .init("what", .text(what.rawValue)), .init("by", .text(by)),
      .init("at", .text(at.rfc3339)),
    ]
    if let rate { members.append(.init("rate", .integer(rate))) }
    return .object(members)
  }

  fileprivate init?(_ value: JSONValue) {
    guard let id = value["id"]?.string, let what = value["what"]?.string.flatMap(What.init),
      let by = value["by"]?.string, let at = value["at"]?.string.flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    self.id = id
    self.what = what
    self.by = by
    self.at = at
    rate = value["rate"]?.integer
  }
}

/// What a run said to a request.
public struct RunAnswer: Sendable, Hashable {
  public var id: String
  public var isGranted: Bool
  public var state: CutoverState
  public var words: String

  public init(id: String, isGranted: Bool, state: CutoverState, words: String) {
    self.id = id
    self.isGranted = isGranted
    self.state = state
    self.words = words
  }
}

extension RunFolder {
  private var request: String { path + "/request.json" }
  private var answer: String { path + "/answer.json" }

  /// The request that waits for its answer; `nil` where there is none, or it is too old.
  public func pendingRequest() -> RunRequest? {
    guard let request = SmallFile.json(request).flatMap(RunRequest.init), self.answer(to: request) == nil,
      Timestamp.now.milliseconds - request.at.milliseconds < Int64(RunRequest.lifetime.seconds * 1000)
    else { return nil }
    return request
  }

  public func ask(_ request: RunRequest) throws { try SmallFile.write(request.json, to: self.request) }
  public func withdraw() throws { try Folder.remove(request) }

  public func say(_ answer: RunAnswer) throws {
    try SmallFile.write(
      .object([
        .init("id", .text(answer.id)), .init("granted", .bool(answer.isGranted)),
        .init("state", .text(answer.state.rawValue)), .init("words", .text(answer.words)),
      ]), to: self.answer)
  }

  public func answer(to request: RunRequest) -> RunAnswer? {
    guard let value = SmallFile.json(answer), value["id"]?.string == request.id,
      let isGranted = value["granted"]?.bool, let state = value["state"]?.string.flatMap(CutoverState.init)
    else { return nil }
    return RunAnswer(id: request.id, isGranted: isGranted, state: state, words: value["words"]?.string ?? "")
  }

  /// The process that has the run, in its own words; `nil` where none has.
  public func holder() -> String? {
    do {
      let lock = try FileLock(journal + ".lock", holder: "nobody: a look at the run")
      withExtendedLifetime(lock) {}
      return nil
    } catch let error as MigrationError where error.code == .locked { return error.cause } catch { return nil }
  }

  // MARK: - Progress

  /// How far the pass under way is, for other sessions. Not durable: it is of this moment.
  public func note(progress: JSONValue) {
    let path = path + "/progress.json"
    guard let file = try? File.write(path + ".new", truncate: true) else { return }
    guard (try? file.write(progress.text + "\n")) != nil else { return }
    try? Folder.move(path + ".new", to: path)
  }

  public func progress() -> JSONValue? { SmallFile.json(path + "/progress.json") }
}
