/// Work that cannot be done, with what is safe now and what to do next.
///
/// Decide by `code`, never by words. Every code stands in `ErrorCode`, so that `noteferry explain CODE` knows it.
public struct MigrationError: Error, Sendable {
  public var code: ErrorCode
  /// One sentence: what cannot be done.
  public var message: String
  /// What was found, with both numbers where there are two.
  public var cause: String
  /// The state that things are in now: what was not changed, how far the work is durable.
  public var safeNow: String
  /// Commands or actions, the most useful first.
  public var next: [String]

  public init(_ code: ErrorCode, _ message: String, cause: String = "", safeNow: String = "", next: [String] = []) {
    self.code = code
    self.message = message
    self.cause = cause
    self.safeNow = safeNow
    self.next = next
  }

  public var exitStatus: ExitStatus { code.exitStatus }

  /// The same failure with what the place where it happened could not know.
  ///
  /// - Parameters:
  ///   - safeNow: Taken where nothing is said yet.
  ///   - next: Taken where nothing is said yet.
  public func completed(safeNow: String, next: [String]) -> MigrationError {
    var error = self
    if error.safeNow.isEmpty { error.safeNow = safeNow }
    if error.next.isEmpty { error.next = next }
    return error
  }
}

/// The codes of all failures: `NF-<AREA>-<exit status>`, with a letter where one status has several.
public enum ErrorCode: String, Sendable, CaseIterable {
  case `internal` = "NF-INTERNAL-1"
  case sourceMissing = "NF-SOURCE-20"
  case sourceNotAStore = "NF-SOURCE-20B"
  case sourceWALUnreadable = "NF-SOURCE-20C"
  case sourceTableMissing = "NF-SOURCE-20D"
  case sourceCorrupt = "NF-SOURCE-20E"
  case sourceNotAPair = "NF-SOURCE-20F"
  case archiveMissing = "NF-ARCHIVE-20"
  case archiveNotSealed = "NF-ARCHIVE-20B"
  case archiveNotKept = "NF-ARCHIVE-20C"
  case targetNotEmpty = "NF-TARGET-21"
  case targetMissing = "NF-TARGET-21B"
  case targetMismatch = "NF-TARGET-21C"
  case targetRefusedRow = "NF-TARGET-21D"
  case archiveExists = "NF-TARGET-21E"
  case targetUnfinished = "NF-TARGET-21F"
  case storeVersion = "NF-VERSION-22"
  case archiveVersion = "NF-VERSION-22B"
  case noPermission = "NF-ACCESS-23"
  case targetReadOnly = "NF-ACCESS-23B"
  case locked = "NF-LOCKED-24"
  case storeLocked = "NF-LOCKED-24B"
  case fenceHeld = "NF-FENCE-24"
  case fenceSealed = "NF-FENCE-24B"
  case fenceExpired = "NF-FENCE-33"
  case fenceLeaks = "NF-FENCE-40"
  case leaseHeld = "NF-CUTOVER-24"
  case cutoverLoss = "NF-CUTOVER-12"
  case cutoverLate = "NF-CUTOVER-13"
  case hookFailed = "NF-CUTOVER-40"
  case cutoverGivenUp = "NF-CUTOVER-40B"
  case cutoverJournalDamaged = "NF-CUTOVER-41"
  case cutoverUnclear = "NF-CUTOVER-41B"
  case cutoverAttention = "NF-CUTOVER-41C"
  case cutoverMissing = "NF-CUTOVER-20"
  case rehearsalStale = "NF-CUTOVER-26"
  case cutoverPaused = "NF-CUTOVER-30"
  case returnConflict = "NF-RETURN-41"
  case returnImpossible = "NF-RETURN-41B"
  case noSpace = "NF-SPACE-25"
  case sourceChanged = "NF-STALE-26"
  case deltaGap = "NF-STALE-26B"
  case profileInvalid = "NF-CONFIG-27"
  case profileUnknown = "NF-CONFIG-27B"
  case unconfirmed = "NF-CONFIRM-28"
  case planMissing = "NF-PLAN-20"
  case planExists = "NF-PLAN-21"
  case planInvalid = "NF-PLAN-27"
  case partial = "NF-PARTIAL-31"
  case linkLost = "NF-LINK-32"
  case storeLost = "NF-LINK-32B"
  case deviceFailed = "NF-LINK-32C"
  case storeTimeout = "NF-DEADLINE-33"
  case freeSpaceFloor = "NF-SPACE-34"
  case diskFull = "NF-SPACE-34B"
  case archiveDamaged = "NF-ARCHIVE-35"
  case archiveHostile = "NF-ARCHIVE-35B"
  case repairsMissing = "NF-REPAIRS-20"
  case repairsExist = "NF-REPAIRS-21"
  case repairsForeign = "NF-REPAIRS-27"
  case repairsDamaged = "NF-REPAIRS-35"
  case nodesSwapped = "NF-NODES-21"
  case nodesBothStandby = "NF-NODES-21B"
  case nodesSame = "NF-NODES-21C"
  case nodesUnrelated = "NF-NODES-21D"
  case nodesBothPrimary = "NF-NODES-21E"
  case nodesChanged = "NF-NODES-21F"
  case standbyLost = "NF-NODES-32"
  case remoteVersion = "NF-REMOTE-22"
  case remoteHostKey = "NF-REMOTE-23"
  case remoteDenied = "NF-REMOTE-23B"
  case sshMissing = "NF-REMOTE-27"
  case remoteProgramMissing = "NF-REMOTE-27B"
  case remoteNoise = "NF-REMOTE-27C"
  case remoteUnreachable = "NF-REMOTE-32"
  case remoteCut = "NF-REMOTE-32B"
  case reportInvalid = "NF-REPORT-20"
  case reportVersion = "NF-REPORT-22"
  case usage = "NF-USAGE-64"
  case interrupted = "NF-SIGNAL-130"
  case terminated = "NF-SIGNAL-143"

  public var exitStatus: ExitStatus {
    let digits = rawValue.split(separator: "-").last!.prefix(while: \.isNumber)
    return ExitStatus(rawValue: Int32(digits)!)!
  }
}
