import AllStores
import Cutover
import DurableIO
import Migration
import NoteModel
import NoteStore

/// A cutover's work by the real export, import and comparison, all of it in the frozen time; users write between.
final class WholeStoreWork: CutoverWork {
  private let source: String
  private let target: String
  private let folder: String
  /// Called in front of and behind each piece of work.
  private let pass: (String) throws -> Void

  init(source: String, target: String, folder: String, pass: @escaping (String) throws -> Void) {
    self.source = source
    self.target = target
    self.folder = folder
    self.pass = pass
  }

  static let profile = Profile(
    name: "bench", title: "Bench", probeTables: ["note"], versionProbes: [], minimumVersion: "", maximumVersion: "",
    dataDirectory: ".",
    entities: [EntityProfile(name: "note", role: .note, tables: ["note"], isRequired: true, key: ["id"])])

  private struct Silence: RunObserver { func observe(_ event: RunEvent) {} }

  private func store(_ path: String) throws -> any SourceStore {
    try AllStores.source(path, profiles: [Self.profile])
  }

  func carryBase(_ frozen: FrozenTime?) throws { try pass("base") }

  func carryDelta(_ frozen: FrozenTime?) throws -> Duration {
    try pass("delta")
    guard let frozen else { return .zero }
    try frozen.check()
    for path in [target, target + "-wal", target + "-shm", target + ".noteferry-repairs"] { try Folder.remove(path) }
    try Folder.removeTree(folder + "/archive")
    _ = try export(
      store(source), to: .directory(folder + "/archive"),
      options: ExportOptions(stateDirectory: folder, toolVersion: "t"),
      observer: Silence(), stop: StopRequest())
    try pass("exported")
    var options = ImportOptions(stateDirectory: folder)
    options.createSchema = true
    let imported = try importArchive(
      .directory(folder + "/archive"), into: AllStores.target(target, profiles: [Self.profile]), options: options,
      readProfile: { _ in Self.profile }, reopen: { [target] in try AllStores.source(target, profiles: [$0]) },
      observer: Silence(), stop: StopRequest())
    guard imported.isApproved else { throw MigrationError(.internal, "the import is not approved") }
    try pass("imported")
    return .zero
  }

  func verify(_ frozen: FrozenTime) throws {
    let result = try diff(
      .store(store(source)), .store(store(target)), secrets: .include, stateDirectory: folder,
      readProfile: { _ in Self.profile }, observer: Silence(), stop: StopRequest())
    guard result.isEqual else { throw MigrationError(.targetMismatch, "the target is not equal") }
    try frozen.check()
    try pass("compared")
  }

  /// Rows that a glance is to have missed; `nil` where nothing was passed over.
  var late: Int64?
  var glancedSegment: Int? { late == nil ? nil : 3 }

  func proveSource(behind segment: Int) throws -> Int64 {
    try pass("behind \(segment)")
    return late ?? 0
  }

  func openTarget() throws { try pass("opened") }

  func giveUpOpening() {}

  func carryBack(wasOpened: Bool) throws { try pass("carried back") }
}
