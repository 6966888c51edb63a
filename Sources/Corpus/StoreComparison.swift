import DurableIO
import NoteModel

/// Compares a scenario's store with what was moved, without noteferry's own reading.
struct StoreComparison {
  var recipe: StoreRecipe
  var source: String
  var target: String
  /// The source as a repair ought to leave it; `nil` where every value must arrive as it was found.
  var twin: String?
  /// Whether attachments' files lie beside the target.
  var hasFiles = true
  /// Whether the rows came through a server, which does not hold every value.
  var isHeldByServer = false

  /// What arrived in the target.
  struct Arrival {
    /// How many rows of each table arrived neither byte for byte nor as they were meant, and under `files` how many
    /// attachments' files.
    var differing: [String: Int64]
    /// What became of the damaged values; `nil` without a twin.
    var census: ArrivalCensus?
  }

  func arrival() throws -> Arrival {
    let census =
      isHeldByServer ? try held() : try twin.map { try ArrivalCensus(source: source, target: target, twin: $0) }
    let rows = try census?.strayRows ?? RowCensus(source).differences(to: RowCensus(target))
    var arrival = Arrival(differing: rows, census: census)
    if isHeldByServer, case let shrunken = try shrunkenSequences(), shrunken > 0 {
      arrival.differing["sqlite_sequence"] = shrunken
    }
    let files = hasFiles ? try differingFiles() : 0
    if files > 0 { arrival.differing["files"] = files }
    return arrival
  }

  /// How many tables would give out a number again that the source gave out.
  ///
  /// A server has sequences of its own for tables whose numbers SQLite does not keep, and columns of 32 bits.
  private func shrunkenSequences() throws -> Int64 {
    let (before, after) = (try sequences(source), try sequences(target))
    return before.reduce(0) { sum, sequence in
      let isHeld = sequence.value <= Int64(Int32.max)
      return sum + (isHeld && after[sequence.key] ?? 0 < sequence.value ? 1 : 0)
    }
  }

  private func sequences(_ path: String) throws -> [[UInt8]: Int64] {
    let database = try SampleDatabase(path, .reading)
    guard try database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'") > 0 else {
      return [:]
    }
    let statement = try SampleStatement(
      database,
      "SELECT name, seq FROM sqlite_sequence WHERE typeof(seq) = 'integer' AND name IN (SELECT name FROM sqlite_schema)"
    )
    var numbers: [[UInt8]: Int64] = [:]
    while try statement.step() {
      guard case .text(let name) = statement.value(0) else { continue }
      numbers[Array(String(decoding: name, as: UTF8.self).lowercased().utf8)] = statement.integer(1)
    }
    return numbers
  }

  private func held() throws -> ArrivalCensus {
    let rule = try ServerRule(recipe, SampleDatabase(source, .reading))
    return try ArrivalCensus(source: source, target: target, twin: twin, rule: rule)
  }

  /// Files in the source's data directory that an attachment names and that are not the same beside the target.
  private func differingFiles() throws -> Int64 {
    guard recipe.product == "memos" else { return 0 }
    let table = SampleSchema.attachmentTable(of: "memos", version: recipe.version)
    let database = try SampleDatabase(source, .reading)
    guard try database.number("SELECT count(*) FROM sqlite_schema WHERE name = '\(table)'") > 0 else { return 0 }
    let statement = try SampleStatement(
      database, "SELECT DISTINCT CAST(reference AS TEXT) FROM \(table) WHERE storage_type = 'LOCAL'")
    var count: Int64 = 0
    while try statement.step() {
      guard case .text(let reference) = statement.value(0) else { continue }
      // A reference that leads out of the directory, or to nothing, has no file to compare.
      guard let wanted = RawFile.digest(beside: source, reference) else { continue }
      // A server holds the name in no other way.
      let name = isHeldByServer ? HeldColumn.markedPath(reference).text : reference
      if RawFile.digest(beside: target, name) != wanted { count += 1 }
    }
    return count
  }
}
