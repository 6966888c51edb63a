import NoteModel

extension Catalogue {
  // MARK: - Exit statuses

  static let exitStatuses: [Explanation] = ExitStatus.allCases.map { status in
    let meaning = status.meaning
    return Explanation(
      topic: .exitStatus, key: String(status.rawValue), aliases: [status.name],
      means: status.name + ": " + meaning + ".", matters: group(of: status), act: action(for: status))
  }

  private static func group(of status: ExitStatus) -> String {
    switch status.rawValue {
    case 0: "A script may go on."
    case 10...19: "The run completed; the answer is that somebody should look."
    case 20...29: "The run was refused before any change."
    case 30...39: "The run stopped or fell short midway; what is done is kept."
    case 40...49: "This is about a cutover: which side is in service matters more than the run."
    case 64: "Nothing was read or changed."
    case 130, 143: "The run stopped at a checkpoint; what is done is kept."
    default: "Nothing can be said about the result."
    }
  }

  private static func action(for status: ExitStatus) -> String {
    switch status.rawValue {
    case 0: "Nothing."
    case 10...19: "Read the result; `--json` has it for programs."
    case 20...29: "Remove the cause that the message names, then repeat the command."
    case 30...39: "Remove the cause that the message names, then repeat the same command; it goes on from there."
    case 41: "Act now: the message says which side to bring into service and how."
    case 40, 42: "Read the message; the source is in service."
    case 64: "See the command's --help."
    case 130, 143: "Repeat the same command to go on."
    default: "Repeat the command; when it fails again, report the message with the output of `noteferry version`."
    }
  }

  // MARK: - Events

  static let events: [Explanation] = EventType.allCases.map { type in
    let (means, matters) = words(of: type)
    let fields = type.fields.map { $0.name + ($0.isRequired ? "" : "?") }.joined(separator: ", ")
    return Explanation(
      topic: .event, key: type.rawValue, means: means, matters: matters,
      act: "Read it with --events. Fields beside the envelope (? may be absent): \(fields). The exact shape: "
        + "`noteferry schema events`.")
  }

  private static func words(of type: EventType) -> (String, String) {
    switch type {
    case .runStarted:
      ("The first line of a run: which tool, command and machine.", "With `run` the lines of one run belong together.")
    case .phaseStarted:
      ("A part of the run begins, with its totals as far as they are known.", "It tells what is being waited for.")
    case .progress:
      (
        "How far the phase is, at most once a second.",
        "A total or rate that is not known is absent, never 0. This is the only event that may be left out."
      )
    case .phaseFinished:
      ("A part of the run is done, with its time and amounts.", "The parts show where the time went.")
    case .item:
      (
        "One row or attachment that is not simply identical, or that was worth a note.",
        "`reason` names a finding; each of them has its own explanation."
      )
    case .check:
      (
        "A check of a preflight was made.",
        "`id` says which one, and has its own explanation; `not_checked` is never a pass."
      )
    case .cutoverState:
      (
        "A cutover entered a state; the line is written before anything is done that belongs to it.",
        "`service` says which side takes writes from here on; `as_the_fences_say` means not before the fence is gone."
      )
    case .delta:
      (
        "A pass of a rehearsal is in its target; pass 0 is the base.",
        "The passes show whether the deltas shrink, and the frozen time is predicted from them."
      )
    case .verdict:
      (
        "What a rehearsal means for the night.",
        "`unproven` is no weaker go. Times that are absent could not be told."
      )
    case .reportWritten:
      ("A file with a report was written.", "Its checksum tells later whether it is still what the run wrote.")
    case .notice: ("Something that people should know and that stopped nothing.", "`next` has what can be done.")
    case .error:
      ("The failure that ended the run.", "The same five parts that people see, with the exit status.")
    case .checkpoint:
      ("Work up to here survives a crash.", "A repeated command goes on from the last checkpoint.")
    case .heartbeat:
      (
        "The run is alive, every ten seconds.",
        "A log without a line for 20 seconds belongs to a run that hangs or died."
      )
    case .runFinished:
      (
        "The last line of a run: its exit status with all reasons.",
        "A log without it is not complete: the run was killed or its reader did not read."
      )
    }
  }

  // MARK: - Metrics

  /// The numbers that results and reports show.
  static let metrics: [Explanation] = [
    metric(
      "conservation",
      "The sum of a migration: items in the source = identical + repaired + degraded + quarantined + "
        + "skipped by rule + missing, from counts made independently on both sides.",
      "It is the proof that nothing went astray; a sum that does not close is exit status 12 or 13.",
      "When it does not close, run `noteferry diff SOURCE TARGET` to see the items."),
    metric(
      "identical", "Items whose bytes on the target equal those of the source.",
      "The larger, the better; for a move between equal engines it should be all.", "Nothing."),
    metric(
      "repaired", "Items whose text was damaged and was put right exactly, with a way back.",
      "They differ from the source on purpose.", "Look at a sample before the cutover."),
    metric(
      "degraded",
      "Items that were carried with a known loss, for example without a detail that the target cannot hold.",
      "Each one needs somebody's approval.", "Read the items and approve them, or change the target."),
    metric(
      "quarantined", "Items that could not be carried safely; their bytes are kept apart.",
      "Users will not see them on the target.", "Read the items; repair them at the source or approve them."),
    metric(
      "skipped_by_rule", "Items left out because a rule said so: withheld secrets, derived tables, a selection.",
      "They are counted so that a rule never hides a loss.", "Check that the rule means what you want."),
    metric(
      "adapted", "Rows of one node that were given another node's name, because the target has other nodes.",
      "They differ from the source in the name of their node alone.",
      "Read the list in the result or the ledger; the profile's node-scoped rule decides it."),
    metric(
      "missing", "Items that the source has, or names, and that did not arrive.",
      "This is loss. The good value is 0.", "Read the findings of severity loss; restore the cause and export again."),
    metric(
      "lost", "Findings of severity loss so far, as the progress line shows them.",
      "0 lost at the end is what a migration is for.", "See the findings, or the item events with --events."),
    metric(
      "fuzzy", "A segment whose rows are not all of one moment, because it was resumed or its view was renewed.",
      "Each row is right, but two rows may be of different moments.",
      "Export again in one go, at a quieter hour or with a larger --wal-budget or --snapshot-age."),
    metric(
      "seal", "The digest of the last member of a segment, which lists the digests of all others.",
      "Equal seals mean equal archives, to the last byte.", "Keep it with the archive; `verify` prints it."),
    metric(
      "watermark", "How far an import is durable in the target, stored there in the same transaction as the rows.",
      "After a crash the import goes on behind it and never applies a row twice.", "Nothing."),
    metric(
      "checkpoint", "A place in the work from which a repeated command goes on.",
      "Everything before it survives a crash or a power cut.", "Nothing."),
    metric(
      "inventory", "Key and digest of every row, in key order.",
      "Two inventories are compared in one pass to prove that source, archive and target are equal.", "Nothing."),
    metric(
      "node", "One of the two stores that an import with --to twice fills: A, the primary, or B, its standby.",
      "Each has its own watermark and its own mark. The standby is sealed first, so a sealed primary has a sealed standby.",
      "When a message says that a node was lost or is behind, repeat the same command; it goes on from where each node is."
    ),
    metric(
      "inventory_sum", "A SHA-256 over key and digest of every row of the archive that was read back from a node.",
      "Equal sums mean that both nodes hold the same rows and attachments.",
      "When they differ, `noteferry diff A B` names the rows."),
    metric(
      "fingerprint", "A digest of engine, product, version and table definitions.",
      "Two stores with the same fingerprint can be filled from each other row by row.",
      "When they differ, bring both sides to the same version of the product."),
    metric(
      "free-floor", "The free space below which the run stops by itself; by default 5 % and 2 GiB.",
      "Production on the same disk must never run out of space because of a migration.", "Set it with --free-floor."),
    metric(
      "wal-budget", "How far the source's write-ahead log may grow while the run holds its view.",
      "A reader keeps the log from being folded back, and a full disk stops production.", "Set it with --wal-budget."),
    metric(
      "snapshot-age", "How long a server is asked to hold one view of the store; by default an hour.",
      "While it does, it keeps every row that others remove or change.", "Set it with --snapshot-age."),
    metric(
      "rate", "Bytes a second over the last 15 seconds.", "With the total it gives the time to the end.",
      "Limit it with --rate when production suffers."),
    metric(
      "eta",
      "The time to the end as a range: by the fastest and by the slowest of the speeds over the last 15 seconds, "
        + "the last 60 and the whole phase.",
      "It is absent before 2 % and 20 seconds, and while the total is not known.", "Plan with its late end."),
  ]

  private static func metric(_ key: String, _ means: String, _ matters: String, _ act: String) -> Explanation {
    Explanation(
      topic: .metric, key: key, aliases: [key.split(separator: "_").joined(separator: "-")], means: means,
      matters: matters, act: act)
  }
}
