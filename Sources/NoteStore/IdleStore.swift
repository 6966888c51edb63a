import NoteModel

/// A store that is out of service, in which single values are exchanged in place. Used by one thread.
///
/// Nobody else can open the store between `open` and `close`. Triggers do not fire and foreign keys are not enforced: an
/// exchange changes the one value and nothing besides, so that exchanging it back gives the same store.
public protocol IdleStore: AnyObject {
  var name: String { get }
  /// Files and directories whose file systems the free-space floor guards.
  var guardedPaths: [String] { get }

  /// Opens the store for this process alone. Nothing is changed.
  ///
  /// - Throws: `.storeLocked` where another process has the store open, `.targetMissing`, `.targetMismatch`,
  ///   `.targetReadOnly`, `.targetUnfinished` for an import that has not ended, `.sourceNotAStore`, `.storeVersion`.
  func open() throws -> (entities: [Entity], profile: Profile)

  /// Looks which of two texts a column holds.
  func state(of place: ValuePlace, first: Checksum, second: Checksum) throws -> ValueState

  /// Puts another text into a column, within the open batch (opens one when there is none).
  ///
  /// - Throws: `.diskFull`, `.storeLost`, `.storeLocked`. The batch is then given up.
  func exchange(_ place: ValuePlace, for text: [UInt8]) throws -> ExchangeOutcome

  /// Ends the batch durably.
  func commit() throws

  /// Names of the triggers that would have fired for an exchange in this entity.
  func triggers(of entity: String) throws -> [String]

  /// Gives an open batch up and lets the store go. Harmless when repeated.
  func close()
}

/// A column of a row.
public struct ValuePlace: Sendable, Hashable {
  public var entity: String
  public var key: Key
  public var column: String

  public init(entity: String, key: Key, column: String) {
    self.entity = entity
    self.key = key
    self.column = column
  }
}

/// What a column holds, seen from two texts of which it should be one.
public enum ValueState: Sendable, Equatable {
  case first, second
  /// Another text, or no text.
  case other
  /// There is no such row or column.
  case gone
  /// The row holds so much that SQLite would need more memory than is allowed to write it anew.
  case tooLarge
}

/// How an exchange ended.
public enum ExchangeOutcome: Sendable, Equatable {
  case exchanged
  /// Another row has this text where only one may.
  case collides
  /// A rule of the table forbids the text, or the column would make something else of it.
  case forbidden
}
