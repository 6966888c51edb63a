import NoteModel

extension Catalogue {
  static let errors: [Explanation] = ErrorCode.allCases.map { code in
    let (means, matters, act) = words(of: code)
    return Explanation(
      topic: .error, key: code.rawValue, means: means, matters: matters, act: act, exit: code.exitStatus)
  }

  private static func words(of code: ErrorCode) -> (String, String, String) {
    switch code {
    case .internal:
      (
        "The tool met something that its authors did not foresee.",
        "Nothing can be said about the result, so it must not be used until the reason is known.",
        "Repeat the command. When it fails again, report the message with the output of `noteferry version`."
      )
    case .sourceChanged:
      (
        "An export or import that was interrupted belongs to another store, or was begun with other options.",
        "Going on would mix two stores in one archive.",
        "Repeat the command with the store and the options it was begun with, or begin in another directory."
      )
    case .sourceMissing:
      (
        "There is no file or directory at the place that was named, or it went away.",
        "Nothing was read, so nothing was carried.",
        "Check the path for typing errors and whether its disk is mounted."
      )
    case .sourceNotAStore:
      (
        "The file exists and is not a store of a product that a profile describes.",
        "A wrong guess about the product would lose its notes silently, so none is made.",
        "Name the database file itself, or give the product's profile with --profile FILE."
      )
    case .sourceWALUnreadable:
      (
        "Beside the database lies a write-ahead log (-wal) that cannot be used.",
        "The newest notes may stand in that log alone. Reading without it would lose them without a word.",
        "Make the -wal and -shm files readable for this user, or copy all three files while the server is stopped."
      )
    case .sourceTableMissing:
      (
        "A table or column that the product always has is not in the store.",
        "The store is damaged, half upgraded, or of another product.",
        "Start the product once so that it upgrades its store, or use the profile that fits."
      )
    case .sourceCorrupt:
      (
        "The database reports that its own pages are damaged.",
        "Rows on a damaged page cannot be read; what could be read is marked.",
        "Check the disk, run the database's own integrity check, and restore the damaged part from a backup."
      )
    case .sourceNotAPair:
      (
        "Two stores were named as the nodes of one source, and their product, version or tables differ.",
        "Rows of two different stores in one archive would be mixed for good.",
        "Name the other node of the same store, bring both nodes to one version, or export each of them alone."
      )
    case .archiveMissing:
      (
        "There is no archive at the place that was named.",
        "Nothing was read.",
        "Check the path; an archive is a directory that holds 0000-base.tar."
      )
    case .archiveNotSealed:
      (
        "The archive has no seal, so its export did not finish.",
        "Only a sealed archive is known to be complete.",
        "Repeat the export with the same output; it goes on where it stopped."
      )
    case .archiveNotKept:
      (
        "A segment of the archive went through a pipe; what is here is its outline, without rows and attachments.",
        "Rows that no machine has kept cannot be read again.",
        "Export the store again, and import that into an empty target."
      )
    case .deltaGap:
      (
        "A delta came through a pipe that does not follow on what the target has.",
        "Bringing it in would leave out what was changed between the two.",
        "Send the delta behind the segment that the message names: export STORE -o - --outline DIRECTORY --behind N."
      )
    case .targetUnfinished:
      (
        "The target is being filled by an import that has not ended, from another archive or before a restart.",
        "Two archives in one store would be mixed, and a restart may have lost a part of what was written.",
        "Finish that import with its own command, repeat it with --create-schema after a restart, or name a new store."
      )
    case .targetNotEmpty:
      (
        "The target already holds rows.",
        "Mixing two stores could overwrite notes that exist only there.",
        "Name an empty target, or look at what is in it with `noteferry inspect TARGET`."
      )
    case .targetMissing:
      (
        "The target does not exist, or its directory does not.",
        "Nothing was written.",
        "Create it with the product itself, or add --create-schema."
      )
    case .targetMismatch:
      (
        "The target's tables or columns differ from those of the archive.",
        "Values that have no place in the target would be lost.",
        "Use a target of the same product and version, or an empty place with --create-schema."
      )
    case .targetRefusedRow:
      (
        "The target's database refused a row.",
        "The batch with that row was taken back, so the target holds whole batches only.",
        "Read the row's place in the message; repeat the import when the reason is removed, it goes on from there."
      )
    case .archiveExists:
      (
        "At the place of the output there is already something else.",
        "It is never overwritten.",
        "Name another output, or remove the old one when you no longer need it."
      )
    case .storeVersion:
      (
        "The store's version is older or newer than those that the profile knows.",
        "An unknown version may keep notes where nobody looks for them.",
        "Upgrade noteferry or the product, or give a profile for this version with --profile FILE."
      )
    case .archiveVersion:
      (
        "The archive was written in a format that this version does not know.",
        "Reading it by guess could drop what is new in it.",
        "Use a version of noteferry at least as new as the one that wrote it; the message names it."
      )
    case .noPermission:
      (
        "The operating system did not allow this user to read or write a file.",
        "Nothing was changed.",
        "Run as the user who owns the store, or grant the right that the message names."
      )
    case .targetReadOnly:
      (
        "The target is on a file system that is read-only.",
        "Nothing was written.",
        "Mount it writable, or name another target."
      )
    case .locked:
      (
        "Another run of noteferry works on the same archive or store.",
        "Two runs at once would undo each other's checkpoints.",
        "Wait for the other run; the message says who it is. A lock of a dead process goes away by itself."
      )
    case .storeLocked:
      (
        "Another program keeps the database locked for longer than the wait.",
        "The tool never breaks a lock of the product.",
        "Repeat at a quieter time, or stop what holds the lock (a backup, a vacuum)."
      )
    case .noSpace:
      (
        "The space that the run will need is more than there is above the free-space floor.",
        "A disk that fills up stops production; therefore the run does not begin.",
        "Free space, write to another disk, or send the archive through a pipe: -o - | ssh host 'cat > notes.tar'."
      )
    case .profileInvalid:
      (
        "The profile has an unknown key, a wrong type or a value that is missing; the message names line and key.",
        "A profile that is only half understood would carry only half of the store.",
        "Correct the line that the message names."
      )
    case .profileUnknown:
      (
        "No profile of that name is built in.",
        "Without a profile nobody knows what the tables mean.",
        "Use one of the names in the message, or give a file with --profile FILE."
      )
    case .partial:
      (
        "The run finished, but some rows or attachments could not be read, or not all at one moment.",
        "The archive is marked and is not approved as complete.",
        "Read the findings, mend the source where possible, and export again into another directory."
      )
    case .linkLost:
      (
        "The other end of a pipe or connection went away.",
        "What had arrived is whole up to the last checkpoint.",
        "Repeat the same command."
      )
    case .storeLost:
      (
        "The database stopped answering in the middle of the run.",
        "What was made durable before stays.",
        "See whether the disk or the server is up, then repeat the same command."
      )
    case .deviceFailed:
      (
        "A disk or a file system answered with an input/output error, or gave back other bytes than were written.",
        "What was made durable before stays. A disk that fails once may fail again.",
        "Look at the system's log (dmesg) and at the disk, then repeat the same command, or name another disk."
      )
    case .storeTimeout:
      (
        "A server did not finish a statement within the time that it has.",
        "What was made durable before stays. The server is slow, or somebody set a shorter limit for it.",
        "See what keeps the server busy (pg_stat_activity), then repeat the same command at a quieter hour."
      )
    case .freeSpaceFloor:
      (
        "While the run was working, free space fell to the floor.",
        "Going on could fill a disk that production needs; the run stopped at a checkpoint instead.",
        "Free space or move the archive, then repeat the same command. --free-floor sets the floor."
      )
    case .diskFull:
      (
        "A write failed because the disk is full.",
        "The last checkpoint is intact; the part behind it is thrown away on the next run.",
        "Free space, then repeat the same command."
      )
    case .archiveDamaged:
      (
        "Bytes of the archive differ from its checksums, or its end is missing.",
        "What is damaged cannot be trusted; the message says which notes and attachments it hits.",
        "Fetch the archive again from its first place, or carry the rest with `import --salvage`."
      )
    case .archiveHostile:
      (
        "The archive holds a member that no export writes: a path outside, a link, a doubled name, a size beyond reason.",
        "Such an archive was made or changed by somebody else, so nothing of it is used.",
        "Find out where it came from. Export again from the source."
      )
    case .repairsMissing:
      (
        "The repairs file or plan that was named, or that should lie beside the store, does not exist.",
        "Without it nobody knows which texts were repaired, nor what they were.",
        "Name the file: --plan FILE for `noteferry repair apply`, --repairs FILE for `noteferry repair undo`."
      )
    case .repairsForeign:
      (
        "A repairs file names a table or column whose text is never repaired in this store.",
        "It was made for a store of another product, or somebody changed it, so nothing of it is used.",
        "Name the file that was made for this store."
      )
    case .unconfirmed:
      (
        "The command changes a store in place, and nobody confirmed it.",
        "Nothing is changed without a yes: an answer on the terminal, or --yes.",
        "Repeat the command and answer y, or give --yes in a script."
      )
    case .repairsExist:
      (
        "A repairs file lies beside the target that belongs to the import of another archive, or to another policy.",
        "It holds the stored bytes of repaired texts, the only way back for a target of that name; it is not overwritten.",
        "Move it to where it is kept, or name another target."
      )
    case .repairsDamaged:
      (
        "The repairs file beside a target cannot be read; the message names the line.",
        "It says which rows differ from the source by repairs alone. Without it such rows count as changed.",
        "Fetch it from a backup. The archive still has every original: import it again into a new target."
      )
    case .nodesSwapped, .nodesBothStandby, .nodesSame, .nodesUnrelated, .nodesBothPrimary, .nodesChanged, .standbyLost:
      wordsOfNodes(code)
    case .fenceHeld, .fenceSealed, .fenceExpired, .fenceLeaks, .leaseHeld, .hookFailed, .cutoverJournalDamaged,
      .cutoverLoss, .cutoverLate, .cutoverGivenUp, .cutoverAttention, .cutoverMissing, .rehearsalStale, .cutoverPaused,
      .cutoverUnclear, .returnConflict, .returnImpossible:
      wordsOfCutover(code)
    case .remoteVersion:
      (
        "noteferry on the other machine is another version than here.",
        "Two versions could understand the same link or archive in two ways.",
        "Install the same version there, or name it: ssh://HOST/PATH?noteferry=/PATH/TO/noteferry."
      )
    case .remoteHostKey:
      (
        "ssh does not know the key of the other machine, or knows another one.",
        "Whoever answers may be somebody else, who would get every note.",
        "Compare the fingerprint with the one that its owner tells, accept it by hand (ssh HOST true), and repeat."
      )
    case .remoteDenied:
      (
        "ssh reached the other machine, which does not let this user in.",
        "Nothing was read or changed there.",
        "Try `ssh HOST true` by hand. Without a terminal, or with --no-input, only keys work, never passwords."
      )
    case .sshMissing:
      (
        "The program ssh, which makes every connection to another machine, cannot be started.",
        "noteferry has no network code of its own for this.",
        "Install the OpenSSH client, or name the program with NOTEFERRY_SSH."
      )
    case .remoteProgramMissing:
      (
        "The other machine has no noteferry, or not where its shell looks.",
        "The work on the store there is done by noteferry there.",
        "Install it there, or name it: ssh://HOST/PATH?noteferry=/PATH/TO/noteferry, or NOTEFERRY_REMOTE."
      )
    case .remoteNoise:
      (
        "Something wrote into the link before noteferry on the other machine did, usually a start file of the shell.",
        "What stands before the first byte could stand between others too, so nothing is read.",
        "Let ~/.bashrc and the like print only on a terminal; `ssh HOST true` must print nothing."
      )
    case .remoteUnreachable:
      (
        "ssh could not reach the other machine.",
        "Nothing was read or changed there.",
        "Check the name, the port and the network with `ssh HOST true`, then repeat the same command."
      )
    case .remoteCut:
      (
        "The connection to the other machine, or noteferry on it, ended in the middle of the work.",
        "What a target there has committed is kept, behind its mark. A source is only read.",
        "Repeat the same command. An import goes on behind the mark; an export of a remote store begins again."
      )
    case .reportInvalid:
      (
        "The file is not the JSON document of a run, or a part of it has another form than the schema says.",
        "Rendering half of a report would hide the other half.",
        "Name the JSON document that the run wrote; `noteferry schema report` prints its form."
      )
    case .reportVersion:
      (
        "The report has a major version that this program does not know.",
        "Its words may mean something else there, so nothing is guessed.",
        "Render it with the version of noteferry that made it."
      )
    case .planMissing:
      (
        "There is no plan at the place that was named.",
        "A cutover does what its plan says, so without one nothing is done.",
        "Check the path, or write a plan with `noteferry plan new`."
      )
    case .planExists:
      (
        "A new plan was to be written where a file is already.",
        "It may be the plan that a rehearsal or a cutover is about, so it is never overwritten.",
        "Name another file, or move the old one away."
      )
    case .planInvalid:
      (
        "The plan has a key that is not known, a value that cannot be, or parts that contradict each other.",
        "A slip in a plan would show itself in the night of the cutover, so all of it is judged before.",
        "Correct the lines that the message names; `noteferry plan check` judges it again."
      )
    case .usage:
      (
        "The command line or a NOTEFERRY_ variable was not understood.",
        "Nothing was read or changed.",
        "Follow the suggestion in the message, or see the command's --help."
      )
    case .interrupted:
      (
        "Ctrl-C stopped the run at a checkpoint.",
        "Everything up to the checkpoint is durable.",
        "Repeat the same command to go on."
      )
    case .terminated:
      (
        "SIGTERM stopped the run at a checkpoint, as a shutdown or a service manager does.",
        "Everything up to the checkpoint is durable.",
        "Repeat the same command to go on."
      )
    }
  }
}
