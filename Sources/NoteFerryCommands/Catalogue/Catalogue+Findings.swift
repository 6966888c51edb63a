import NoteModel

extension Catalogue {
  static let findings: [Explanation] = Finding.Kind.allCases.map { kind in
    let (means, matters, act) = words(of: kind)
    return Explanation(topic: .finding, key: kind.rawValue, means: means, matters: matters, act: act)
  }

  private static func words(of kind: Finding.Kind) -> (String, String, String) {
    switch kind {
    case .writersWait:
      (
        "The source keeps a rollback journal instead of a write-ahead log, so its writers wait while it is read.",
        "Users may see the server hang until the reading ends.",
        "Export at a quiet hour, or from a copy; the product's own switch to write-ahead logging ends it for good."
      )
    case .attachmentFileMissing:
      (
        "The row of an attachment names a file that does not exist.",
        "The image was lost before this run; the note would show a broken picture on the target too.",
        "Look for the file in backups of the data directory and put it back, then export again."
      )
    case .attachmentFileUnreadable:
      (
        "The file of an attachment exists and could not be read.",
        "The image cannot be carried, although it may be intact.",
        "Grant the right to read it, or check the disk, then export again."
      )
    case .attachmentFileChanged:
      (
        "The file changed while it was copied; it was read again from the beginning.",
        "The archive holds one whole version of it.",
        "Nothing. A later delta carries a newer version."
      )
    case .attachmentFileUnsettled:
      (
        "The file changed each time it was read; the last whole reading was kept.",
        "It may be half of what a user was uploading.",
        "Export again when the upload has ended."
      )
    case .attachmentFileOutside:
      (
        "The reference of an attachment points outside the data directory.",
        "Following it could carry any file of the machine, so the file was not read.",
        "Move the file into the data directory and correct the reference in the product."
      )
    case .attachmentSizeDiffers:
      (
        "The size that the row states and the number of bytes found differ; both are carried as they are.",
        "An upload may have been cut off long ago.",
        "Open the attachment in the product and see whether it is whole."
      )
    case .attachmentExternal:
      (
        "The bytes of the attachment are in another system (an object store, a URL); the reference is carried.",
        "The target needs to reach that system too, and it must not be switched off.",
        "Check that the target can reach it, or move the attachments into the store first."
      )
    case .textInvalidUTF8:
      (
        "A text holds bytes that are not valid UTF-8. They are carried byte for byte.",
        "The product may show such a text as unreadable characters, and other databases may refuse it.",
        "Nothing for a move to the same engine. The finding names row, column and offset."
      )
    case .textRepaired:
      (
        "Text whose encoding was damaged was repaired on its way into the target; the words say how sure that is.",
        "People can read it again. The stored bytes are kept in the repairs file, from which they can be brought back.",
        "Look at those of the tiers policy and inferred. To carry every byte as it is: --repair none."
      )
    case .textSubstituted:
      (
        "The target's engine cannot hold a text (a NUL, bytes that are no UTF-8, text that is no JSON in a JSON column), so "
          + "marks stand in their place: U+2400 for a NUL, U+FFFD for a byte, a JSON string for what is no JSON.",
        "People can read the rest. The stored bytes are kept in the repairs file; for a server that is in the state "
          + "directory.",
        "Keep the repairs file. To carry every byte as it is, import into the engine that the archive came from."
      )
    case .textNotRepaired:
      (
        "Text whose encoding is damaged is in the target as it was found.",
        "Its characters are gone (unrecoverable), or could only be guessed, which was not asked for or is not sure "
          + "(guess), or a repair was refused: by --repair (policy), by a UNIQUE constraint on its column (unique-column) "
          + "or another constraint of the target (constraint), because it would be no JSON any more (breaks-json), or "
          + "because it is too long: more than 16 MiB, or of more than 256 KiB and not to be judged in parts (too-long).",
        "Nothing is lost against the source. Correct the text in the product if it matters."
      )
    case .textContainsNUL:
      (
        "A text holds a zero byte in its middle. It is carried byte for byte.",
        "Many programs stop reading there and lose the rest of the note.",
        "Nothing for a move to the same engine."
      )
    case .textConverted:
      (
        "The database has another encoding than UTF-8, and the server converts its text while it is read.",
        "The characters stay the same, their bytes do not. A text that the server cannot convert stops the run.",
        "Nothing."
      )
    case .valueTypeDiffers:
      (
        "A value has another type than its column declares. It is carried as it is.",
        "SQLite allows that, other engines do not.",
        "Nothing for a move to the same engine."
      )
    case .valueConverted:
      (
        "A value has another type than its column in the target, which is of another engine: a number that is a text, a "
          + "text among bytes. It was converted, and nothing of it is lost.",
        "The product reads it like the other values of the column. Moved back, it is of the column's type.",
        "Nothing."
      )
    case .valueSubstituted:
      (
        "A column of the target cannot hold a value: a number that is too large for it, a text that is no number. Null "
          + "stands in its place, or 0, an empty or a marked text where null is not allowed.",
        "The row is there, and this value of it is not. The stored value is kept in the repairs file, in a line with "
          + "`value`.",
        "Look at the rows that the ledger names, and keep the repairs file."
      )
    case .rowSetAside:
      (
        "A row cannot stand in the target: its key, or a value that must not repeat, is one that the column cannot hold.",
        "The row is not in the target. It is kept in the repairs file, in a line with `row`, and in the archive.",
        "Look at the rows that the ledger names. Correct them in the source, or add them by hand, and keep the file."
      )
    case .keyNotUnique:
      (
        "The columns that should tell the rows of a table apart do not, so the hidden row number is used.",
        "Rows can be carried, but later changes cannot be matched by their meaning.",
        "Look at the doubled rows in the product."
      )
    case .secretWithheld:
      (
        "A value that the profile marks as secret (a password hash, a token) was left out.",
        "Users may have to sign in anew or set new tokens on the target.",
        "Use --secrets include when the target shall have them; keep such an archive like a password."
      )
    case .tableNotCarried:
      (
        "A table or a column is not carried: it is computed, has no usable key, or belongs to an unfinished import.",
        "What is computed is computed again. Where rows are left out for good, export and import end with 31.",
        "Nothing, unless the product keeps data in it that stands nowhere else; then give the table a primary key."
      )
    case .tableUnknown:
      (
        "The profile does not name this table; it is carried like the others.",
        "A plug-in or a newer version of the product may use it.",
        "Nothing for a move to the same product."
      )
    case .invariantBroken:
      (
        "Something that always holds in a sound store does not hold in this one.",
        "The fault was in the source before; it is carried faithfully, not made.",
        "Read which rule it is and repair it in the product, before or after the move."
      )
    case .rowUnreadable:
      (
        "A page of the database is damaged, and the rows named could not be read.",
        "They are missing in the archive.",
        "Restore the rows from a backup, or repair the database, then export again."
      )
    case .logDamaged:
      (
        "The write-ahead log has a frame whose checksum is wrong, and behind it lie changes that were committed.",
        "SQLite takes the log as ended at that frame without a word, so the newest changes are in no copy of the store.",
        "Keep a copy of the store with its -wal and -shm. Restore the log from a backup of the same moment if there is "
          + "one; else let the server open and close the store, which gives the rest of the log up, and export again."
      )
    case .snapshotRenewed:
      (
        "The view of the source was let go and taken anew, to keep its write-ahead log small.",
        "The segment is fuzzy: its rows are not all of one moment.",
        "Give a larger --wal-budget (a server: --snapshot-age), or export at a quieter hour."
      )
    case .nodesDiffer:
      (
        "The two nodes of a source do not hold the same row: one has not got it, or they have different versions.",
        "The primary's row is carried; rows that the standby alone has are carried or left behind, as --standby-rows "
          + "says. The version that is not carried stands in the standby only; the ledger has its digest.",
        "Look at these rows on both nodes in the product before either of them is given up, or export the standby, too."
      )
    case .nodeRowAdapted:
      (
        "A row that belongs to one node was adapted, because the target has other nodes than the source: renamed, dropped, "
          + "made for a new node, or put on its own node alone.",
        "The product finds the settings of the nodes that it has. The archive holds the row as the source had it.",
        "Read the list, and correct the settings of the node in the product where they do not fit."
      )
    case .attachmentMoved:
      (
        "The bytes of attachments were moved between the database and files, because --attachments asked for it.",
        "Every byte is there. The rows say where; the archive holds them as the source had them.",
        "Nothing. noteferry diff names these rows as changed, for they are; the ledger has each of them."
      )
    case .attachmentNotMoved:
      (
        "Attachments were to be moved and stay where they are: their rows have bytes in both places, name another file "
          + "already, or say that the bytes are elsewhere.",
        "They are carried as the source had them; nothing is lost.",
        "Look at these rows in the product where they do not open."
      )
    case .archiveDamage:
      (
        "A part of the archive differs from its checksum.",
        "What the part holds cannot be trusted.",
        "Fetch the archive again, or carry the rest with `import --salvage`."
      )
    }
  }
}

/// The buckets in which every row and attachment ends, exactly one each.
enum ItemOutcome: String, CaseIterable, Sendable {
  case identical, repaired, degraded, quarantined
  case skippedByRule = "skipped_by_rule"
  case adapted
  case missing

  /// The bucket that a finding puts its row or attachment in.
  init(_ finding: Finding) {
    switch finding.kind {
    case .secretWithheld, .tableNotCarried: self = .skippedByRule
    case .textRepaired, .textSubstituted: self = .repaired
    case .valueSubstituted: self = .degraded
    case .rowSetAside: self = .quarantined
    case .nodeRowAdapted, .attachmentMoved: self = .adapted
    default: self = finding.severity == .loss ? .missing : .identical
    }
  }
}
