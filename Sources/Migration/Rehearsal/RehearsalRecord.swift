import DurableIO
import NoteModel

/// What the last rehearsal of a plan came to, kept for the cutover that it predicts.
///
/// There is one for each plan's hash, in `rehearsals` of the state directory; a later rehearsal of the same plan replaces it.
public struct RehearsalRecord: Sendable, Hashable {
  public var run: String
  public var plan: Checksum
  public var finished: Timestamp
  public var toolVersion: String
  /// Of the source's tables, as in an archive.
  public var fingerprint: String
  public var verdict: Verdict
  /// How long users will not be able to write: half of all cutovers, and nine of ten, are done within it. `nil` where it
  /// could not be told.
  public var likely: Duration?
  public var atWorst: Duration?
  /// The report, where one was written.
  public var reportPath: String?

  public enum Verdict: String, Sendable, CaseIterable {
    case go
    case goWithCare = "go-with-care"
    case noGo = "no-go"
    /// What is needed for a verdict was not done.
    case unproven
  }

  public init(
    run: String, plan: Checksum, finished: Timestamp, toolVersion: String, fingerprint: String, verdict: Verdict,
    likely: Duration?, atWorst: Duration?, reportPath: String?
  ) {
    self.run = run
    self.plan = plan
    self.finished = finished
    self.toolVersion = toolVersion
    self.fingerprint = fingerprint
    self.verdict = verdict
    self.likely = likely
    self.atWorst = atWorst
    self.reportPath = reportPath
  }

  public static func path(of plan: Checksum, stateDirectory: String) -> String {
    "\(stateDirectory)/rehearsals/\(plan.description).json"
  }

  /// - Returns: `nil` where the plan was not rehearsed, or the record cannot be read: a cutover asks for a new rehearsal then.
  public static func read(of plan: Checksum, stateDirectory: String) -> RehearsalRecord? {
    guard let file = try? File.read(path(of: plan, stateDirectory: stateDirectory)),
      let size = try? file.status().byteCount, size < 1 << 20
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) })) == bytes.count,
      let value = try? JSONReader.parse(bytes), let record = RehearsalRecord(value), record.plan == plan
    else { return nil }
    return record
  }

  /// Writes it, durable when this returns.
  public func write(stateDirectory: String) throws {
    let path = Self.path(of: plan, stateDirectory: stateDirectory)
    try Folder.create(Folder.parent(of: path))
    try Array((json.text + "\n").utf8).withUnsafeBytes { try Folder.replace(path, with: $0) }
  }

  public var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("run", .text(run)), .init("plan_hash", .text(plan.description)),
      .init("finished", .text(finished.rfc3339)), .init("tool_version", .text(toolVersion)),
      .init("fingerprint", .text(fingerprint)), .init("verdict", .text(verdict.rawValue)),
    ]
    if let likely { members.append(.init("likely_ms", .integer(Int64(likely.seconds * 1000)))) }
    if let atWorst { members.append(.init("at_worst_ms", .integer(Int64(atWorst.seconds * 1000)))) }
    if let reportPath { members.append(.init("report", .text(reportPath))) }
    return .object(members)
  }

  private init?(_ value: JSONValue) {
    guard let run = value["run"]?.string,
      let plan = value["plan_hash"]?.string.flatMap({ Checksum(.sha256, hex: Array($0.utf8)) }),
      let finished = value["finished"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
      let tool = value["tool_version"]?.string, let fingerprint = value["fingerprint"]?.string,
      let verdict = value["verdict"]?.string.flatMap(Verdict.init)
    else { return nil }
    self.init(
      run: run, plan: plan, finished: finished, toolVersion: tool, fingerprint: fingerprint, verdict: verdict,
      likely: value["likely_ms"]?.integer.map { .milliseconds($0) },
      atWorst: value["at_worst_ms"]?.integer.map { .milliseconds($0) }, reportPath: value["report"]?.string)
  }
}
