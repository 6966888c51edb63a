import DurableIO
import Migration
import NoteModel

/// What a cutover leaves on the machine that carries it out: `runs/c-XXXXXX` in the state directory, for its owner alone.
///
/// | file | holds |
/// | --- | --- |
/// | `run.json` | the run, its archive, the directory it was begun in, what was rehearsed |
/// | `plan.toml` | the plan in its normal form |
/// | `journal` | every step |
/// | `hook-NAME.txt` | what a hook said |
/// | `ledger.ndjson` | every item that is not identical, of the last pass |
/// | `request.json`, `answer.json` | what another session asked of the run |
public struct RunFolder: Sendable, Hashable {
  public let path: String
  public let run: String
  /// Where the run's archive grows.
  public let archive: String
  /// The working directory that the plan's relative paths are of.
  public let directory: String
  public let created: Timestamp
  /// The plan's own file, when the run was begun.
  public let planFile: String
  /// As rehearsed; `nil` where nothing was.
  public let likely: Duration?
  public let atWorst: Duration?

  public var journal: String { path + "/journal" }
  public var ledger: String { path + "/ledger.ndjson" }
  public var plan: String { path + "/plan.toml" }
  /// The seal of a plan that freezes by its hook alone.
  public var seal: String { path + "/sealed.json" }
  public var report: String { path + "/report.json" }

  /// Makes the folder of a new run.
  public static func make(
    _ run: String, of plan: Plan, planFile: String, archive: String, directory: String, rehearsal: RehearsalRecord?,
    stateDirectory: String
  ) throws -> RunFolder {
    let folder = RunFolder(
      path: stateDirectory + "/runs/" + run, run: run, archive: archive, directory: directory, created: .now,
      planFile: planFile, likely: rehearsal?.likely, atWorst: rehearsal?.atWorst)
    try Folder.create(folder.path)
    try Array(plan.normalText.utf8).withUnsafeBytes { try Folder.replace(folder.plan, with: $0) }
    try Array((folder.json.text + "\n").utf8).withUnsafeBytes {
      try Folder.replace(folder.path + "/run.json", with: $0)
    }
    return folder
  }

  /// - Throws: `.cutoverMissing` where there is none of that name.
  public static func read(_ run: String, stateDirectory: String) throws -> RunFolder {
    if let folder = find(run, stateDirectory: stateDirectory) { return folder }
    throw MigrationError(
      .cutoverMissing, "there is no cutover \(run)", cause: "\(stateDirectory)/runs has none of that name",
      safeNow: "nothing was changed", next: ["noteferry runs list"])
  }

  /// All runs that were begun, the newest first.
  public static func all(stateDirectory: String) -> [RunFolder] {
    let names = (try? Folder.names(in: stateDirectory + "/runs")) ?? []
    return names.compactMap { find($0, stateDirectory: stateDirectory) }
      .sorted { $0.created.milliseconds > $1.created.milliseconds }
  }

  private static func find(_ run: String, stateDirectory: String) -> RunFolder? {
    let path = stateDirectory + "/runs/" + run
    guard !run.contains("/"), run.hasPrefix("c-"), FileStatus.of(path + "/journal") != nil,
      let value = SmallFile.json(path + "/run.json")
    else { return nil }
    return RunFolder(value, path: path, run: run)
  }

  /// What the journal says, without taking it.
  public func look() throws -> RunLook {
    let (header, entries) = try CutoverJournal.read(journal)
    return RunLook(header: header, entries: entries)
  }

  private var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("run", .text(run)), .init("archive", .text(archive)), .init("directory", .text(directory)),
      .init("created", .text(created.rfc3339)), .init("plan", .text(planFile)),
    ]
    if let likely { members.append(.init("likely_ms", .integer(Int64(likely.seconds * 1000)))) }
    if let atWorst { members.append(.init("at_worst_ms", .integer(Int64(atWorst.seconds * 1000)))) }
    return .object(members)
  }

  private init?(_ value: JSONValue, path: String, run: String) {
    guard value["run"]?.string == run, let archive = value["archive"]?.string,
      let directory = value["directory"]?.string,
      let created = value["created"]?.string.flatMap({ Timestamp(rfc3339: $0) })
    else { return nil }
    self.init(
      path: path, run: run, archive: archive, directory: directory, created: created,
      planFile: value["plan"]?.string ?? path + "/plan.toml",
      likely: value["likely_ms"]?.integer.map { .milliseconds($0) },
      atWorst: value["at_worst_ms"]?.integer.map { .milliseconds($0) })
  }

  private init(
    path: String, run: String, archive: String, directory: String, created: Timestamp, planFile: String,
    likely: Duration?,
    atWorst: Duration?
  ) {
    self.path = path
    self.run = run
    self.archive = archive
    self.directory = directory
    self.created = created
    self.planFile = planFile
    self.likely = likely
    self.atWorst = atWorst
  }
}

/// Files of some KiB that are read whole.
enum SmallFile {
  /// - Returns: `nil` where there is none, or it is not one whole document.
  static func json(_ path: String) -> JSONValue? {
    guard let file = try? File.read(path), let size = try? file.status().byteCount, size < 1 << 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) })) == bytes.count else { return nil }
    return try? JSONReader.parse(bytes)
  }

  static func write(_ value: JSONValue, to path: String) throws {
    try Array((value.text + "\n").utf8).withUnsafeBytes { try Folder.replace(path, with: $0) }
  }
}
