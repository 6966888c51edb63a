import NoteModel

/// A store that is filled. Used by one thread at a time; a node of a pair passes from one thread to another.
///
/// Rows are upserted by key and batches are idempotent, so that any step may be repeated after a crash. What `commit`
/// returned from is durable.
public protocol TargetStore: AnyObject {
  var name: String { get }
  /// The engine's scheme; empty where it has none of its own.
  var engine: String { get }
  /// Where the bytes will lie, for the space check.
  var guardedPaths: [String] { get }

  /// Checks version, emptiness and writability, creates the tables where that is asked, and marks the target as being
  /// filled by this import. Nothing is changed when it throws.
  ///
  /// - Returns: The watermark of an earlier, interrupted import of the *same* seal or stream id; `nil` for a fresh one.
  /// - Throws: `.targetMissing`, `.targetNotEmpty`, `.targetUnfinished`, `.targetMismatch`, `.targetReadOnly`, `.storeLocked`,
  ///   `.storeVersion`, `.noSpace`, `.noPermission`.
  func prepare(for schema: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark?

  /// The columns of an entity, by their index, in which two rows must not have the same value or the same combination
  /// of values; also those of constraints that are only made after the load. Asked after `prepare`,
  /// also in the middle of a batch.
  func uniqueColumns(of entity: Entity) throws -> Set<Int>

  /// What each column of an entity holds, by its index; all `.any` where it holds every value. Asked after `prepare`.
  ///
  /// The import brings rows into these forms before it applies them; the target refuses a value that is in none.
  func forms(of entity: Entity) throws -> [ValueForm]

  /// Whether the files of attachments have a place, so that what is in a file can be carried.
  var holdsFiles: Bool { get }

  /// Whether a row of a table without a key is found again by the number that it had in a store of the same engine.
  var keepsRowNumbers: Bool { get }

  /// Files about the store stand beside this path; `nil` for a server, whose files stand in the state directory.
  var filePath: String? { get }

  /// The rows that follow are of the archive's page of this number, counted from 1 over all entities. Pages come in
  /// order; a page that the target has already may be left out.
  func enter(page number: Int64)

  /// Returns when nothing reads the memory of that page's rows any more, nor of a page before it; it changes then.
  func leave(page number: Int64) throws

  /// The rows that follow are those of a delta: where one has a unique value that another row still has, the other one is
  /// removed. It is among those that follow, because in the source both stand side by side.
  func beginDelta() throws

  /// Removes the row with a key within the open batch; a row that is not there is no failure. Its file stays where it is.
  func remove(_ key: Key, of entity: Entity) throws

  /// Applies one row within the open batch (opens one when there is none).
  ///
  /// - Parameter supplies: How the row's contents arrive, one for each of the row's entries in `page.contents`, in
  ///   that order; empty for most rows.
  func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws

  /// Applies one row without contents to one node of a target alone, by its index; also to one that has all pages. A
  /// target of one node takes the rows of all.
  func apply(row: Int, of page: RecordPage, toNode node: Int) throws

  /// Applies one row whose values were repaired, so that they are not those of the source.
  ///
  /// - Throws: `.targetRefusedRow` also where `apply` would take the row as the source had it, against a rule of the
  ///   table; except for a row with contents that are streamed.
  func applyRepaired(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws

  /// Begins to write the content that the row applied last announced as `.stream`, the `index`-th of its supplies.
  func beginContent(_ index: Int) throws
  func writeContent(_ bytes: UnsafeRawBufferPointer) throws
  func endContent() throws

  /// Gives up the contents of the row applied last that have not come; the row is applied again before the batch ends.
  func abandonContents()

  /// Whether the batch holds so much besides its rows that it should end soon.
  var wantsCommit: Bool { get }

  /// How many rows the table of an entity has, those of the open batch among them; `nil` for a target that does not say.
  func rowCount(of entity: Entity) throws -> Int64?

  /// Ends the batch durably, with the watermark in the same transaction.
  func commit(_ watermark: ImportWatermark) throws

  /// Gives the open batch up.
  func rollback()

  /// After the last row: sequences, indexes, views, triggers, engine settings. The mark stays until `approve`.
  func finish(_ schema: StoreSchema) throws

  /// Makes durable what `finish` left, and keeps the mark: the store may be used, and the import is not at its end. Nothing
  /// may be done after it but `close`.
  func rest() throws

  /// Removes the mark of the import; the target is the product's own again.
  func approve() throws

  func close()
}

/// What a target does that holds every value, works on the caller's thread alone and is durable after `finish`.
extension TargetStore {
  public func forms(of entity: Entity) throws -> [ValueForm] { Array(repeating: .any, count: entity.columns.count) }
  public var engine: String { "" }
  public var holdsFiles: Bool { true }
  public var keepsRowNumbers: Bool { true }
  public var filePath: String? { name }
  public func enter(page number: Int64) {}
  public func leave(page number: Int64) throws {}
  public func rowCount(of entity: Entity) throws -> Int64? { nil }
  public func rest() throws {}
  public func apply(row: Int, of page: RecordPage, toNode node: Int) throws {
    try apply(row: row, of: page, supplies: [])
  }
}

public struct TargetOptions: Sendable {
  /// Create the store from the archive's own definitions where it does not exist.
  public var createSchema: Bool
  /// Bytes that the contents and rows will need, when known.
  public var expectedBytes: ByteCount?
  public var freeFloor: ByteCount
  /// How many stores are filled at the same time and share the memory of one.
  public var sharers = 1
  /// How long a server may keep a commit waiting for a standby of its own.
  public var patience = PairOptions().patience
  /// Called now and then while an engine waits for a server; throws to give the work up.
  public var stop: @Sendable () throws -> Void = {}
  /// Whether the store is thrown away whatever becomes of it: commits need not survive, and what is left by a program that
  /// was killed is worth nothing. An engine that commits into files of this machine then spares its disk.
  public var isTrial = false
  /// Set where the store is the source of a cutover that is undone, and holds its rows already: the name of the run that
  /// has sealed it. Nothing is written unless that seal holds. Others may read meanwhile.
  public var returningRun: String?
  /// The longest content of each column that has one of more than 128 MiB, where the archive can be asked beforehand.
  public var longContents: [LongContent] = []

  /// A content that may be longer than a target takes.
  public struct LongContent: Sendable {
    public var entity: String
    /// The row's key as it stands in messages.
    public var key: String
    /// The index of the column.
    public var column: Int
    public var byteCount: Int64

    public init(entity: String, key: String, column: Int, byteCount: Int64) {
      self.entity = entity
      self.key = key
      self.column = column
      self.byteCount = byteCount
    }
  }

  public init(createSchema: Bool = false, expectedBytes: ByteCount? = nil, freeFloor: ByteCount = ByteCount(0)) {
    self.createSchema = createSchema
    self.expectedBytes = expectedBytes
    self.freeFloor = freeFloor
  }
}

/// How the bytes of one content reach the target.
public enum ContentSupply {
  /// Here and now.
  case bytes(UnsafeRawBufferPointer)
  /// By `beginContent`, `writeContent` …, `endContent` right after the row.
  case stream
  /// Equal to the content that this row of the same entity, already applied, holds in the same column; the row's own key
  /// keeps what it holds.
  case sameAs(Key)
  /// Lost: the column becomes null; a file is not written, and one that this batch wrote is removed.
  case lost
}

/// How far an import is durable.
public struct ImportWatermark: Sendable, Hashable {
  /// What is being imported, and what else must be the same when it goes on: the segment's id, a space, words.
  public var origin: String
  /// Groups of the segment that are applied and committed; the next import skips as many.
  public var groups: Int64

  public init(origin: String, groups: Int64) {
    self.origin = origin
    self.groups = groups
  }
}
