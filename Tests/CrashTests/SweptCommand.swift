import DurableIO
import NoteModel
import Testing

/// A command over a small store, and how its result is compared with the undisturbed one.
enum SweptCommand: String, CaseIterable, Sendable {
  case inspect, verify, diff, export
  case exportPipe = "export-pipe"
  case importing = "import"
  case importPipe = "import-pipe"
  /// `export | import`, with the disturbance on the left or on the right.
  case pairLeft = "pair-left"
  case pairRight = "pair-right"
}

/// A small store with what is made of it undisturbed.
final class SweepFixture: Sendable {
  let directory: String
  let store: SampleStore
  private let dump: [String]
  private let archive: [UInt8]
  private let guarded: [String: Checksum]

  private var undisturbed: String { directory + "/undisturbed" }
  private var segment: String { undisturbed + "/0000-base.tar" }
  private var target: String { directory + "/target/memos_prod.db" }

  init(_ directory: String, journal: SampleStore.Journal = .delete) throws {
    self.directory = directory
    store = try SampleStore(in: directory + "/source", journal: journal, shrink: 100)
    dump = try store.dump()
    try Folder.create(directory + "/target")
    let exported = try exportStore(store.database, to: directory + "/undisturbed", in: directory)
    try #require(exported.status == 0, "\(exported.summary)")
    archive = try contents(directory + "/undisturbed/0000-base.tar")
    let filled = try run(
      importArguments(directory + "/undisturbed", to: directory + "/target/memos_prod.db", in: directory),
      in: directory)
    try #require(filled.status == 0, "\(filled.summary)")
    guarded = try Self.fingerprints(directory)
  }

  /// The digests of all files that no command may change.
  private static func fingerprints(_ directory: String) throws -> [String: Checksum] {
    var result: [String: Checksum] = [:]
    for part in ["source", "undisturbed", "target"] {
      // Whoever reads a store with a log makes an index beside it.
      for name in try tree("\(directory)/\(part)") where !name.hasSuffix("-shm") && !name.hasSuffix(".lock") {
        result["\(part)/\(name)"] = try contents("\(directory)/\(part)/\(name)").withUnsafeBytes {
          Digest.checksum(.sha256, $0)
        }
      }
    }
    return result.filter { !$0.key.hasSuffix("-wal") }
  }

  // MARK: - Running

  /// Runs a command to its end, its results below `place`.
  func perform(_ command: SweptCommand, in place: String, fault: FaultPlan? = nil) throws -> ChildProcess.Ending {
    let state = ["--state-dir", place + "/state", "--progress", "none"]
    let noteferry = { try ChildProcess.words($0, fault: $1) }
    switch command {
    case .inspect: return try run(["inspect", store.database, "--deep"] + state, in: place, fault: fault)
    case .verify:
      let against = ["--level", "full", "--against", store.database]
      return try run(["verify", undisturbed] + against + state, in: place, fault: fault)
    case .diff: return try run(["diff", store.database, target] + state, in: place, fault: fault)
    case .export:
      return try run(exportArguments(store.database, to: place + "/archive", in: place), in: place, fault: fault)
    case .exportPipe:
      let words = try noteferry(exportArguments(store.database, to: "-", in: place), fault)
      return try run(script: left(words, place) + "| cat >\(quoted([place + "/piped"])); " + status(place), in: place)
    case .importing:
      return try run(importArguments(undisturbed, to: filled(place), in: place), in: place, fault: fault)
    case .importPipe:
      let words = try noteferry(importArguments("-", to: filled(place), in: place), fault)
      return try run(script: "cat \(quoted([segment])) | \(quoted(words))", in: place)
    case .pairLeft, .pairRight:
      let one = exportArguments(store.database, to: "-", in: place)
      let two = importArguments("-", to: filled(place), in: place)
      let words = try noteferry(one, command == .pairLeft ? fault : nil)
      let reader = try noteferry(two, command == .pairRight ? fault : nil)
      // What counts is the importing side, unless the exporting one says that something was wrong.
      let join = "s=$?; [ $s -eq 0 ] || exit $s; "
      return try run(script: left(words, place) + "| \(quoted(reader)); " + join + status(place), in: place)
    }
  }

  private func filled(_ place: String) -> String { place + "/filled/memos_prod.db" }

  /// The left side of a pipe, which leaves its status behind.
  private func left(_ words: [String], _ place: String) -> String {
    "{ \(quoted(words)); echo $? >\(quoted([place + "/status"])); } "
  }

  private func status(_ place: String) -> String { "exit $(cat \(quoted([place + "/status"])))" }

  /// The operations of the undisturbed command.
  func operations(_ command: SweptCommand) throws -> Operations {
    let place = try newPlace("\(command.rawValue)-counted")
    let log = "\(directory)/operations-\(command.rawValue)"
    let ending = try perform(command, in: place, fault: .count(below: directory, log: log))
    let wrong = try problem(command, ending, in: place)
    try #require(wrong == nil)
    try Folder.removeTree(place)
    return try Operations(log: log)
  }

  func newPlace(_ name: String) throws -> String {
    let place = "\(directory)/\(name)"
    try #require(FileStatus.of(place) == nil, "two cases share \(place)")
    try Folder.create(place + "/filled")
    return place
  }

  // MARK: - Comparing

  /// What is wrong with a result that its command calls whole.
  ///
  /// - Parameters:
  ///   - isByteForByte: Without it an archive may differ in what it says of the expected size, which is a guess.
  ///   - isRepeated: An export that ended before it was killed may add a delta, because files that were written in the
  ///     second in which the base was begun are carried again.
  ///   - mayLeave: A system that says of a file that it does not exist keeps it from being removed.
  func problem(
    _ command: SweptCommand, _ ending: ChildProcess.Ending, in place: String, isByteForByte: Bool = true,
    isRepeated: Bool = false, mayLeave: Bool = false
  ) throws -> String? {
    guard ending.status == 0 else { return "the command ended with \(ending.summary)" }
    switch command {
    case .inspect: return ending.output.contains("25") ? nil : "not the undisturbed output: \(ending.summary)"
    case .verify: return ending.output.contains("identical") ? nil : "not the undisturbed output: \(ending.summary)"
    case .diff: return ending.output.isEmpty ? nil : "there is no difference: \(ending.summary)"
    case .export:
      let left = try tree(place + "/archive")
      let hasDelta = isRepeated && left.contains("0001-delta.tar")
      guard mayLeave || left == [".lock", "0000-base.tar"] + (hasDelta ? ["0001-delta.tar"] : []) else {
        return "left over: \(left)"
      }
      if hasDelta, let wrong = try unproven(place + "/archive", in: place) { return wrong }
      return try archiveDifference(place + "/archive/0000-base.tar", in: place, isByteForByte: isByteForByte)
    case .exportPipe:
      try Folder.rename(place + "/piped", to: place + "/piped.tar")
      return try archiveDifference(place + "/piped.tar", in: place, isByteForByte: isByteForByte)
    case .importing, .importPipe, .pairLeft, .pairRight:
      return try difference(store, filled(place), dump: dump)
    }
  }

  private func archiveDifference(_ path: String, in place: String, isByteForByte: Bool) throws -> String? {
    guard try contents(path) != archive else { return nil }
    return isByteForByte ? "another archive" : try unproven(path, in: place)
  }

  private func unproven(_ archive: String, in place: String) throws -> String? {
    let verified = try run(
      ["verify", archive, "--level", "full", "--against", store.database, "--state-dir", place + "/state"], in: place)
    return verified.status == 0 ? nil : "another archive: \(verified.summary)"
  }

  /// What was changed that no command may change.
  func damage() throws -> String? {
    let found = try Self.fingerprints(directory)
    guard found != guarded else { return nil }
    return "changed: \(Set(found.keys).union(guarded.keys).filter { found[$0] != guarded[$0] })"
  }

  /// Takes away what a run made that says itself that it is not whole.
  func clear(_ place: String) throws {
    try Folder.removeTree(place)
    try Folder.create(place + "/filled")
  }
}
