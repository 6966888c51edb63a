import NoteModel

/// A part of the program that reads what others wrote, and what must hold whatever it reads.
struct FuzzTarget: Sendable {
  let name: String
  /// Sound inputs, made by the program itself, from which changes begin.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// Words of the format, for changes that get past the first check.
  var words: [String] = []
  /// A change that knows the format: it makes sums and checksums right again, so that what lies behind them is reached.
  var mutate: (@Sendable ([UInt8], inout Dice) throws -> [UInt8])?
  /// Longest input in bytes.
  var longest = 4096
  /// Reads an input and throws a `Violation` where a promise is broken.
  let check: @Sendable ([UInt8]) throws -> Void

  static let all: [FuzzTarget] = [
    .tar, .archive, .imported, .zstd, .rows, .inventory, .schema, .description, .summary, .journal, .manifest,
    .findings, .profile, .json, .eraser, .location, .size, .screen,
  ]

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }

  /// Another input near to this one: half of the time by the format's own change, where there is one.
  func changed(_ input: [UInt8], others: [[UInt8]], _ dice: inout Dice) throws -> [UInt8] {
    if let mutate, Bool.random(using: &dice) { return try mutate(input, &dice) }
    return Mutator(words: words, others: others).changed(input, &dice)
  }
}

/// A promise that an input broke.
struct Violation: Error, CustomStringConvertible {
  let description: String
}

/// - Throws: `Violation` where `condition` does not hold.
func require(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
  if !condition { throw Violation(description: promise()) }
}

/// - Throws: `Violation` where the value is absent.
func required<T>(_ value: T?, _ promise: @autoclosure () -> String) throws -> T {
  guard let value else { throw Violation(description: promise()) }
  return value
}

/// Runs a reader whose only failures are `MigrationError`s with one of these codes and with words that a screen can
/// show.
///
/// - Returns: `nil` where the input was refused.
func refusing<T>(with codes: Set<ErrorCode> = [.archiveDamaged], _ body: () throws -> T) throws -> T? {
  do { return try body() } catch let error as MigrationError {
    try require(
      codes.contains(error.code), "\(error.code) is not a way to refuse this: \(error.message) \(error.cause)")
    try Shown.check(error)
    return nil
  }
}
