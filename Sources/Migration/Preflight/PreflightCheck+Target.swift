import DurableIO
import NoteModel
import NoteStore

extension PreflightCheck {
  static let target: [PreflightCheck] = [
    PreflightCheck(
      "TGT-01", "target answers", .target, required: true,
      purpose: "A target that cannot be asked today is not filled tonight.",
      measured: "Each node is asked what is there.", recommended: "answers",
      fix: "do what the message says, then repeat the command"
    ) { context in
      do {
        return try context.eachTarget { _, target in
          let there = try target.occupancy()
          return there.exists
            ? .pass(.targetTables, target.engine, there.tables.count) : .pass(.targetEmpty, target.engine)
        }
      } catch let error as MigrationError where ![.interrupted, .terminated, .storeTimeout].contains(error.code) {
        return .block(error)
      }
    },
    PreflightCheck(
      "TGT-02", "target is empty", .target, required: true,
      purpose: "Notes that are there already would be mixed with those that come.",
      measured: "Rows in the tables that people fill: notes, attachments, owners, notebooks.",
      recommended: "no rows, or no tables and create-schema",
      fix: "import into a new store, or let the product initialise an empty one"
    ) { context in
      try context.eachTarget { place, _ in
        let look = try context.targetLook(place)
        guard !look.occupancy.tables.isEmpty else {
          return context.plan.target.createsSchema
            ? .pass(.tablesToMake) : .block(.noTables, fix: .said(.fixCreateSchema))
        }
        guard !look.tables.isEmpty else { return .block(.foreignProduct) }
        if look.rows.isEmpty { return .pass(.noRows) }
        return .block(.asFound, SpokenList(look.rows.map { Sentence.said(.rowsOf, $0.rows, $0.entity) }))
      }
    },
    PreflightCheck(
      "TGT-03", "foreign tables", .target, purpose: "Tables of another program may stand in the way of the product's.",
      measured: "Tables of each target that the source does not have.", recommended: "none",
      fix: "give the product a database of its own"
    ) { context in
      let known = Set(try context.look().tables.map { $0.lowercased() })
      let skipped = try context.look().profile.skippedTables.map { $0.table.lowercased() }
      return try context.eachTarget { _, target in
        let foreign = try target.occupancy().tables.filter {
          !known.contains($0.lowercased()) && !skipped.contains($0.lowercased())
        }
        return foreign.isEmpty ? .pass(.none) : .warn(.asFound, SpokenList(Array(foreign.prefix(3))))
      }
    },
    PreflightCheck(
      "TGT-04", "marks of earlier runs", .target,
      purpose: "An import that did not end is gone on with, or keeps another one out.",
      measured: "Our tables, guards and repairs files at each target.", recommended: "none",
      fix: "finish that import with its own command, or name a new target"
    ) { context in
      try context.eachTarget { _, target in
        let marks = try target.occupancy().marks
        return marks.isEmpty ? .pass(.none) : .warn(.asFound, SpokenList(Array(marks.prefix(3))))
      }
    },
    PreflightCheck(
      "TGT-05", "free sessions", .target, purpose: "A server without a free session turns the run away, or its users.",
      measured: "max_connections less what is reserved and in use.", recommended: "at least 8",
      fix: "end idle sessions, or raise max_connections"
    ) { context in
      try context.eachTarget { _, target in
        guard let free = try target.freeSessions() else { return .notApplicable(.noServer) }
        return Judgement(free < 2 ? .block : free < 8 ? .warn : .pass, .said(.asFound, free))
      }
    },
    PreflightCheck(
      "TGT-06", "commits end", .target, purpose: "A commit that waits for a lost synchronous standby hangs for ever.",
      measured: "Whether the synchronous standbys that each server waits for are connected.",
      recommended: "nothing to wait for",
      fix: "start the standby, or reset synchronous_standby_names"
    ) { context in
      try context.eachTarget { _, target in
        guard target.engine == "postgresql" else { return .notApplicable(.noServer) }
        return try target.commitObstacle().map { .block(.asFound, $0) } ?? .pass(.nothingToWaitFor)
      }
    },
    PreflightCheck(
      "TGT-07", "place for files", .target, purpose: "Attachments that are files need a directory at the target.",
      measured: "Whether the source has attachments in files, and each target a place for them.",
      recommended: "a place", fix: "name it: ?data=DIRECTORY, or attachments = \"database\" in the plan"
    ) { context in
      let look = try context.look()
      let hasFiles =
        look.fileBytes > 0 || context.plan.carry.attachments == .files
      guard hasFiles, context.plan.carry.attachments != .database else {
        return .notApplicable(.noFileAttachments)
      }
      return try context.eachTarget { _, target in
        try target.places().contains { $0.use == .files } ? .pass(.aPlace) : .block(.noDirectory)
      }
    },
  ]

  static let machine: [PreflightCheck] = [
    PreflightCheck(
      "HOST-01", "open files", .machine,
      purpose: "A run needs some dozens of open files, with a connection to each node.",
      measured: "The limit of this process (ulimit -n).", recommended: "at least 256", fix: "ulimit -n 1024"
    ) { _ in
      guard let limit = MachineFigures.openFileLimit else { return .notApplicable(.noLimit) }
      return limit < 256 ? .block(.asFound, limit) : .pass(.asFound, limit)
    },
    PreflightCheck(
      "HOST-02", "memory", .machine, purpose: "A machine without free memory swaps, and production with it.",
      measured: "Memory that is available, and what the process's own group and limit leave (cgroup, ulimit -v).",
      recommended: "at least 256 MiB", fix: "free memory, or run noteferry on another machine"
    ) { _ in
      guard let available = MachineFigures.availableMemory else { return .notChecked(.notTold) }
      if available < .mebibytes(160) { return .block(.asFound, available) }
      return available < .mebibytes(256) ? .warn(.asFound, available) : .pass(.asFound, available)
    },
    PreflightCheck(
      "HOOK-01", "hooks", .machine, required: true,
      purpose: "A hook that cannot be started in the night leaves users waiting.",
      measured: "Whether each program of the plan is there and may be run by this user. None is run.",
      recommended: "each can be run", fix: "correct its path in the plan, or chmod +x"
    ) { context in
      let hooks = context.plan.hooks.sorted { $0.key.rawValue < $1.key.rawValue }
      guard !hooks.isEmpty else { return .notApplicable(.planHasNone) }
      let bad = hooks.compactMap { name, hook -> Sentence? in
        let program = hook.command[0]
        guard FileStatus.of(program)?.isRegularFile == true else { return .said(.hookMissing, name.rawValue, program) }
        return FolderAccess.isExecutable(program) ? nil : .said(.hookNotExecutable, name.rawValue, program)
      }
      return bad.isEmpty ? .pass(.hooksRunnable, hooks.count) : .block(.asFound, SpokenList(bad))
    },
    PreflightCheck(
      "PLAN-01", "window", .machine, purpose: "A cutover that outlasts its window ends among users who came back.",
      measured: "The length of the plan's window against its downtime, and the time until it opens.",
      recommended: "as long as the downtime", fix: "make the window longer, or the downtime shorter"
    ) { context in
      guard let window = context.plan.window else { return .notApplicable(.planHasNone) }
      let length = Duration.seconds(Int64((window.end - window.start + 1440) % 1440) * 60)
      let wait = window.wait(from: context.request.now())
      return Judgement(
        length < context.plan.budget.downtime ? .warn : .pass,
        wait == .zero
          ? .said(.windowOpen, window.text, length.span)
          : .said(.windowOpens, window.text, length.span, Int(wait.inSeconds) / 60),
        recommended: .said(.atLeast, context.plan.budget.downtime.span))
    },
  ]
}
