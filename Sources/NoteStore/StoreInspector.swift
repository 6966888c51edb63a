import DurableIO
import NoteModel

/// Asks a store, or the place where one is to be, what a preflight wants to know. Changes nothing and holds no view.
///
/// Each question is asked anew and answered alone, so that one that cannot be answered takes no other one with it. Used
/// by one thread at a time. A question that the engine cannot answer for this user throws `.noPermission`; one that makes
/// no sense for the engine is answered by `nil`.
public protocol StoreInspector: AnyObject {
  /// How people name it in messages; no secrets.
  var name: String { get }
  /// The engine's scheme.
  var engine: String { get }
  /// The longest content that fits into one value, in bytes.
  var lengthLimit: Int64 { get }

  /// The engine's version, and whether it is one that is supported.
  ///
  /// - Throws: as every question here: `.sourceMissing`, `.targetMissing`, `.noPermission`, `.storeLost`, `.storeTimeout`,
  ///   what `stop` throws.
  func version() throws -> EngineVersion

  /// The encoding of its text: `UTF8`; `nil` where there is no store yet.
  func encoding() throws -> String?

  /// The store's own clock; `nil`: that of this machine.
  func clock() throws -> Timestamp?

  func role() throws -> StoreRole

  /// Reads something small, as a user's request does.
  func readOnce() throws

  /// What was written since the first call, as far as can be told without a right to write.
  func activity() throws -> StoreActivity

  /// How long the oldest transaction of others is open; zero without one. May take a second.
  func oldestTransaction() throws -> Duration

  /// How long a fence that is raised now waits for the writers under way. Takes no lock and no writer's place.
  ///
  /// Of a file this is watched, for at most a second. Of a server it is the age of the oldest transaction that has written:
  /// seen at any moment, what is over of a transaction and what is left of it are equally long on average.
  ///
  /// - Returns: `nil` where it cannot be seen.
  func writerWait() throws -> Duration?

  /// What keeps the engine's log from being folded back or given up.
  func log() throws -> StoreLog

  /// What this user may not do and would have to; empty: nothing is in the way.
  ///
  /// - Parameter tables: The product's tables; empty where they are not known.
  func refusals(for use: StoreUse, tables: [String]) throws -> [String]

  /// What is at the place already.
  func occupancy() throws -> StoreOccupancy

  /// Equal for two names of one store, and for nothing else; `nil` where there is no store yet.
  func identity() throws -> String?

  /// Directories of this machine into which the store writes, as far as they can be known.
  func places() throws -> [StorePlace]

  /// Sessions that this user may still open; `nil` without such a limit.
  func freeSessions() throws -> Int64?

  /// Why a commit would wait without end; `nil`: it would not.
  func commitObstacle() throws -> String?

  /// The most bytes that a value of a column has, or, with `isSize`, the highest number in it. 0 without rows.
  ///
  /// Long values are not read.
  func longest(_ table: String, column: String, isSize: Bool) throws -> Int64

  /// What the rows of a table took, by the day on which they were made. Long values are not read.
  ///
  /// - Returns: In no order; one entry without a day for rows whose time is not known, all of them where no column tells.
  func growth(of question: GrowthQuestion) throws -> [DayGrowth]

  /// Lets everything go. Harmless when repeated.
  func close()
}

/// What a store is looked at for.
public enum StoreUse: Sendable, Hashable {
  case read
  /// Filling it, with or without making the tables.
  case fill(createsSchema: Bool)
  /// Making triggers that refuse to write.
  case fence
  /// Seeing what other sessions do.
  case watch
}

public struct EngineVersion: Sendable, Hashable {
  /// `PostgreSQL 15.18`, `SQLite 3.40.1`.
  public var text: String
  /// Its first number, by which two servers are compared.
  public var major: Int
  public var isSupported: Bool
  /// The oldest one that is supported, in words.
  public var minimum: String

  public init(text: String, major: Int, isSupported: Bool, minimum: String) {
    self.text = text
    self.major = major
    self.isSupported = isSupported
    self.minimum = minimum
  }
}

public enum StoreRole: Sendable, Hashable {
  /// No other node is known of it.
  case alone
  /// With the names of the standbys that follow it.
  case primary(standbys: Int)
  /// With the time by which it is behind; `nil` where that cannot be told.
  case standby(lag: Duration?)
}

/// Counters that only grow; a difference of two is what happened in between.
public struct StoreActivity: Sendable, Hashable {
  /// Bytes that went into the engine's log.
  public var logBytes: Int64
  /// Rows that were written, or commits where the engine counts no rows; at least that many.
  public var changes: Int64
  /// Whether `changes` are rows.
  public var countsRows: Bool

  public init(logBytes: Int64, changes: Int64, countsRows: Bool) {
    self.logBytes = logBytes
    self.changes = changes
    self.countsRows = countsRows
  }
}

public struct StoreLog: Sendable, Hashable {
  /// Whether readers and writers work side by side.
  public var isConcurrent: Bool
  /// Bytes that wait to be folded back, or are kept for somebody who does not fetch them.
  public var pending: ByteCount
  /// Who or what keeps them; empty when nothing does.
  public var reason: String

  public init(isConcurrent: Bool, pending: ByteCount, reason: String = "") {
    self.isConcurrent = isConcurrent
    self.pending = pending
    self.reason = reason
  }
}

public struct StoreOccupancy: Sendable, Hashable {
  /// Whether there is a file or a database at all.
  public var exists: Bool
  /// Tables that are there, without ours.
  public var tables: [String]
  /// Marks that an earlier run left there, in words.
  public var marks: [String]

  public init(exists: Bool, tables: [String] = [], marks: [String] = []) {
    self.exists = exists
    self.tables = tables
    self.marks = marks
  }
}

/// A directory into which a store writes.
public struct StorePlace: Sendable, Hashable {
  public enum Use: String, Sendable { case data, log, files }
  public var use: Use
  public var path: String

  public init(_ use: Use, _ path: String) {
    self.use = use
    self.path = path
  }
}

/// Which columns of a table tell when a row came and how long it is.
public struct GrowthQuestion: Sendable {
  public var table: String
  /// Seconds or milliseconds since 1970, a time of the server's own, or a text that SQLite reads as a time.
  public var time: String?
  public var texts: [String]
  public var content: String?
  /// The length of a content that is not in the column.
  public var size: String?
  /// The column and its values for which the bytes are in another system and take no room here.
  public var external: (column: String, values: [String])?
  /// Contents longer than that are counted apart.
  public var threshold: Int64
  /// Whether contents count, or the texts alone.
  public var countsContent: Bool

  public init(
    table: String, time: String?, texts: [String], content: String?, size: String?,
    external: (column: String, values: [String])?, threshold: Int64, countsContent: Bool
  ) {
    self.table = table
    self.time = time
    self.texts = texts
    self.content = content
    self.size = size
    self.external = external
    self.threshold = threshold
    self.countsContent = countsContent
  }
}

extension GrowthQuestion {
  /// The length of a row's content as SQL that both engines understand.
  ///
  /// The length of a stored content is asked for first: in SQLite a column behind a long value is reached only by walking
  /// through that value.
  package func contentLength(length: (String) -> String, quoted: (String) -> String, literal: (String) -> String)
    -> String
  {
    guard countsContent else { return "0" }
    var cases = ""
    if let content {
      let bytes = length(quoted(content))
      cases += " WHEN \(bytes) > 0 THEN \(bytes)"
    }
    if let external {
      let values = external.values.map(literal).joined(separator: ", ")
      cases += " WHEN \(quoted(external.column)) IN (\(values)) THEN 0"
    }
    let rest = size.map { "coalesce(\(quoted($0)), 0)" } ?? "0"
    return cases.isEmpty ? rest : "CASE\(cases) ELSE \(rest) END"
  }
}

/// What rows made on one day took.
public struct DayGrowth: Sendable, Hashable {
  /// Days since 1970-01-01 in UTC; `nil` where it is not known.
  public var day: Int64?
  public var rows: Int64
  public var bytes: Int64
  /// Of these, the contents longer than the threshold.
  public var largeRows: Int64
  public var largeBytes: Int64

  public init(day: Int64?, rows: Int64, bytes: Int64, largeRows: Int64 = 0, largeBytes: Int64 = 0) {
    self.day = day
    self.rows = rows
    self.bytes = bytes
    self.largeRows = largeRows
    self.largeBytes = largeBytes
  }
}
