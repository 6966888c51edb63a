import DurableIO
import NoteModel

/// A live store that is only read.
///
/// An engine never writes to a source: it opens it read-only, holds one snapshot, and lets it go.
public protocol SourceStore: AnyObject, Sendable {
  /// How people name it in messages: the path or the URL without secrets.
  var name: String { get }

  /// Files about the store stand beside this path; `nil` for a server, whose files stand in the state directory.
  var filePath: String? { get }

  /// Files and directories whose file systems the free-space floor guards.
  var guardedPaths: [String] { get }

  /// Bytes of the store's own files, among them its write-ahead log; 0 when that is not known. Costs a look at each.
  var byteCount: ByteCount { get }

  /// Opens one consistent, read-only view.
  ///
  /// - Throws: `.sourceMissing`, `.sourceNotAStore`, `.sourceWALUnreadable`, `.sourceTableMissing`, `.storeVersion`,
  ///   `.noPermission`, `.storeLocked`, `.sourceCorrupt`; of a server also `.storeLost`, `.storeTimeout`.
  func openSnapshot(_ options: SnapshotOptions) throws -> any SourceSnapshot
}

extension SourceStore {
  public var filePath: String? { name }
  public var byteCount: ByteCount { ByteCount(0) }
}

/// How a source is read.
public struct SnapshotOptions: Sendable {
  /// The digest of contents.
  public var algorithm: DigestAlgorithm
  public var secrets: SecretsPolicy
  /// The most that the source's write-ahead log may grow while one snapshot is held; `nil`: no limit.
  public var walBudget: ByteCount?
  /// How long to wait for the source's own checkpoint when a snapshot is renewed, in milliseconds.
  public var renewalPatienceMilliseconds: Int
  /// The longest that one snapshot of a server is held: while it is, the server keeps every row that others remove. Then
  /// it is renewed like one whose log has grown too much.
  public var snapshotAge: Duration = .seconds(3600)
  /// The longest that a snapshot of a file is held, where its rows need not be of one moment; `nil`: no limit.
  public var viewAge: Duration?
  /// Called now and then while an engine waits for a server; throws to give the work up.
  public var stop: @Sendable () throws -> Void = {}
  /// Data directories of the store that this one was filled from: references that name them are looked for here.
  public var formerDataDirectories: [String] = []
  /// Entities with which the rows are to be compared: columns come in their order, and keys are theirs where the store
  /// keeps these unique.
  public var likeness: [Entity] = []

  public init(
    algorithm: DigestAlgorithm = .sha256, secrets: SecretsPolicy = .withhold, walBudget: ByteCount? = nil,
    renewalPatienceMilliseconds: Int = 10_000
  ) {
    self.algorithm = algorithm
    self.secrets = secrets
    self.walBudget = walBudget
    self.renewalPatienceMilliseconds = renewalPatienceMilliseconds
  }
}

extension SnapshotOptions {
  /// Places in the likeness's order, those that it does not have behind them.
  package func ordered(_ places: [Int], of entity: String, name: (Int) -> String) -> [Int] {
    guard let other = likeness.first(where: { $0.name == entity }) else { return places }
    let ranks = Dictionary(other.columns.enumerated().map { ($1.name.lowercased(), $0) }) { first, _ in first }
    let ranked = places.map { (rank: ranks[name($0).lowercased()] ?? .max, place: $0) }
    return ranked.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.map(\.place)
  }

  /// The names of the key that the likeness has; nil without one, and where it is the row's number.
  package func key(of entity: String) -> [String]? {
    guard let other = likeness.first(where: { $0.name == entity }) else { return nil }
    let columns = other.key.map { other.columns[$0] }
    return columns.allSatisfy { $0.kind == .plain } ? columns.map(\.name) : nil
  }
}

/// Whether values that the profile marks as secret leave the store.
public enum SecretsPolicy: String, Sendable, CaseIterable { case withhold, include }

/// One consistent view of a source. Used by one thread at a time.
public protocol SourceSnapshot: AnyObject {
  var schema: StoreSchema { get }
  var profile: Profile { get }

  /// A text that is equal for two snapshots only when nothing was committed between them; `nil` when that cannot be
  /// proven (a write so recent that the file times do not show it).
  var identity: String? { get }

  /// Bytes of the attachments that are files beside the store, as its size columns say; a guess, without reading them.
  /// 0 when that is not known.
  func fileByteCount() throws -> ByteCount

  /// Rows of an entity, counted by the engine and apart from the pages.
  func count(of entity: Entity) throws -> Int64

  /// What was noticed when the store was opened: unknown tables, keys that are not unique …
  var openingFindings: [Finding] { get }

  /// Begins to read an entity in key order, behind `key` when it is given. Ends a reading that was under way.
  func startReading(_ entity: Entity, after key: Key?) throws

  /// Begins like `startReading(_:after:)`, to measure attachments and not to read them: in the pages that follow they are
  /// `.unread`. Text that stands outside of its row is read all the same.
  ///
  /// - Parameter since: A file that was changed since then is suspect.
  func startMeasuring(_ entity: Entity, after key: Key?, since: Timestamp?) throws

  /// Begins like `startMeasuring`, to see of each row what the engine gives without going through a long attachment: its
  /// other columns are null in the pages that follow. It finds rows that are new and gone, and changes of what it sees.
  func startGlancing(_ entity: Entity, after key: Key?, since: Timestamp?) throws

  /// Whether an entity has columns that a glance passes over.
  func passesOverColumns(of entity: Entity) -> Bool

  /// Begins to read rows by their keys, in the order in which these come. A key without a row is left out.
  func startReading(_ entity: Entity, keys: @escaping () throws -> Key?) throws

  /// Fills an empty page with the next rows, at least one unless the end is reached, or the view must be renewed first.
  ///
  /// Small contents are in the page's payload; larger ones have handles that stay valid until the next call.
  ///
  /// - Parameter report: Gets what was noticed about single rows.
  /// - Returns: Whether there may be more rows.
  /// - Throws: `.sourceCorrupt`, `.storeLost`, `.storeTimeout`, what `SnapshotOptions.stop` throws.
  func readPage(into page: RecordPage, report: (Finding) -> Void) throws -> Bool

  /// Opens a content that is not in the payload.
  func openContent(_ handle: Int) throws -> any ContentReader

  /// Lets the view go and takes a new one when holding it has cost more than its budget, or when a server took it away.
  /// Called between pages, never while a content is open; reading goes on behind the last row.
  ///
  /// - Returns: Whether the view was renewed, so that the rows before and after are not of one moment.
  func renewIfNeeded() throws -> Bool

  /// Whether the view was renewed since the last call without `renewIfNeeded` having told so, because a content of the last
  /// page had to be read again in another one. Called behind each page.
  func wasRenewedWithinPage() -> Bool

  /// Runs the profile's invariants and returns the names of those that do not hold, with the number of rows.
  func brokenInvariants() throws -> [(name: String, rows: Int64)]

  /// The nodes that the rows come from.
  var topology: SourceTopology { get }

  /// How far the server that is read is in its log at this moment; `nil` for a store without one.
  func replicationPosition() throws -> ReplicationPosition?

  /// Lets the view go. Harmless when repeated.
  func close()
}

extension SourceSnapshot {
  public var topology: SourceTopology { SourceTopology(single: schema, profile: profile) }
  public func replicationPosition() throws -> ReplicationPosition? { nil }
  public func fileByteCount() throws -> ByteCount { ByteCount(0) }
  public func wasRenewedWithinPage() -> Bool { false }
  public func passesOverColumns(of entity: Entity) -> Bool { false }
  public func startGlancing(_ entity: Entity, after key: Key?, since: Timestamp?) throws {
    try startMeasuring(entity, after: key, since: since)
  }
}

/// Reads one content from beginning to end.
public protocol ContentReader: AnyObject {
  /// The length that the row was given.
  var byteCount: Int64 { get }

  /// Reads the next bytes, as many as `room` takes; fewer only when the content ends.
  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int

  /// Tells, after the last read, whether what was read is the content of one moment.
  func finish() throws -> ContentOutcome
}

public enum ContentOutcome: Sendable, Equatable {
  /// The bytes are of one moment and as many as promised.
  case settled
  /// The file changed while it was read; reading again gives this many bytes.
  case changed(byteCount: Int64)
  /// The file went away while it was read.
  case vanished
}
