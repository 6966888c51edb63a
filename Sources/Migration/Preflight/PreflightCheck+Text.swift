import DurableIO
import NoteModel
import NoteStore

extension PreflightCheck {
  static let text: [PreflightCheck] = [
    PreflightCheck(
      "ENC-01", "text encodings", .source, purpose: "Text in a damaged encoding is lost by most importers.",
      measured: "Text is judged by the repair gate: the first rows of each table (2,000), or all with --full.",
      recommended: "0 damaged texts", fix: "noteferry repair scan SOURCE"
    ) { context in
      let damage = try context.look().damage
      let basis = Sentence.said(damage.isComplete ? .allRows : .sampleRows, damage.rows)
      guard damage.damaged > 0 else { return .pass(.noDamage, basis) }
      return .warn(
        .damaged, damage.damaged, basis, damage.repairable, fix: .said(.fixScan, context.plan.source.place))
    },
    PreflightCheck(
      "ENC-02", "source's encoding", .source,
      purpose: "A server that converts text on its way shows other bytes than it stores.",
      measured: "The encoding of the source's database.", recommended: "UTF8",
      fix: "none is needed; look at a sample of the text in the rehearsal"
    ) { context in
      guard let encoding = try context.source.encoding() else { return .notApplicable(.noDatabase) }
      switch encoding {
      case "UTF8": return .pass(.asFound, encoding)
      case "SQL_ASCII": return .warn(.sqlAscii)
      default: return .warn(.serverConverts, encoding)
      }
    },
    PreflightCheck(
      "ENC-03", "target's encoding", .target, required: true,
      purpose: "A database in another encoding cannot hold every text.",
      measured: "The encoding of each target's database.", recommended: "UTF8",
      fix: "make the database anew: CREATE DATABASE NAME ENCODING 'UTF8' TEMPLATE template0"
    ) { context in
      try context.eachTarget { _, target in
        guard let encoding = try target.encoding() else { return .pass(.madeAsUnicode) }
        return encoding == "UTF8" ? .pass(.asFound, encoding) : .block(.asFound, encoding)
      }
    },
    PreflightCheck(
      "ENC-04", "texts with NUL", .source, purpose: "A PostgreSQL server takes no text with a NUL character.",
      measured: "Rows of the sample, or all with --full, where the target is a PostgreSQL server.",
      recommended: "0",
      fix: "read these rows in the rehearsal's ledger: marks stand in for the NULs, the original is kept"
    ) { context in
      guard try context.targets.contains(where: { $0.engine == "postgresql" }) else {
        return .notApplicable(.targetHoldsNUL)
      }
      let look = try context.look()
      let count = look.rowFindings[.textContainsNUL] ?? 0
      return Judgement(count == 0 ? .pass : .warn, .said(.countInRows, count, look.damage.rows))
    },
  ]

  static let clocks: [PreflightCheck] = [
    PreflightCheck(
      "TIME-01", "source's clock", .source,
      purpose: "The fence expires by the source's clock, the run's deadline by this one.",
      measured: "The server's time against the middle of the time that asking took.", recommended: "at most 2 s apart",
      fix: "let both machines take their time from one server (chrony, ntp)"
    ) { context in try skew(context.source, context) },
    PreflightCheck(
      "TIME-02", "target's clock", .target, purpose: "Notes that users write after the switch are dated by the target.",
      measured: "As TIME-01, of each node.", recommended: "at most 2 s apart",
      fix: "let both machines take their time from one server (chrony, ntp)"
    ) { context in try context.eachTarget { _, target in try skew(target, context) } },
  ]

  private static func skew(_ inspector: any StoreInspector, _ context: PreflightContext) throws -> Judgement {
    // The session is opened first, so that only the question itself is timed.
    _ = try inspector.clock()
    let before = context.request.now().milliseconds
    guard let there = try inspector.clock() else { return .notApplicable(.thisMachinesClock) }
    let after = context.request.now().milliseconds
    let skew = there.milliseconds - (before + after) / 2
    let doubt = (after - before + 1) / 2
    let actual = Sentence.said(
      skew < 0 ? .clockBehind : .clockAhead, "\(Double(abs(skew)) / 1000)", "\(Double(doubt) / 1000)")
    let known = abs(skew) - doubt
    return Judgement(known > 300_000 ? .block : known > 2000 ? .warn : .pass, actual)
  }

  static let privileges: [PreflightCheck] = [
    PreflightCheck(
      "PRIV-01", "reading the source", .source, required: true,
      purpose: "A table that may not be read is missing afterwards.",
      measured: "The right to read each of the product's tables.", recommended: "every table",
      fix: "GRANT SELECT ON ALL TABLES IN SCHEMA public TO this user"
    ) { context in
      // All that are there, also those for whose sake the look itself failed.
      let tables = try context.source.occupancy().tables
      return try rights(context.source.refusals(for: .read, tables: tables), all: .everyTable, isBlocking: true)
    },
    PreflightCheck(
      "PRIV-02", "making the fence", .source, purpose: "The fence is a trigger on the product's tables.",
      measured: "The rights to make triggers and a table in the source, without making any.",
      recommended: "triggers can be made", fix: "give the rights, or set method = \"hook\" in the plan"
    ) { context in
      guard context.plan.freeze.usesFence else { return .notApplicable(.freezeByHook) }
      let tables = try context.look().tables
      return try rights(
        context.source.refusals(for: .fence, tables: tables), all: .triggersPossible,
        isBlocking: context.request.isPlanned)
    },
    PreflightCheck(
      "PRIV-03", "filling the target", .target, required: true,
      purpose: "What may not be written is found here rather than in the night.",
      measured: "The rights to make or fill the product's tables on each node that is written.",
      recommended: "tables can be filled", fix: "connect as the owner of the database, or make the directory writable"
    ) { context in
      let tables = try context.look().tables
      let places = context.plan.target.nodes
      // A standby that follows by itself is not written.
      let isReplicated = places.count == 2 && (try? context.request.isReplicatedPair(places[0], places[1])) == true
      return .worst(
        try places.enumerated().map { index, place in
          if isReplicated, index == 1 { return .notApplicable(.followsPrimary) }
          return try rights(
            context.inspector(place).refusals(
              for: .fill(createsSchema: context.plan.target.createsSchema), tables: tables),
            all: .tablesFillable, isBlocking: true)
        })
    },
    PreflightCheck(
      "PRIV-04", "writing archive and journals", .machine, required: true,
      purpose: "A run without its journal or archive ends at once.",
      measured: "Whether this user may write to the state directory and where the archive is to be.",
      recommended: "both are writable", fix: "name other places: --state-dir, archive in the plan"
    ) { context in
      let paths = [context.request.stateDirectory] + (context.request.archive.map { [$0] } ?? [])
      let refused = paths.compactMap { path -> Sentence? in
        let place = FolderAccess.nearest(path)
        return FolderAccess.isWritable(place) ? nil : .said(.notWritable, place)
      }
      return try rights(refused, all: .bothWritable, isBlocking: true)
    },
    PreflightCheck(
      "PRIV-05", "seeing other sessions", .source,
      purpose: "Whoever keeps the freeze waiting can only be named when he is seen.",
      measured: "Whether this user is a member of pg_monitor or pg_read_all_stats.", recommended: "a member",
      fix: "GRANT pg_monitor TO this user"
    ) { context in
      guard try context.source.engine == "postgresql" else { return .notApplicable(.noServer) }
      return try rights(context.source.refusals(for: .watch, tables: []), all: .aMember, isBlocking: false)
    },
  ]

  private static func rights(_ refused: [any Spoken], all: PreflightPhrase, isBlocking: Bool) throws -> Judgement {
    guard !refused.isEmpty else { return .pass(all) }
    let first = SpokenList(Array(refused.prefix(3)))
    return Judgement(
      isBlocking ? .block : .warn,
      refused.count > 3 ? .said(.andMore, first, refused.count - 3) : .said(.asFound, first))
  }
}
