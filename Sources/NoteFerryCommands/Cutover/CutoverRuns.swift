import Cutover
import DurableIO
import Migration
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The runs of a state directory.
struct CutoverRuns {
  let stateDirectory: String

  /// The run of a plan that has not ended; the newest of several.
  func unfinished(_ plan: Plan) -> (folder: RunFolder, look: RunLook)? {
    for folder in RunFolder.all(stateDirectory: stateDirectory) {
      guard let look = try? folder.look(), look.header.plan == plan.hash.description, !look.state.isFinal else {
        continue
      }
      return (folder, look)
    }
    return nil
  }

  /// A folder for a run that begins now.
  ///
  /// - Throws: `.leaseHeld` where a run of another plan has not ended that moves the same source.
  func begin(_ plan: Plan, planFile: String, rehearsal: RehearsalRecord?) throws -> RunFolder {
    for folder in RunFolder.all(stateDirectory: stateDirectory) {
      guard let look = try? folder.look(), look.header.source == plan.source.place, !look.state.isFinal else {
        continue
      }
      throw MigrationError(
        .leaseHeld, "another cutover works on \(plan.source.place)",
        cause: "run \(folder.run) follows another plan, and has not ended: its state is \(look.state.rawValue)",
        safeNow: "nothing was changed",
        next: ["noteferry status \(folder.run)", "noteferry cutover abort \(folder.run)"])
    }
    return try RunFolder.make(
      "c-" + Session.newRunID().dropFirst(2), of: plan,
      planFile: planFile.hasPrefix("/") ? planFile : (Folder.resolve(planFile) ?? planFile),
      archive: plan.archive ?? archive(plan),
      directory: Folder.resolve(".") ?? ".", rehearsal: rehearsal, stateDirectory: stateDirectory)
  }

  /// A plan without an archive has one here, for deltas need it. By source and targets, so that the next run of a plan that
  /// was mended goes on with it.
  private func archive(_ plan: Plan) -> String {
    let names = ([plan.source.place, plan.source.node ?? ""] + plan.target.nodes).joined(separator: "\n")
    let digest = Array(names.utf8).withUnsafeBytes { Digest.checksum(.sha256, $0) }
    return Plan.archives(in: stateDirectory) + "/" + digest.description.prefix(16)
  }

  /// A run by its name; without one that which has not ended, else the newest.
  func named(_ run: String?) throws -> RunFolder {
    if let run { return try RunFolder.read(run, stateDirectory: stateDirectory) }
    let all = RunFolder.all(stateDirectory: stateDirectory)
    let open = all.first { (try? $0.look())?.state.isFinal == false }
    guard let found = open ?? all.first else {
      throw MigrationError(
        .cutoverMissing, "no cutover was begun here", cause: "\(stateDirectory)/runs is empty",
        safeNow: "nothing was changed", next: ["noteferry cutover run PLAN"])
    }
    return found
  }

  /// The plan of a run, as it was begun. Its relative places are those of the directory in which it was begun, so the
  /// process goes there.
  func plan(of folder: RunFolder) throws -> Plan {
    let plan = try PlanReader.read(path: folder.plan)
    if chdir(folder.directory) != 0 {
      throw MigrationError(
        .cutoverMissing, "the directory in which the run was begun is gone", cause: folder.directory,
        safeNow: "nothing was changed", next: ["make it again, or mount its disk"])
    }
    return plan
  }
}
