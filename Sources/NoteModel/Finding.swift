/// Something noticed on the way that did not stop the work.
///
/// Damaged data is a finding; work that cannot be done is a `MigrationError`. Findings name places by entity, key,
/// column and offset, never by text of a note.
public struct Finding: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The file of an attachment does not exist.
    case attachmentFileMissing = "attachment-file-missing"
    /// The file of an attachment exists and cannot be read.
    case attachmentFileUnreadable = "attachment-file-unreadable"
    /// The file changed its length or was replaced while it was copied; it was read again.
    case attachmentFileChanged = "attachment-file-changed"
    /// The file changed on every try; the last complete reading was kept.
    case attachmentFileUnsettled = "attachment-file-unsettled"
    /// The reference points outside the data directory, so the file was not read.
    case attachmentFileOutside = "attachment-file-outside"
    /// The size column and the bytes disagree; both are carried as they are.
    case attachmentSizeDiffers = "attachment-size-differs"
    /// Attachment bytes live in another system (an object store, a URL); the reference is carried.
    case attachmentExternal = "attachment-external"
    /// The bytes of attachments were moved between the database and files, as was asked for.
    case attachmentMoved = "attachment-moved"
    /// Attachments whose bytes were to be moved and stay where they are.
    case attachmentNotMoved = "attachment-not-moved"
    /// Text that is not valid UTF-8; carried byte for byte.
    case textInvalidUTF8 = "text-invalid-utf8"
    /// Text with an embedded NUL; carried byte for byte.
    case textContainsNUL = "text-contains-nul"
    /// The server converts text from the database's encoding to UTF-8 while it is read.
    case textConverted = "text-converted"
    /// Damaged text was repaired on its way into the target; the original is kept.
    case textRepaired = "text-repaired"
    /// Text that the target's engine cannot hold; marks stand in its place and the original is kept.
    case textSubstituted = "text-substituted"
    /// Damaged text is in the target as it was found.
    case textNotRepaired = "text-not-repaired"
    /// A value of another type than its column's; carried as it is.
    case valueTypeDiffers = "value-type-differs"
    /// A value of another type than the target's column; converted, and nothing of it is lost.
    case valueConverted = "value-converted"
    /// A value that the target's column cannot hold; something else stands in its place and the original is kept.
    case valueSubstituted = "value-substituted"
    /// A row that cannot stand in the target; it is kept beside it.
    case rowSetAside = "row-set-aside"
    /// The profile's key is not unique or has nulls, so the row number is the key.
    case keyNotUnique = "key-not-unique"
    /// A value the profile marks as secret was withheld.
    case secretWithheld = "secret-withheld"
    /// A table that cannot be carried row by row (a virtual table).
    case tableNotCarried = "table-not-carried"
    /// A table that the profile does not know; carried like the others.
    case tableUnknown = "table-unknown"
    /// An invariant of the product does not hold in the source.
    case invariantBroken = "invariant-broken"
    /// A page of the source is corrupt; the rows named by the finding could not be read.
    case rowUnreadable = "row-unreadable"
    /// Committed changes lie behind a damaged place of the source's log, so nobody reads them.
    case logDamaged = "log-damaged"
    /// The snapshot was renewed on the way, so the segment is not one moment of the store.
    case snapshotRenewed = "snapshot-renewed"
    /// The source has no write-ahead log, so its writers wait while it is read.
    case writersWait = "writers-wait"
    /// The two nodes of a source hold different rows.
    case nodesDiffer = "nodes-differ"
    /// A row that belongs to one node was adapted to the target's nodes.
    case nodeRowAdapted = "node-row-adapted"
    /// A part of the archive is damaged.
    case archiveDamage = "archive-damage"
  }

  public enum Severity: String, Sendable, Comparable {
    case info, warning, loss
    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    private var rank: Int { self == .info ? 0 : self == .warning ? 1 : 2 }
  }

  public var kind: Kind
  public var severity: Severity
  public var entity: String
  /// The row's key as JSON (`[17]`); empty when the finding is about the whole entity.
  public var key: String
  public var column: String
  /// A sentence with numbers; no text from the store.
  public var explanation: String

  public init(
    _ kind: Kind, _ severity: Severity, entity: String, key: String = "", column: String = "", explanation: String
  ) {
    self.kind = kind
    self.severity = severity
    self.entity = entity
    self.key = key
    self.column = column
    self.explanation = explanation
  }
}
