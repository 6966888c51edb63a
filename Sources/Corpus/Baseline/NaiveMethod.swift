import DurableIO
import NoteModel

/// What people do today to move such a store, done with the tools that they use.
package enum NaiveMethod: String, Sendable, CaseIterable {
  /// The database file is copied, while the server runs; its log and the attachments' files are not.
  case copy
  /// `sqlite3 .dump`, made clean for PostgreSQL, and loaded there statement by statement.
  case dump
  /// A script that decodes every text as UTF-8, drops the rows where that fails, and takes the files along.
  case script

  package var title: String {
    switch self {
    case .copy: "`cp` of the file"
    case .dump: "`.dump` to PostgreSQL"
    case .script: "decoding script"
    }
  }

  /// What would have arrived.
  ///
  /// - Parameter postgreSQL: The connection for `dump`, as `psql` takes it.
  func arrived(_ recipe: StoreRecipe, source: String, directory: String, postgreSQL: String) throws -> ItemCensus {
    switch self {
    case .copy: copied(recipe, source, directory)
    case .dump: try DumpToPostgreSQL(recipe: recipe, connection: postgreSQL, directory: directory).run(source)
    case .script: try decoded(recipe, source)
    }
  }

  /// A copy that cannot be read holds nothing.
  private func copied(_ recipe: StoreRecipe, _ source: String, _ directory: String) -> ItemCensus {
    let copy = directory + "/copy.db"
    guard let bytes = try? FileBytes.read(source), (try? FileBytes.write(bytes, to: copy)) != nil else {
      return ItemCensus()
    }
    return (try? ItemCensus(recipe, copy)) ?? ItemCensus()
  }

  private func decoded(_ recipe: StoreRecipe, _ source: String) throws -> ItemCensus {
    var census = try ItemCensus(recipe, source)
    let database = try SampleDatabase(source, .reading)
    let isReference = recipe.product == "reference"
    let table = SampleSchema.attachmentTable(of: recipe.product, version: recipe.version)
    for row in try undecodable("SELECT rowid, * FROM \(SampleSchema.noteTable(of: recipe.product))", database) {
      census.notes[row] = nil
    }
    let columns = isReference ? "rowid, name, mime" : "rowid, filename, type, reference, payload"
    for row in try undecodable("SELECT \(columns) FROM \(table)", database) { census.attachments[row] = nil }
    return census
  }

  private func undecodable(_ query: String, _ database: SampleDatabase) throws -> [Int64] {
    let rows = try SampleStatement(database, query)
    var found: [Int64] = []
    while try rows.step() {
      let isClean = (1..<rows.columnCount).allSatisfy { column in
        guard case .text(let bytes) = rows.value(column) else { return true }
        return bytes.withUnsafeBytes { isValidUTF8($0) }
      }
      if !isClean { found.append(rows.integer(0)) }
    }
    return found
  }
}
