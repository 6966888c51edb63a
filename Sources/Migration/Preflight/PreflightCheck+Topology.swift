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
      case .alone: return .pass(.oneNode)
      case .primary(let standbys): return .pass(standbys == 1 ? .primaryWith : .primaryWithSeveral, standbys)
      case .standby(let lag):
        let words: Sentence = lag.map { .said(.standbyBehind, tenths($0.inSeconds)) } ?? .said(.standbyUnknown)
        if context.request.isPlanned, context.plan.freeze.usesFence {
          return Judgement(.block, words, recommended: .said(.primaryForFence))
        }
        return Judgement(lag.map { $0 <= .seconds(10) } == true ? .pass : .warn, words)
      }
    },
    PreflightCheck(
      "TOPO-02", "source's second node", .source, purpose: "Two nodes that differ cannot both be right.",
      measured: "The second node is opened; it must be of the same product and version.",
      recommended: "the same product and version", fix: "correct `node` in the plan, or mend that node"
    ) { context in
      guard let node = context.plan.source.node else { return .notApplicable(.sourceHasOneNode) }
      let look = try context.look()
      var options = SnapshotOptions()
      options.stop = context.checkpoint
      do {
        let snapshot = try context.request.source(node).openSnapshot(options)
        defer { snapshot.close() }
        let found = "\(snapshot.profile.name) \(snapshot.schema.productVersion)"
        let wanted = "\(look.profile.name) \(look.schema.productVersion)"
        return Judgement(
          found == wanted ? .pass : .block, .said(.asFound, found), recommended: .said(.asFound, wanted))
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        return .block(.failed, error.message)
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
      guard !tables.isEmpty else { return .notApplicable(.productHasNone) }
      let nodes = Sentence.said(.mapping, mapping.sourceNodes, mapping.targetNodes)
      return mapping.sourceNodes == mapping.targetNodes
        ? .pass(.nodeRows, nodes, SpokenList(tables)) : .warn(.nodeRowsAdapted, nodes, SpokenList(tables))
    },
    PreflightCheck(
      "TOPO-04", "target's nodes", .target,
      purpose: "Only a primary and its own standby, or two stores that are each filled, are two copies.",
      measured: "Both nodes are asked what they are to one another.", recommended: "a pair, the primary first",
      fix: "name the primary first, then its standby, or two stores that are both written"
    ) { context in
      let places = context.plan.target.nodes
      guard places.count == 2 else { return .notApplicable(.targetHasOneNode) }
      do {
        return .pass(
          try context.request.isReplicatedPair(places[0], places[1])
            ? .secondFollows : .eachFilled)
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        return .block(error)
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
        guard let identity = try target.identity() else { return .pass(.noStoreYet) }
        return own.contains(identity) ? .block(.targetIsSource) : .pass(.twoStores)
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
        let fits = staysInFiles || largest.bytes <= target.lengthLimit
        return Judgement(
          fits ? .pass : .block, .said(.asFound, ByteCount(largest.bytes)),
          recommended: .said(.atMost, ByteCount(target.lengthLimit)))
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
      let basis = Sentence.said(look.damage.isComplete ? .ofAllRows : .inSample)
      return bad == 0 ? .pass(.filesThere, basis) : .warn(.filesMissing, bad, basis)
    },
    PreflightCheck(
      "ATT-03", "attachments elsewhere", .source,
      purpose: "Bytes in an object store or behind a URL are carried by reference only.",
      measured: "Rows of the sample, or all with --full, whose bytes live in another system.", recommended: "none",
      fix: "see to it that the target reaches the same object store"
    ) { context in
      let look = try context.look()
      let count = look.rowFindings[.attachmentExternal] ?? 0
      let basis = Sentence.said(look.damage.isComplete ? .ofAllRows : .inSample)
      return count == 0 ? .pass(.noneElsewhere, basis) : .warn(.someElsewhere, count, basis)
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
