import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore

/// The places that a rehearsal fills in the stead of the plan's targets, and empties again.
///
/// Files lie in a directory of ours. Databases are given by the operator; they are marked before they are filled, and only
/// marked ones are emptied. What a killed rehearsal has left is removed by the next one of the same plan.
final class ScratchPlaces {
  let directory: String
  /// In the order of the plan's nodes.
  let nodes: [String]
  let fileNodes: Int
  private let lock: FileLock
  private var databases: [any ScratchStore] = []

  /// - Parameters:
  ///   - parent: Where the directory is made.
  ///   - sinkIsNull: Nothing but spools is made.
  ///   - databases: One for each node of the plan that is a server.
  /// - Throws: `.usage` for databases that do not fit the plan or are stores of it; `.locked`; what `claim` throws.
  init(
    _ plan: Plan, parent: String, databases given: [String], access: PlannedAccess, sinkIsNull: Bool
  ) throws {
    directory = "\(parent)/noteferry-rehearsal-\(plan.hash.description.prefix(8))"
    try Folder.create(parent)
    lock = try FileLock(directory + ".lock", holder: "noteferry rehearse, process \(processID())")
    try Folder.removeTree(directory)
    try Folder.create(directory)
    guard !sinkIsNull else {
      (nodes, fileNodes) = ([], 0)
      return
    }
    var rest = given[...]
    var places: [String] = []
    var files = 0
    for (index, node) in plan.target.nodes.enumerated() {
      guard try AllStores.scratch(node) != nil else {
        places.append(try Self.filePlace(node, in: "\(directory)/node-\(index)"))
        files += 1
        continue
      }
      guard let url = rest.popFirst() else { throw Self.missing(node) }
      places.append(try Self.serverPlace(url, files: "\(directory)/files-\(index)"))
    }
    guard rest.isEmpty else { throw Self.tooMany(rest.first!) }
    (nodes, fileNodes) = (places, files)
    for place in given { try Self.refuseStoreOfPlan(place, plan, access) }
    for place in given {
      // A standby is filled by its primary, and emptied by it, too.
      let inspector = try AllStores.inspector(place, profiles: access.profiles) {}
      defer { inspector.close() }
      if case .standby = try inspector.role() { continue }
      let database = try AllStores.scratch(place)!
      try database.claim()
      databases.append(database)
    }
  }

  /// Removes everything. What cannot be removed is removed by the next rehearsal.
  ///
  /// - Parameter sparing: Whether others commit on these disks meanwhile. Then it takes 10 s for each GB, and at most two
  ///   minutes.
  func remove(sparing: Bool = false) throws {
    for database in databases {
      try database.erase()
      database.close()
    }
    databases = []
    if sparing { try shorten() }
    try Folder.removeTree(directory)
    try? Folder.remove(directory + ".lock")
  }

  /// Takes large files away in steps. A file system that tells the disk what became free lets every commit on it wait until
  /// all of that is told.
  private func shorten() throws {
    let files = try Self.files(in: directory)
    let steps: Int64 = 6000  // of 20 ms
    let step = max(2 << 20, files.reduce(0) { $0 + $1.byteCount } / steps)
    for (path, byteCount) in files where byteCount > step {
      let file = try File.write(path)
      for length in stride(from: byteCount - step, through: 0, by: -Int(step)) {
        try file.truncate(to: length)
        pause(.milliseconds(20))
      }
    }
  }

  private static func files(in directory: String) throws -> [(path: String, byteCount: Int64)] {
    try Folder.names(in: directory).flatMap { name in
      let path = directory + "/" + name
      guard let status = FileStatus.of(path, followLinks: false) else { return [(path: String, byteCount: Int64)]() }
      if status.isDirectory { return try files(in: path) }
      return status.isRegularFile ? [(path, status.byteCount)] : []
    }
  }

  private static func filePlace(_ node: String, in directory: String) throws -> String {
    try Folder.create(directory)
    var path = String(node.prefix { $0 != "?" })
    if path.hasPrefix("sqlite:") { path.removeFirst("sqlite:".count) }
    let profile = option("profile", of: node).map { "?profile=\($0)" } ?? ""
    return "\(directory)/\(Folder.lastComponent(of: path))\(profile)"
  }

  private static func serverPlace(_ url: String, files: String) throws -> String {
    guard option("data", of: url) == nil else {
      throw MigrationError(
        .usage, "--scratch-target names a data directory",
        cause: "files of a rehearsal lie in its own directory, which is removed afterwards",
        safeNow: "nothing was read or changed", next: ["leave ?data= away"])
    }
    try Folder.create(files)
    return url + (url.contains("?") ? "&" : "?") + "data=\(files)"
  }

  private static func option(_ name: String, of place: String) -> String? {
    guard let mark = place.lastIndex(of: "?") else { return nil }
    return place[place.index(after: mark)...].split(separator: "&").first { $0.hasPrefix(name + "=") }
      .map { String($0.dropFirst(name.count + 1)) }
  }

  // MARK: - Refusals

  private static func missing(_ node: String) -> MigrationError {
    MigrationError(
      .usage, "a rehearsal needs an empty database in the place of \(Redaction.argument(node))",
      cause: "no target of the plan is touched, and a database is not made by noteferry",
      safeNow: "nothing was read or changed",
      next: ["createdb noteferry_scratch", "then: --scratch-target postgresql://USER@HOST/noteferry_scratch"])
  }

  private static func tooMany(_ place: String) -> MigrationError {
    MigrationError(
      .usage, "--scratch-target \(Redaction.argument(place)) stands in the place of no target",
      cause: "it is given once for each node of the plan that is a server", safeNow: "nothing was read or changed",
      next: ["leave it away: files are rehearsed in the scratch directory"])
  }

  private static func refuseStoreOfPlan(_ place: String, _ plan: Plan, _ access: PlannedAccess) throws {
    func identity(_ place: String) throws -> String? {
      let inspector = try AllStores.inspector(place, profiles: access.profiles) {}
      defer { inspector.close() }
      return try inspector.identity()
    }
    let own = try identity(place)
    for other in [plan.source.place] + (plan.source.node.map { [$0] } ?? []) + plan.target.nodes {
      guard other == place || (own != nil && (try? identity(other)) == own) else { continue }
      throw MigrationError(
        .usage, "--scratch-target \(Redaction.argument(place)) is a store of the plan",
        cause: "it is the same database as \(Redaction.argument(other))",
        safeNow: "nothing was read or changed", next: ["name an empty database that is for rehearsals alone"])
    }
  }
}
