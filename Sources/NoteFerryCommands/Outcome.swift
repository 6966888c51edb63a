import NoteModel

/// How a command ended and what it has to say.
public struct Outcome: Sendable {
  public var status: ExitStatus
  /// All reasons, the decisive one first; of a run without complaint empty.
  public var reasons: [ExitStatus]
  /// The result for people, of one or more lines; goes to standard output.
  public var text: String
  /// The result for programs, beside `schema`, `command`, `ok`, `exit_code` and `exit_name`.
  public var members: [JSONValue.Member]
  /// Commands that make sense now.
  public var next: [String]
  /// The command that goes on where this one stopped.
  public var resumeCommand: String?

  public init(
    _ status: ExitStatus = .ok, text: String = "", members: [JSONValue.Member] = [], reasons: [ExitStatus] = [],
    next: [String] = [], resumeCommand: String? = nil
  ) {
    self.status = status
    self.text = text
    self.members = members
    self.reasons = reasons
    self.next = next
    self.resumeCommand = resumeCommand
  }
}

/// The JSON documents that `--json` prints.
enum ResultDocument {
  static let schema = "noteferry.result/1"

  static func success(_ outcome: Outcome, command: String) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("schema", .text(schema)), .init("command", .text(command)),
      // A run that completed with a verdict (10 to 19) has a result, but not one to go on with.
      .init("ok", .bool(outcome.status == .ok)),
    ]
    members += outcome.members
    if !outcome.reasons.isEmpty { members.append(.init("reasons", .array(outcome.reasons.map { .text($0.name) }))) }
    if !outcome.next.isEmpty { members.append(.init("next", .array(outcome.next.map { .text($0) }))) }
    return .object(members + status(outcome.status))
  }

  static func failure(_ error: MigrationError, command: String?) -> JSONValue {
    var members: [JSONValue.Member] = [.init("schema", .text(schema))]
    if let command { members.append(.init("command", .text(command))) }
    members += [.init("ok", .bool(false)), .init("error", .object(Self.error(error)))]
    return .object(members + status(error.exitStatus))
  }

  /// The members of an error, in documents and in events.
  static func error(_ error: MigrationError) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("code", .text(error.code.rawValue)), .init("text", .text(error.message)),
    ]
    if !error.cause.isEmpty { members.append(.init("cause", .text(error.cause))) }
    if !error.safeNow.isEmpty { members.append(.init("safe_now", .text(error.safeNow))) }
    return members + [
      .init("next", .array(error.next.map { .text($0) })),
      .init("doc", .text("noteferry explain \(error.code.rawValue)")),
      .init("retryable", .bool(error.exitStatus.isResumable)),
    ]
  }

  private static func status(_ status: ExitStatus) -> [JSONValue.Member] {
    [.init("exit_code", .integer(Int64(status.rawValue))), .init("exit_name", .text(status.name))]
  }

  /// Compact JSON in which every character that a terminal would obey is written as an escape.
  static func text(_ value: JSONValue) -> String {
    let text = value.text
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var safe = ""
    safe.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if scalar.value < 0x80 || SafeText.isVisible(scalar) || scalar.properties.generalCategory == .nonspacingMark {
        safe.unicodeScalars.append(scalar)
      } else {
        for unit in UTF16.encode(scalar)! {
          let digits = String(unit, radix: 16)
          safe += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return safe
  }
}
