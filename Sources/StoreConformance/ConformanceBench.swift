import NoteModel
import NoteStore

/// What an engine brings so that its stores can be checked: places, and a client of its own that is not under test.
///
/// A store is named by a text of the bench's, such as a path or the name of a database.
public protocol ConformanceBench: Sendable {
  /// Makes a store of the sample product with its tables, the row `SampleProduct.versionRow` and no other row.
  func makeStore() throws -> String

  /// Names a place where a store could be and is not.
  ///
  /// - Parameter isReachable: Whether tables can be made there; a server has databases that do not exist and empty ones.
  func makePlace(isReachable: Bool) throws -> String

  /// Adds rows as the product would do it, by a connection of its own; they are committed when it returns.
  ///
  /// The values stand in the order of the table's columns. The bench gets only texts that `holds` allows.
  func insert(_ rows: [[Value]], into table: String, of store: String) throws

  /// Adds a note without saying its number and returns the number that the engine gave it.
  func insertNumberedNote(into store: String) throws -> Int64

  /// All rows of a table in any order, read by a client that is not under test. Contents are `.bytes` and `.text`.
  func rows(of table: String, in store: String) throws -> [[Value]]

  /// Whether the engine can hold a text with these bytes at all.
  func holds(text: [UInt8]) -> Bool

  func source(_ store: String) throws -> any SourceStore
  func target(_ store: String) throws -> any TargetStore
  func fence(_ store: String) throws -> any WriteFence
  func lease(_ store: String) throws -> any StoreLease
}

/// A promise of a store's contract, with the check that it is kept.
public struct Promise: Sendable, CustomStringConvertible {
  /// A sentence.
  public let name: String
  private let check: @Sendable (any ConformanceBench) throws -> Void

  init(_ name: String, _ check: @escaping @Sendable (any ConformanceBench) throws -> Void) {
    self.name = name
    self.check = check
  }

  /// Checks the promise on new stores of the bench.
  ///
  /// - Throws: `BrokenPromise` where the store does not keep it; what the store throws where it should not.
  public func check(on bench: any ConformanceBench) throws {
    do {
      try check(bench)
    } catch let error as Breach {
      throw BrokenPromise(promise: name, explanation: error.explanation)
    }
  }

  public var description: String { name }
}

/// A store does not do what its contract says.
public struct BrokenPromise: Error, CustomStringConvertible {
  public let promise: String
  public let explanation: String
  public var description: String { "\(promise): \(explanation)" }
}

/// What a check found.
struct Breach: Error { var explanation: String }

func require(_ isKept: Bool, _ explanation: @autoclosure () -> String) throws {
  if !isKept { throw Breach(explanation: explanation()) }
}

/// Runs what must be refused.
func requireRefusal(_ codes: ErrorCode..., because: String, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as MigrationError where codes.contains(error.code) {
    return
  } catch let error as MigrationError {
    throw Breach(explanation: "\(because) was refused as \(error.code.rawValue), not \(codes.map(\.rawValue))")
  }
  throw Breach(explanation: "\(because) was not refused")
}

/// All promises of the contract of stores.
public enum StoreConformance {
  /// What `SourceStore`, `SourceSnapshot` and `ContentReader` promise.
  public static let source = readingPromises + contentPromises + viewPromises
  /// What `TargetStore` promises.
  public static let target = preparingPromises + batchPromises + fillingPromises + endingPromises
}
