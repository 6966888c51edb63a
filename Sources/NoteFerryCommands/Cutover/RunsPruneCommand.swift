import ArgumentParser
import Cutover
import DurableIO
import NoteModel

/// Removes what ended cutovers left on this machine.
struct RunsPruneCommand: LongCommand {
  static let isLong = false
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Removes the folders of cutovers that ended: journals, reports, ledgers.",
    usage: "noteferry runs prune [--keep <n>] [--older-than <span>] [--dry-run] [<options>]",
    discussion: """
      Never removed: a run that has not ended, one that has switched and was not finished, for its way back is open, \
      the newest of each plan, and one whose journal cannot be read. Stores, archives and rehearsals are not touched.

      Examples:
        noteferry runs prune --keep 3 --dry-run
        noteferry runs prune --older-than 90d
      """)

  @Option(name: .long, help: ArgumentHelp("Keep this many runs of each plan, the newest.", valueName: "n"))
  var keep: Int?

  @Option(
    name: .long, help: ArgumentHelp("Remove only what ended at least this long ago: 30d.", valueName: "span"))
  var olderThan: String?

  @Flag(name: [.customShort("n"), .long], help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard keep != nil || olderThan != nil else {
      throw ValidationError("say which: --keep 3, --older-than 90d, or both")
    }
    guard keep ?? 1 >= 1 else { throw ValidationError("--keep is at least 1: the newest run of a plan always stays") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let state = StoreAccess(session: session).stateDirectory
    var pruning = RunPruning(now: .now)
    if let keep { pruning.keep = keep }
    if let olderThan { pruning.age = try DurationArgument.duration(olderThan, for: "--older-than") }
    let folders = RunFolder.all(stateDirectory: state)
    let reasons = pruning.judge(
      folders.map { .init(run: $0.run, look: try? $0.look(), isAlive: $0.holder() != nil) })
    var removed: [RunFolder] = []
    if !dryRun { try PrunedFolder.removeLeft(stateDirectory: state) }
    for (folder, reason) in zip(folders, reasons) where reason == nil {
      // Somebody may have taken it up since it was looked at.
      if try dryRun || PrunedFolder.remove(folder, stateDirectory: state) { removed.append(folder) }
    }
    return outcome(
      removed, kept: zip(folders, reasons).compactMap { folder, reason in reason.map { (folder.run, $0) } })
  }

  private func outcome(_ removed: [RunFolder], kept: [(run: String, reason: RunPruning.Reason)]) -> Outcome {
    let word = dryRun ? "would be removed" : "removed"
    var lines = removed.map { "\($0.run)   \($0.created.rfc3339)   \(word)" }
    lines += kept.map { "\($0.run)   kept: \($0.reason.words)" }
    lines.append("\(Format.count(Int64(removed.count), "run")) \(word), \(kept.count) kept.")
    return Outcome(
      text: lines.joined(separator: "\n"),
      members: [
        .init("dry_run", .bool(dryRun)), .init("removed", .array(removed.map { .text($0.run) })),
        .init(
          "kept",
          .array(kept.map { .object([.init("run", .text($0.run)), .init("reason", .text($0.reason.rawValue))]) })),
      ])
  }
}

/// A run's folder on its way out. It gets another name first, so that half of it is never taken for a run.
enum PrunedFolder {
  private static let prefix = ".pruned-"

  /// - Returns: Whether it was removed; not while a process has the run.
  static func remove(_ folder: RunFolder, stateDirectory: String) throws -> Bool {
    do {
      let lock = try FileLock(folder.journal + ".lock", holder: "noteferry runs prune, process \(processID())")
      defer { withExtendedLifetime(lock) {} }
      let name = "\(stateDirectory)/runs/\(prefix)\(folder.run)"
      try Folder.rename(folder.path, to: name)
      try Folder.removeTree(name)
      return true
    } catch let error as MigrationError where error.code == .locked { return false }
  }

  /// Removes what an interrupted prune left.
  static func removeLeft(stateDirectory: String) throws {
    for name in (try? Folder.names(in: stateDirectory + "/runs")) ?? [] where name.hasPrefix(prefix) {
      try Folder.removeTree("\(stateDirectory)/runs/\(name)")
    }
  }
}
