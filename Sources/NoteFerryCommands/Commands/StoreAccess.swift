import AllStores
import DurableIO
import Migration
import NoteModel
import NoteStore

/// From the words of the command line to stores, archives and profiles.
struct StoreAccess {
  let session: Session
  /// A profile file that was named, before the built-in ones.
  var profilePath: String?

  func profiles() throws -> [Profile] {
    guard let profilePath else { return Profile.builtIn }
    let profile = try ProfileReader.read(path: profilePath)
    return [profile] + Profile.builtIn.filter { $0.name != profile.name }
  }

  /// The same, with the one that a plan names before all others.
  func profiles(first name: String?) throws -> [Profile] {
    let all = try profiles()
    guard let name, let first = all.first(where: { $0.name == name }) else { return all }
    return [first] + all.filter { $0.name != name }
  }

  /// Whether the second store is a standby that the first replicates to by itself.
  static func isReplicatedPair(_ primary: String, _ standby: String, _ profiles: [Profile]) throws -> Bool {
    let targets = (try AllStores.target(primary, profiles: profiles), try AllStores.target(standby, profiles: profiles))
    let pair = try AllStores.pair((primary, standby), targets: targets, profiles: profiles, options: PairOptions())
    defer { pair.close() }
    return pair.isReplicated
  }

  func source(_ text: String) throws -> any SourceStore {
    let profiles = try profiles()
    guard profilePath != nil, !text.contains("profile=") else { return try AllStores.source(text, profiles: profiles) }
    // A profile that was named is the one that is meant.
    return try AllStores.source(text, profiles: [profiles[0]])
  }

  func target(_ text: String) throws -> any TargetStore { try AllStores.target(text, profiles: profiles()) }

  /// The store at `text`, to be changed in place; a profile that was named is the one that is meant.
  func idle(_ text: String) throws -> any IdleStore {
    let profiles = try profiles()
    guard profilePath != nil, !text.contains("profile=") else { return try AllStores.idle(text, profiles: profiles) }
    return try AllStores.idle(text, profiles: [profiles[0]])
  }

  /// A store or an archive, whichever the words name.
  func side(_ text: String) throws -> DiffSide {
    Self.isArchive(text) ? .archive(ArchivePlace(text)) : .store(try source(text))
  }

  /// Whether the words name a store on a server rather than a file.
  func isServer(_ text: String) -> Bool { (try? source(text))?.filePath == nil }

  /// The store at `text`, read with the profile that an archive carries.
  func source(_ text: String, profile: Profile) throws -> any SourceStore {
    try AllStores.source(text, profiles: [profile])
  }

  static func readProfile(_ bytes: UnsafeRawBufferPointer) throws -> Profile {
    try ProfileReader.read(bytes, fileName: "the archive's data/profile.toml")
  }

  /// Journals, spools and ledgers: `--state-dir`, else by the XDG base directory rules.
  var stateDirectory: String {
    Self.stateDirectory(named: session.settings.stateDirectory, session.environment)
  }

  static func stateDirectory(named: String?, _ environment: [String: String]) -> String {
    if let named { return named }
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/noteferry" }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/state/noteferry" }
    return (environment["TMPDIR"] ?? "/tmp") + "/noteferry"
  }

  var freeFloor: FreeFloor { FreeFloor(limit: session.settings.freeFloor) }

  /// Whether the words name an archive rather than a store: `-`, a directory, or a tar.
  static func isArchive(_ text: String) -> Bool {
    text == "-" || text.hasSuffix(".tar") || FileStatus.of(text)?.isDirectory == true
  }
}

/// Results as people read them.
enum ResultText {
  /// `31 notes in the source = 31 identical + … + 0 missing.`
  static func conservation(_ conservation: Conservation) -> [String] {
    [(EntityRole.note, "note"), (.attachment, "attachment")].compactMap { role, noun in
      guard let sum = conservation.total(role) else { return nil }
      let mark = sum.isBalanced ? "" : "   DOES NOT ADD UP"
      return "\(Format.count(sum.source, noun)) in the source = \(sum.identical.grouped) identical + "
        + "\(sum.repaired.grouped) repaired + \(sum.degraded.grouped) degraded + "
        + "\(sum.quarantined.grouped) quarantined + \(sum.skippedByRule.grouped) skipped by rule + "
        + (sum.adapted > 0 ? "\(sum.adapted.grouped) adapted + " : "")
        + "\(sum.missing.grouped) missing.\(mark)"
    }
  }

  /// `The source had two nodes; node B (standby) was read, and they held the same.`
  static func source(_ topology: SourceTopology) -> String {
    let role = topology.nodes.first { $0.label == topology.read }?.role ?? .primary
    let agreement =
      topology.differences == 0
      ? "they held the same" : "they differed in \(Format.count(topology.differences, "row"))"
    return "The source had two nodes; node \(topology.read) (\(role.rawValue)) was read, and \(agreement)."
  }

  static func json(_ conservation: Conservation) -> JSONValue {
    .array(
      conservation.accounts.map { account in
        var members: [JSONValue.Member] = [
          .init("entity", .text(account.entity)), .init("role", .text(account.role.rawValue)),
          .init("source", .integer(account.source)), .init("identical", .integer(account.identical)),
          .init("repaired", .integer(account.repaired)), .init("degraded", .integer(account.degraded)),
          .init("quarantined", .integer(account.quarantined)),
          .init("skipped_by_rule", .integer(account.skippedByRule)), .init("adapted", .integer(account.adapted)),
          .init("missing", .integer(account.missing)), .init("made", .integer(account.made)),
          .init("balanced", .bool(account.isBalanced)),
        ]
        if let target = account.target { members.append(.init("target", .integer(target))) }
        return .object(members)
      })
  }

  static func json(_ comparison: ComparisonResult) -> JSONValue {
    .object([
      .init("equal", .bool(comparison.isEqual)), .init("differences", .integer(comparison.differenceCount)),
      .init(
        "entities",
        .array(
          comparison.entities.map {
            .object([
              .init("entity", .text($0.entity)), .init("role", .text($0.role.rawValue)),
              .init("expected", .integer($0.expected)), .init("identical", .integer($0.identical)),
              .init("repaired", .integer($0.repaired)), .init("missing", .integer($0.missing)),
              .init("changed", .integer($0.changed)),
              .init("extra", .integer($0.extra)),
            ])
          })),
      .init("first", .array(comparison.differences.prefix(100).map { json($0) })),
    ])
  }

  static func json(_ difference: Difference) -> JSONValue {
    .object([
      .init("kind", .text(difference.kind.rawValue)), .init("entity", .text(difference.entity)),
      .init("key", .text(difference.key)), .init("explanation", .text(difference.explanation)),
    ])
  }

  static func line(_ difference: Difference) -> String {
    let key = SafeText(difference.key).text
    return "  \(difference.kind.rawValue)  \(difference.entity) \(key)  \(SafeText(difference.explanation).text)"
  }

  static func line(_ finding: Finding) -> String {
    // A column's name is the store's own text and may have a line feed in it, which would begin a line that looks like ours.
    let place = [finding.entity, finding.key, finding.column].filter { !$0.isEmpty }.map { SafeText($0).text }
    return "  \(finding.kind.rawValue)  \(place.joined(separator: " "))  \(SafeText(finding.explanation).text)"
  }
}
