import NoteModel

extension Catalogue {
  /// What can be in the way of a cutover.
  static func wordsOfCutover(_ code: ErrorCode) -> (String, String, String) {
    switch code {
    case .fenceHeld:
      (
        "Another run has stopped writing to this store; the message says which, and until when.",
        "Two runs that move one store would undo each other's work.",
        "Wait until that run ends. The fence of a dead run expires by itself at its deadline."
      )
    case .fenceSealed:
      (
        "A cutover has moved this store for good, and keeps it for reading.",
        "Writing to it would put notes where nobody looks for them.",
        "Use the new store, or roll that cutover back, which takes the notes that were written since along."
      )
    case .fenceExpired:
      (
        "The time ran out before the cutover was done, so users write to the old store again.",
        "Something may have been written since; sealing the store now could lose it.",
        "Begin the cutover again. What was copied is kept, so the next try is shorter."
      )
    case .fenceLeaks:
      (
        "A write that the fence should refuse was not refused, or a table has come since it was raised.",
        "A note that is written to the old store behind the last copy would be lost.",
        "The old store stays in service. Find what writes past the triggers, stop it, and begin again."
      )
    case .leaseHeld:
      (
        "Another cutover works on this store, from here or from another machine.",
        "Two cutovers at once could each take the other's store out of service.",
        "Ask that run for its state. The lease of a dead run ends by itself."
      )
    case .hookFailed:
      (
        "A program of the operator's, which a cutover runs to freeze, switch or look, failed or ran into its limit.",
        "What it should have done may be half done. The cutover goes back, so that one side is in service.",
        "Read what it said in the run's folder, mend it, and begin the cutover again."
      )
    case .cutoverUnclear:
      (
        "The account of a cutover and the source's fence contradict one another, or another run has the fence.",
        "Going on could have both sides accept writes, and no program can join that again.",
        "Look which side is in service, stop the other one, and then go on or roll back."
      )
    case .cutoverLoss:
      (
        "The plan's [loss] allows fewer items in a bucket than the passes of a cutover came to.",
        "A cutover that loses more than was agreed on is not what was agreed on.",
        "Read the ledger in the run's folder. Mend the items at the source, or allow them in the plan and rehearse it anew."
      )
    case .cutoverGivenUp:
      (
        "A cutover was given up in order: by a person, by a failure, or because its time was over.",
        "The source is in service and holds everything; users write to it again.",
        "Read the cause, mend it, and begin the cutover again. What was copied is kept, so the next try is shorter."
      )
    case .cutoverLate:
      (
        "Behind the switch, rows of the sealed source were found that changed unseen just before the freeze.",
        "The last delta passes over columns behind long attachments, so that users wait for seconds; in a product that changes "
          + "such a column and nothing else in a row, not even its time, the target has the former value.",
        "The new values are in the archive's newest segment and in the sealed source. Go back with `noteferry cutover "
          + "rollback`, or mend the rows by hand and close the way back with `cutover finish --accept-late`."
      )
    case .cutoverAttention:
      (
        "A cutover stopped where neither side is safely in service, and cannot go on by itself.",
        "Users may not be able to write until somebody acts.",
        "Look at `noteferry status`, which names the side in service, remove the cause, and type the command that it names."
      )
    case .cutoverMissing:
      (
        "There is no cutover of that name in the state directory.",
        "A cutover leaves its account on the machine, and below the state directory, where it was begun.",
        "List them with `noteferry runs list`, and give the --state-dir that the cutover had."
      )
    case .rehearsalStale:
      (
        "The rehearsal of this plan does not count: there is none, or plan, tool or source have changed since, or it is old.",
        "A cutover must do what was rehearsed, on the store with which it was rehearsed.",
        "Rehearse the plan again, then run the cutover."
      )
    case .cutoverPaused:
      (
        "A cutover was paused from another session while users still write to the source.",
        "Nothing is frozen, and what was carried is kept.",
        "Repeat the same command; it goes on from there."
      )
    case .returnConflict:
      (
        "The way back of a cutover found the old store other than the archive says, or a row in the way of another one.",
        "Nobody should have written there since the seal. Bringing notes back over such a row would lose one of the two.",
        "Nothing was changed. Compare the old store with the archive (noteferry diff) and decide which rows count."
      )
    case .returnImpossible:
      (
        "What users wrote to the new store cannot be brought back into the old one: the two stores are not of one kind.",
        "Notes that would be left out or changed on the way are not carried quietly.",
        "Leave the new store in service, or export it and carry the notes by hand. Nothing was changed."
      )
    default:
      (
        "The account of a cutover has a line that is not what was written.",
        "What it would do next cannot be told safely, so it does nothing.",
        "Look which store is in service, mend the disk, and restore the account from a copy of its folder."
      )
    }
  }
}
