import ArgumentParser
import DurableIO
import Migration
import NoteModel
import RemoteLink

/// Writes a plan from a look at its stores.
struct PlanNewCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Writes a commented plan from a look at the source and the target.",
    usage: "noteferry plan new <store> --to <target> [--to <target>] [-o <file>] [<options>]",
    discussion: """
      The stores are looked at and stay as they are. The file must not exist.

      Examples:
        noteferry plan new data/memos_prod.db --to new/memos_prod.db
        noteferry plan new data/memos_prod.db --to postgresql://a/memos --to postgresql://b/memos -o cutover.toml
      """)

  @Argument(help: "The store that is in service now.")
  var store: String

  @Option(
    name: .customLong("to"),
    help: ArgumentHelp("The store to fill; twice for two nodes, the primary first.", valueName: "target"))
  var targets: [String]

  @Option(name: .long, help: ArgumentHelp("The second node of the source.", valueName: "store"))
  var node: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @Option(
    name: .long, help: ArgumentHelp("Where the archive is to be made; by default a pipe.", valueName: "directory"))
  var archive: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
  var output: String = "cutover.toml"

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (1...2).contains(targets.count) else { throw ValidationError("--to is given once or twice") }
    if output == "-" { throw ValidationError("-o - is not possible: name a file") }
  }

  func perform(_ session: Session) throws -> Outcome {
    let look = StoreLook(access: StoreAccess(session: session, profilePath: profile))
    var draft = PlanDraft(source: .init(place: Self.absolute(store), seen: ""), targets: [], createsSchema: false)
    let source = try look.source(store)
    draft.source.seen = source.seen
    if RemoteAddress.isRemote(store) == false { draft.profile = source.profile }
    draft.profileFile = profile.map(Self.absolute)
    draft.archive = archive.map(Self.absolute)
    if let node { draft.node = .init(place: Self.absolute(node), seen: try look.source(node).seen) }
    for target in targets {
      let found = look.target(target)
      draft.targets.append(.init(place: Self.absolute(target), seen: found.seen))
      if found.isEmpty { draft.createsSchema = true }
    }
    // What is written must be what is read, and a place with a password in it is refused here.
    let plan = try PlanReader.read(draft.text, fileName: output)
    try draft.write(to: output)
    return Outcome(
      text: "Written to \(SafeText(output).text), hash \(plan.shortHash). No store was changed.\n"
        + "Read it through: the budgets and the hooks are yours to decide.",
      members: [.init("file", .text(output))] + PlanShowCommand.members(of: plan),
      next: [CommandLineText.noteferry(["plan", "check", output]), CommandLineText.noteferry(["preflight", output])])
  }

  /// A path as it is found from every directory; a URL as it is.
  static func absolute(_ place: String) -> String {
    if place.hasPrefix("/") || place == "-" { return place }
    if let colon = place.firstIndex(of: ":"), FileStatus.of(place) == nil {
      let scheme = place[..<colon]
      guard scheme == "sqlite" else { return place }
      let path = String(place[place.index(after: colon)...])
      return "sqlite:" + absolute(path)
    }
    guard let here = Folder.resolve(".") else { return place }
    return here + "/" + (place.hasPrefix("./") ? String(place.dropFirst(2)) : place)
  }
}

/// A short look at the places that a plan names.
struct StoreLook {
  let access: StoreAccess

  /// What is in a source, in a sentence.
  ///
  /// - Throws: what keeps the store from being read.
  func source(_ place: String) throws -> (seen: String, profile: String?) {
    if RemoteAddress.isRemote(place) { return ("on another machine, not looked at", nil) }
    let found = try survey(
      access.source(place), deep: false, observer: access.session.observer, stop: access.session.stop)
    let notes = found.entities.filter { $0.role == .note }.reduce(0) { $0 + $1.rows }
    let attachments = found.entities.filter { $0.role == .attachment }.reduce(0) { $0 + $1.rows }
    let version = SafeText(found.productVersion).text
    return (
      "\(SafeText(found.profileTitle).text)\(version.isEmpty ? "" : " " + version) in \(found.engine): "
        + "\(Format.count(notes, "note")), \(Format.count(attachments, "attachment")), \(ByteCount(found.bytes))",
      found.profile
    )
  }

  /// What is at a target, and whether there is no store yet.
  func target(_ place: String) -> (seen: String, isEmpty: Bool) {
    do { return (try source(place).seen, false) } catch {
      let failure = Session.failure(error)
      let isEmpty = failure.code == .sourceMissing || failure.code == .sourceNotAStore
      let words = SafeText(failure.message).text
      return (isEmpty ? "no store yet: \(words)" : "not looked at: \(words)", isEmpty)
    }
  }
}
