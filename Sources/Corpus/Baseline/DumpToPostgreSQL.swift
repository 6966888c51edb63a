import DurableIO
import NoteModel

/// The recipe of many migration guides: dump, throw out what is not UTF-8, rewrite the dialect, load.
///
/// It needs `sqlite3`, `iconv`, `sed` and `psql`. Statements that the server refuses are left behind, as `psql` does.
struct DumpToPostgreSQL {
  var recipe: StoreRecipe
  var connection: String
  var directory: String

  /// Loads the store into a schema of its own, reads the result back and removes the schema.
  func run(_ source: String) throws -> ItemCensus {
    let child = ChildProgram(directory: directory)
    try FileBytes.write(Array(try tables(source).utf8), to: directory + "/tables.sql")
    try FileBytes.write(Array(Self.dialect.utf8), to: directory + "/dialect.sed")
    try FileBytes.write(Array(readBack.utf8), to: directory + "/read-back.sql")
    let dump = """
      { cat tables.sql; sqlite3 "$1" .dump | iconv -c -f UTF-8 -t UTF-8 | tr -d '\\000' | sed -n -f dialect.sed; cat read-back.sql; }
      """
    let result = try child.run(
      "/bin/sh", ["-c", "cd \"$0\" && \(dump) | psql -X -q -t -A -F ' ' \"$2\"", directory, source, connection],
      name: "dump")
    guard result.status == 0 else {
      throw MigrationError(
        .internal, "the dump could not be loaded into PostgreSQL", cause: "psql ended with \(result.status)",
        safeNow: "the stores of the corpus were not changed",
        next: ["install sqlite3 and psql, and name a server with --postgresql"])
    }
    return census(String(decoding: result.output, as: UTF8.self))
  }

  private var notes: String { SampleSchema.noteTable(of: recipe.product) }
  private var attachments: String { SampleSchema.attachmentTable(of: recipe.product, version: recipe.version) }

  /// Tables of the same columns, with the types that PostgreSQL has for them.
  private func tables(_ source: String) throws -> String {
    let database = try SampleDatabase(source, .reading)
    let columns = try SampleStatement(
      database,
      """
      SELECT m.name, c.name, upper(c.type) FROM sqlite_schema m JOIN pragma_table_info(m.name) c
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid
      """)
    var text = "DROP SCHEMA IF EXISTS naive CASCADE; CREATE SCHEMA naive; SET search_path = naive;\n"
    var definitions: [String: [String]] = [:]
    while try columns.step() {
      guard case .text(let table) = columns.value(0), case .text(let name) = columns.value(1),
        case .text(let type) = columns.value(2)
      else { continue }
      let declared = String(decoding: type, as: UTF8.self)
      let kind = declared.contains("INT") ? "bigint" : declared.contains("BLOB") ? "bytea" : "text"
      definitions[String(decoding: table, as: UTF8.self), default: []].append("\(Self.name(name)) \(kind)")
    }
    for (table, columns) in definitions.sorted(by: { $0.key < $1.key }) {
      text += "CREATE TABLE \(Self.name(Array(table.utf8)))(\(columns.joined(separator: ", ")));\n"
    }
    return text
  }

  private static func name(_ bytes: [UInt8]) -> String {
    "\""
      + String(decoding: bytes, as: UTF8.self).split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  /// Keeps the rows; names, bytes and line ends are written as the other dialect has them.
  private static let dialect = #"""
    /^INSERT INTO/!d
    s/^INSERT INTO \([a-z_]*\) /INSERT INTO "\1" /
    s/\([,(]\)X'\([0-9a-fA-F]*\)'/\1'\\x\2'/g
    s/char(10))/chr(10))/g
    s/char(13))/chr(13))/g
    p

    """#

  private var readBack: String {
    let texts = (recipe.product == "reference" ? ["title", "body"] : ["content"])
      .map { "encode(sha256(convert_to(coalesce(\($0), ''), 'UTF8')), 'hex')" }
    let note = "SELECT 'note', id, \(texts.joined(separator: ", ")) FROM \"\(notes)\" WHERE id IS NOT NULL;\n"
    let attachment =
      recipe.product == "reference"
      ? """
      SELECT 'attachment', image_id, encode(sha256(string_agg(bytes, '' ORDER BY seq)), 'hex') FROM image_chunk
      GROUP BY image_id;
      """
      : "SELECT 'attachment', id, encode(sha256(blob), 'hex') FROM \"\(attachments)\" WHERE blob IS NOT NULL;"
    return note + attachment + "\nDROP SCHEMA naive CASCADE;\n"
  }

  private func census(_ text: String) -> ItemCensus {
    var census = ItemCensus()
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2, let id = Int64(words[1]) else { continue }
      let digests = words[2...].compactMap { Checksum(.sha256, hex: $0.utf8) }
      if words[0] == "note" { census.notes[id] = digests } else { census.attachments[id] = digests.first }
    }
    return census
  }
}
