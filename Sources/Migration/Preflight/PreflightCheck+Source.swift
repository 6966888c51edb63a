import NoteModel
import NoteStore

extension PreflightCheck {
  static let source: [PreflightCheck] = [
    PreflightCheck(
      "SRC-01", "source opens", .source, required: true,
      purpose: "What cannot be opened and recognised cannot be carried.",
      measured: "A read-only view is opened, the product recognised by its tables, and every table counted.",
      recommended: "opens", fix: "do what the message says, then repeat the command"
    ) { context in
      do {
        let look = try context.look()
        let notes = look.entities(.note).reduce(Int64(0)) { $0 + (look.rows[$1.name] ?? 0) }
        return .pass(.storeOpened, look.profile.title, notes, ByteCount(look.bytes))
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        return .block(error)
      }
    },
    PreflightCheck(
      "SRC-02", "product", .source, purpose: "Rows mean what the plan's profile says only in a store of that product.",
      measured: "The profile by which the store was recognised, against the plan's.", recommended: "as planned",
      fix: "correct `profile` in the plan, or name the right store"
    ) { context in
      let found = try context.look().profile.name
      guard let wanted = context.plan.source.profile else { return .pass(.knownByTables, found) }
      return found == wanted
        ? .pass(.asFound, found) : .block(.otherProduct, found, wanted, recommended: .said(.asFound, wanted))
    },
    PreflightCheck(
      "SRC-03", "soundness", .source, purpose: "What is broken in the source is broken in the target.",
      measured: "The product's invariants are asked of the whole store, and the log is looked at for damage.",
      recommended: "0 broken rules", fix: "noteferry inspect SOURCE --deep names the rows"
    ) { context in
      let look = try context.look()
      let logs = look.count(.logDamaged)
      if look.brokenInvariants.isEmpty, logs == 0 { return .pass(.soundRules) }
      let rules: Sentence =
        look.brokenInvariants.isEmpty
        ? .said(.soundRules)
        : .said(.brokenRules, look.brokenInvariants.count, SpokenList(Array(look.brokenInvariants.prefix(3))))
      let fix = Sentence.said(.fixInspect, context.plan.source.place)
      return Judgement(.warn, logs > 0 ? .said(.both, rules, Sentence.said(.logDamaged)) : rules, fix: [fix])
    },
    PreflightCheck(
      "SRC-04", "tables", .source, purpose: "A table that cannot be carried row by row is missing afterwards.",
      measured: "The tables of the store against what the profile and the engine can carry.",
      recommended: "every table is carried", fix: "see whether the product can make these tables again by itself"
    ) { context in
      let look = try context.look()
      let lost = look.findings.filter { $0.kind == .tableNotCarried }
      let unknown = look.count(.tableUnknown)
      if lost.isEmpty {
        return .pass(
          unknown > 0 ? .tablesUnknown : .tablesCarried, look.schema.entities.count, unknown)
      }
      return .warn(.tablesLost, lost.count, SpokenList(lost.prefix(3).map(\.entity)))
    },
    PreflightCheck(
      "SRC-05", "marks of earlier runs", .source,
      purpose: "A fence that an earlier run left behind still acts on what users do.",
      measured: "Tables and triggers of the source whose names begin with noteferry_.", recommended: "none",
      fix: "see which run left them, and take them away when it is over"
    ) { context in
      let marks = try context.source.occupancy().marks
      return marks.isEmpty ? .pass(.none) : .warn(.asFound, SpokenList(Array(marks.prefix(3))))
    },
    PreflightCheck(
      "SRC-06", "other runs", .source,
      purpose: "Two runs that stop, carry and switch the same store would undo one another's work.",
      measured: "The lease and the fence in the source and in each target are read.", recommended: "none",
      fix: "noteferry status tells which side that run has left in service; finish it or roll it back first"
    ) { context in
      guard let otherRun = context.request.otherRun else { return .notApplicable(.notAsked) }
      for place in [context.plan.source.place] + context.plan.target.nodes {
        guard let run = try otherRun(place) else { continue }
        let end: Sentence = run.remaining.map { .said(.endsIn, $0.components.seconds) } ?? .said(.endsNever)
        return .block(
          .otherRun, run.claim.run, run.claim.holder, Sentence.said(run.keepsUsersOut ? .keepsUsersOut : .works), place,
          end)
      }
      return .pass(.none)
    },
  ]

  static let versions: [PreflightCheck] = [
    PreflightCheck(
      "VER-01", "source's engine", .source, purpose: "Older engines answer questions in another way.",
      measured: "The engine is asked.", recommended: "a supported version",
      fix: "upgrade the server, or copy its database to a newer one"
    ) { context in try engine(context.source) },
    PreflightCheck(
      "VER-02", "target's engine", .target, purpose: "What an older server lacks shows itself only in use.",
      measured: "The engine of each node is asked, and compared with the source's.",
      recommended: "supported, not older than the source's", fix: "upgrade the target's server first"
    ) { context in
      let source = try? context.source.version()
      return try context.eachTarget { _, target in
        let judgement = try engine(target)
        guard judgement.result == .pass, let source, target.engine == (try context.source.engine),
          try target.version().major < source.major
        else { return judgement }
        return .warn(.olderThanSource, judgement.actual, source.text, recommended: .said(.asFound, source.text))
      }
    },
    PreflightCheck(
      "VER-03", "product's version", .source,
      purpose: "Without its version it cannot be told which tables a store should have.",
      measured: "The version marker of the store against the versions that the profile knows.",
      recommended: "a marker, of a known version", fix: "start the product once, so that it writes its marker"
    ) { context in
      let look = try context.look()
      let version = look.schema.productVersion
      let known = Sentence.said(.versionRange, look.profile.minimumVersion, look.profile.maximumVersion)
      return version.isEmpty ? .warn(.noMarker, recommended: known) : .pass(.asFound, version, recommended: known)
    },
    PreflightCheck(
      "VER-04", "same version on both sides", .target,
      purpose: "Rows of one version in the tables of another are read wrongly by the product.",
      measured: "The version marker of each target that has the product's tables, against the source's.",
      recommended: "the source's version", fix: "let the source's version of the product initialise the target"
    ) { context in
      let wanted = try context.look().schema.productVersion
      return try context.eachTarget { place, _ in
        guard let found = try context.targetLook(place).version else { return .notApplicable(.noProductYet) }
        if found.isEmpty || wanted.isEmpty { return .notChecked(.oneSideUnmarked) }
        return found == wanted
          ? .pass(.asFound, found, recommended: .said(.asFound, wanted))
          : .block(.olderThanSource, found, wanted, recommended: .said(.asFound, wanted))
      }
    },
    PreflightCheck(
      "VER-05", "noteferry's version", .machine,
      purpose: "A plan that was rehearsed with one version is carried out with the same.",
      measured: "`tool-version` of the plan against this program.", recommended: "the plan's version",
      fix: "use that version, or rehearse again with this one"
    ) { context in
      guard let wanted = context.plan.toolVersion else { return .notApplicable(.planNamesNone) }
      let own = context.request.toolVersion
      return Judgement(own == wanted ? .pass : .block, .said(.asFound, own), recommended: .said(.asFound, wanted))
    },
  ]

  private static func engine(_ inspector: any StoreInspector) throws -> Judgement {
    let version = try inspector.version()
    return Judgement(
      version.isSupported ? .pass : .block, .said(.asFound, version.text),
      recommended: .said(.atLeast, version.minimum))
  }
}
