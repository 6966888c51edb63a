import DurableIO
import NoteModel

/// The account of a cutover: a file to which lines are appended, each durable before anything is done that it announces.
///
/// Each line holds the digest of itself and of the line before, so that a line that was changed, lost or put elsewhere is
/// found. A torn last line is what a crash leaves: its step was not begun, and it is cut off. Any other fault is damage, and
/// then nothing is done.
///
/// One run at a time has a journal; the kernel gives it free when the program dies.
public final class CutoverJournal {
  /// What a run is, the same from its first line to its last.
  public struct Header: Sendable, Hashable {
    public var run: String
    /// The digest of the plan that was confirmed.
    public var plan: String
    public var tool: String
    public var source: String
    /// One name for each node.
    public var targets: [String]

    public init(run: String, plan: String, tool: String, source: String, targets: [String]) {
      self.run = run
      self.plan = plan
      self.tool = tool
      self.source = source
      self.targets = targets
    }
  }

  /// One step: what happened, and the state that it led to.
  public struct Entry: Sendable, Hashable {
    public var time: Timestamp
    public var event: CutoverEvent
    public var state: CutoverState
    /// What belongs to it, for people and for recovery: a deadline, a reason, a digest.
    public var details: [Detail]

    public struct Detail: Sendable, Hashable {
      public var name: String
      public var value: String

      public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
      }
    }
  }

  public let path: String
  public let header: Header
  public private(set) var entries: [Entry]
  public var state: CutoverState { entries.last?.state ?? .idle }

  private let file: File
  private let lock: FileLock
  /// The length of the lines that are whole, and the digest of the last one.
  private var length: Int64
  private var chain: Checksum
  private let now: @Sendable () -> Timestamp

  /// Opens the journal of a run, or begins one where there is none.
  ///
  /// - Throws: `.locked` where another process has it; `.cutoverJournalDamaged`; `.sourceChanged` where it is of another
  ///   run or plan.
  public convenience init(
    _ path: String, header: Header, holder: String, now: @escaping @Sendable () -> Timestamp = { .now }
  ) throws {
    let lock = try FileLock(path + ".lock", holder: holder)
    if try FileStatus.ifPresent(path) == nil {
      let line = JournalLine.text(header.json, behind: JournalLine.start)
      try Array(line.text.utf8).withUnsafeBytes { try Folder.replace(path, with: $0) }
    }
    try self.init(path, lock: lock, now: now)
    guard self.header == header else {
      throw MigrationError(
        .sourceChanged, "\(path) is the account of another cutover",
        cause: "it is of run \(self.header.run) with plan \(self.header.plan)", safeNow: "nothing was changed",
        next: ["go on with that run's plan", "or begin a run of another name"])
    }
  }

  /// Opens a journal that exists, to go on with its run.
  ///
  /// - Throws: `.locked`, `.cutoverJournalDamaged`, `.sourceMissing`.
  public convenience init(
    existing path: String, holder: String, now: @escaping @Sendable () -> Timestamp = { .now }
  ) throws {
    guard try FileStatus.ifPresent(path) != nil else {
      throw MigrationError(
        .sourceMissing, "there is no cutover at \(path)", cause: "the file does not exist",
        safeNow: "nothing was changed")
    }
    try self.init(path, lock: try FileLock(path + ".lock", holder: holder), now: now)
  }

  private init(_ path: String, lock: FileLock, now: @escaping @Sendable () -> Timestamp) throws {
    let file = try File.write(path)
    let content = try JournalContent(file)
    self.path = path
    self.lock = lock
    self.now = now
    self.file = file
    header = content.header
    entries = content.entries
    length = content.length
    chain = content.chain
  }

  /// Reads a journal without taking it, for whoever only wants to know.
  public static func read(_ path: String) throws -> (header: Header, entries: [Entry]) {
    let content = try JournalContent(File.read(path))
    return (content.header, content.entries)
  }

  /// Writes a step down. What belongs to the state that is returned may be done then, and not before.
  ///
  /// - Throws: `.internal` for an event that cannot happen here; what keeps the line from being durable. The state is
  ///   then the one before, here and after a crash.
  @discardableResult
  public func record(_ event: CutoverEvent, _ details: [Entry.Detail] = []) throws -> CutoverState {
    guard let next = state.next(after: event) else {
      throw MigrationError(
        .internal, "the cutover cannot go on", cause: "\(event.rawValue) cannot happen in the state \(state.rawValue)",
        safeNow: "nothing was done")
    }
    let entry = Entry(time: now(), event: event, state: next, details: details)
    let line = JournalLine.text(entry.json, behind: chain)
    // What an earlier attempt left behind is not to stand behind this line.
    try file.truncate(to: length)
    var text = line.text
    try text.withUTF8 { try file.write(UnsafeRawBufferPointer($0), at: length) }
    try file.synchronize()
    length += Int64(line.text.utf8.count)
    chain = line.digest
    entries.append(entry)
    return next
  }
}

extension [CutoverJournal.Entry] {
  /// The segment behind which nobody has looked at everything in the source, where the last delta only glanced.
  package var unprovenSegment: Int? {
    guard let delta = last(where: { $0.event == .deltaApplied }), !contains(where: { $0.event == .sourceProven }) else {
      return nil
    }
    return delta.details.first { $0.name == "glanced_segment" }.flatMap { Int($0.value) }
  }

  /// How many rows of the source the target has in an older state; `nil` where nobody has looked.
  package var lateRows: Int64? {
    last { $0.event == .sourceProven }?.details.first { $0.name == "late_rows" }.flatMap { Int64($0.value) }
  }
}
