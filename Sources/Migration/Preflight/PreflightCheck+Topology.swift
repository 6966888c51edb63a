import DurableIO
import NoteModel
import NoteStore

extension PreflightCheck {
  static let topology: [PreflightCheck] = [
    PreflightCheck(
      "TOPO-01", "source's role", .source,
      purpose: "A standby that is behind shows yesterday's notes, and cannot be fenced.",
      measured: "The server is asked whether it follows another one, and how far it is behind.",
      recommended: "a primary, or a standby at most 10 s behind", fix: "name the primary as the source"
    ) { context in
      switch try context.source.role() {
      case .alone: return .pass("one node")
      case .primary(let standbys): return .pass("a primary with \(standbys) standby\(standbys == 1 ? "" : "s")")
      case .standby(let lag):
        let words = "a standby" + (lag.map { ", \(tenths($0.inSeconds)) s behind" } ?? "; its lag cannot be told")
        if context.request.isPlanned, context.plan.freeze.usesFence {
          return .block(words, recommended: "a primary, because of the fence")
        }
        return lag.map { $0 <= .seconds(10) } == true ? .pass(words) : .warn(words)
      }
    },
    PreflightCheck(
      "TOPO-02", "source's second node", .source, purpose: "Two nodes that differ cannot both be right.",
      measured: "The second node is opened; it must be of the same product and version.",
      recommended: "the same product and version", fix: "correct `node` in the plan, or mend that node"
    ) { context in
      guard let node = context.plan.source.node else { return .notApplicable("the source has one node") }
      let look = try context.look()
      var options = SnapshotOptions()
      options.stop = context.checkpoint
      do {
        let snapshot = try context.request.source(node).openSnapshot(options)
        defer { snapshot.close() }
        let found = "\(snapshot.profile.name) \(snapshot.schema.productVersion)"
        let wanted = "\(look.profile.name) \(look.schema.productVersion)"
        return found == wanted ? .pass(found, recommended: wanted) : .block(found, recommended: wanted)
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        return .block(error.message)
      }
    },
    PreflightCheck(
      "TOPO-03", "rows of one node", .source,
      purpose: "Settings of one node mean nothing, or the wrong thing, on another one.",
      measured: "Tables with rows that belong to one node, and how many nodes each side has.",
      recommended: "as many nodes as before", fix: "read the list of adapted rows in the rehearsal"
    ) { context in
      let look = try context.look()
      let mapping = NodeMapping(
        sourceNodes: context.plan.source.node == nil ? 1 : 2, targetNodes: context.plan.target.nodes.count)
      let tables = look.topology.ownRows.map(\.entity)
      guard !tables.isEmpty else { return .notApplicable("the product has none") }
      let words = "\(mapping.words); rows in \(tables.joined(separator: ", "))"
      return mapping.sourceNodes == mapping.targetNodes ? .pass(words) : .warn(words + " are adapted")
    },
    PreflightCheck(
      "TOPO-04", "target's nodes", .target,
      purpose: "Only a primary and its own standby, or two stores that are each filled, are two copies.",
      measured: "Both nodes are asked what they are to one another.", recommended: "a pair, the primary first",
      fix: "name the primary first, then its standby, or two stores that are both written"
    ) { context in
      let places = context.plan.target.nodes
      guard places.count == 2 else { return .notApplicable("the target has one node") }
      do {
        return .pass(
          try context.request.isReplicatedPair(places[0], places[1])
            ? "the second follows the first" : "each is filled")
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        var judgement = Judgement.block(error.message + (error.cause.isEmpty ? "" : ": \(error.cause)"))
        judgement.fix = error.next
        return judgement
      }
    },
    PreflightCheck(
      "TOPO-05", "source is not target", .target, required: true,
      purpose: "A store that is filled from itself is lost.",
      measured: "File number and device, or the server's own identifier and database, of both sides.",
      recommended: "two stores", fix: "name another target"
    ) { context in
      let places = [context.plan.source.place] + (context.plan.source.node.map { [$0] } ?? [])
      let own = try places.compactMap { try context.inspector($0).identity() }
      return try context.eachTarget { _, target in
        guard let identity = try target.identity() else { return .pass("no store there yet") }
        return own.contains(identity) ? .block("the target is the source") : .pass("two stores")
      }
    },
  ]

  static let attachments: [PreflightCheck] = [
    PreflightCheck(
      "ATT-01", "largest attachment", .target, purpose: "An attachment that the target cannot hold is missing there.",
      measured: "The longest stored content and the largest size that a row names, against the limit of each target.",
      recommended: "below the target's limit", fix: "keep attachments in files: attachments = \"files\" in the plan"
    ) { context in
      let largest = try LargestContent(context)
      return try context.eachTarget { _, target in
        let staysInFiles =
          context.plan.carry.attachments == .files
          || (context.plan.carry.attachments == .keep && !largest.isInDatabase)
        let recommended = "at most \(ByteCount(target.lengthLimit))"
        if staysInFiles || largest.bytes <= target.lengthLimit {
          return .pass("\(ByteCount(largest.bytes))", recommended: recommended)
        }
        return .block("\(ByteCount(largest.bytes))", recommended: recommended)
      }
    },
    PreflightCheck(
      "ATT-02", "attachment files", .source, purpose: "A row whose file is gone shows a broken image afterwards, too.",
      measured: "The files of the sampled rows, or of all with --full, are looked for.",
      recommended: "every file is there",
      fix: "put the files back, or name their directory: ?data=DIRECTORY"
    ) { context in
      let look = try context.look()
      let bad = [Finding.Kind.attachmentFileMissing, .attachmentFileUnreadable, .attachmentFileOutside]
        .reduce(Int64(0)) { $0 + (look.rowFindings[$1] ?? 0) }
      let basis = look.damage.isComplete ? "of all rows" : "in a sample"
      return bad == 0 ? .pass("none is missing \(basis)") : .warn("\(bad) missing or unreadable \(basis)")
    },
    PreflightCheck(
      "ATT-03", "attachments elsewhere", .source,
      purpose: "Bytes in an object store or behind a URL are carried by reference only.",
      measured: "Rows of the sample, or all with --full, whose bytes live in another system.", recommended: "none",
      fix: "see to it that the target reaches the same object store"
    ) { context in
      let look = try context.look()
      let count = look.rowFindings[.attachmentExternal] ?? 0
      let basis = look.damage.isComplete ? "of all rows" : "in a sample"
      return count == 0 ? .pass("none \(basis)") : .warn("\(count) \(basis)")
    },
  ]
}

/// The longest attachment of the source.
struct LargestContent {
  var bytes: Int64 = 0
  /// Whether it is in the database rather than in a file.
  var isInDatabase = false

  init(_ context: PreflightContext) throws {
    let look = try context.look()
    let source = try context.source
    for entity in look.schema.entities {
      for column in entity.columns where column.kind == .content {
        let length = try source.longest(entity.table, column: column.name, isSize: false)
        if length > bytes { (bytes, isInDatabase) = (length, true) }
      }
      guard entity.role == .attachment, let size = entity.sizeColumn,
        entity.columns.contains(where: { $0.kind == .file })
      else { continue }
      let length = try source.longest(entity.table, column: entity.columns[size].name, isSize: true)
      if length > bytes { (bytes, isInDatabase) = (length, false) }
    }
  }
}
