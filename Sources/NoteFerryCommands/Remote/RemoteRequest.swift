import NoteModel
import NoteStore
import RemoteLink

extension LinkVersion {
  static var here: LinkVersion { LinkVersion(tool: ToolVersion.current, archiveFormat: ToolVersion.archiveFormat) }
}

/// A command for the noteferry on another machine, as it goes over the link.
struct RemoteRequest: Sendable {
  /// The command and its arguments. Values are joined to their flags, and a store stands behind `--`.
  var arguments: [String]
  /// What was typed here, for messages that say how to go on.
  var commandLine: String
  /// Whether the command reads a segment that comes over the link.
  var takesData = false
  /// Whether it writes a segment that goes over the link.
  var givesData = false
  /// The text of a profile that was named here.
  var profile: String?
  var wantsLedger = false
  /// What the store is to a pair.
  var role: NodeRole?

  init(_ arguments: [String], commandLine: String) {
    self.arguments = arguments
    self.commandLine = commandLine
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("arguments", .array(arguments.map { .text($0) })), .init("command_line", .text(commandLine)),
      .init("takes_data", .bool(takesData)), .init("gives_data", .bool(givesData)),
      .init("wants_ledger", .bool(wantsLedger)),
    ]
    if let profile { members.append(.init("profile", .text(profile))) }
    if let role { members.append(.init("role", .text(role.rawValue))) }
    return .object(members)
  }

  init(_ value: JSONValue) throws {
    guard let arguments = value["arguments"]?.array?.compactMap(\.string), !arguments.isEmpty else {
      throw MigrationError(.usage, "the request names no command", safeNow: "nothing was changed")
    }
    self.init(arguments, commandLine: value["command_line"]?.string ?? "")
    takesData = value["takes_data"]?.bool ?? false
    givesData = value["gives_data"]?.bool ?? false
    wantsLedger = value["wants_ledger"]?.bool ?? false
    profile = value["profile"]?.string
    role = value["role"]?.string.flatMap(NodeRole.init)
  }
}

/// How the command ended there.
struct RemoteReply: Sendable {
  var status: ExitStatus
  private(set) var json: JSONValue

  init(_ outcome: Outcome) {
    status = outcome.status
    json = .object([
      .init("status", .integer(Int64(outcome.status.rawValue))), .init("text", .text(outcome.text)),
      .init("members", .object(outcome.members)),
      .init("reasons", .array(outcome.reasons.map { .integer(Int64($0.rawValue)) })),
    ])
  }

  init(_ error: MigrationError) {
    status = error.exitStatus
    json = .object([.init("error", .object(ResultDocument.error(error)))])
  }

  /// What the other end said.
  ///
  /// - Throws: the error that the command ended with, with the host's name.
  static func outcome(_ value: JSONValue, host: String, commandLine: String) throws -> Outcome {
    if let error = value["error"] { throw Self.error(error, host: host, commandLine: commandLine) }
    guard let status = value["status"]?.integer.flatMap(status), let text = value["text"]?.string,
      case .object(let members)? = value["members"]
    else {
      throw MigrationError(
        .internal, "on \(host): the result cannot be read", safeNow: "not known; look at the store there",
        next: ["repeat the same command"])
    }
    return Outcome(
      status, text: text, members: members,
      reasons: (value["reasons"]?.array ?? []).compactMap { $0.integer.flatMap(self.status) })
  }

  private static func status(_ number: Int64) -> ExitStatus? {
    Int32(exactly: number).flatMap(ExitStatus.init)
  }

  private static func error(_ value: JSONValue, host: String, commandLine: String) -> MigrationError {
    let next = (value["next"]?.array ?? []).compactMap(\.string)
    return MigrationError(
      value["code"]?.string.flatMap(ErrorCode.init) ?? .internal, "on \(host): \(value["text"]?.string ?? "it failed")",
      cause: value["cause"]?.string ?? "", safeNow: value["safe_now"]?.string ?? "",
      // Its commands are for that machine, apart from the one that was typed here.
      next: next.map { $0.hasPrefix("noteferry ") && $0 != commandLine ? "on \(host): \($0)" : $0 })
  }
}
