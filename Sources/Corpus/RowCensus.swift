import DurableIO
import NoteModel

/// Every row of every table of a SQLite database, as a set of digests.
///
/// It reads with SQL of its own, so that an error of noteferry's reading cannot hide in both sides of a comparison.
struct RowCensus {
  /// How often each digest of a row occurs, by table.
  private(set) var tables: [String: [Checksum: Int]] = [:]
  /// Tables that SQLite cannot read to their end.
  private(set) var unreadable: Set<String> = []

  /// Reads a database.
  ///
  /// - Complexity: O(*n*) time; 100 bytes of memory a row, and one row.
  init(_ path: String, _ access: SampleDatabase.Access = .reading) throws {
    let database = try SampleDatabase(path, access)
    for table in try Self.tables(database) {
      do { tables[table] = try Self.rows(table, database) } catch { unreadable.insert(table) }
    }
  }

  /// Ordinary tables; those that noteferry itself leaves in a target do not count.
  static func tables(_ database: SampleDatabase) throws -> [String] {
    let list = try SampleStatement(
      database,
      """
      SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
        AND name NOT IN ('sqlite_schema', 'sqlite_temp_schema') AND name NOT LIKE 'sqlite_stat%'
        AND name NOT LIKE 'noteferry!_import%' ESCAPE '!'
      """)
    var names: [String] = []
    while try list.step() {
      if case .text(let name) = list.value(0) { names.append(String(decoding: name, as: UTF8.self)) }
    }
    return names
  }

  private static func rows(_ table: String, _ database: SampleDatabase) throws -> [Checksum: Int] {
    let name = table.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    let statement = try SampleStatement(database, "SELECT * FROM \"\(name)\"")
    var rows: [Checksum: Int] = [:]
    while try statement.step() {
      rows[digest((0..<statement.columnCount).map { statement.value($0) }), default: 0] += 1
    }
    return rows
  }

  /// A digest of values with their types.
  static func digest(_ values: [Value]) -> Checksum {
    let digest = Digest(.sha256)
    for value in values { append(value, to: digest) }
    return digest.finish()
  }

  private static func append(_ value: Value, to digest: Digest) {
    switch value {
    case .integer(let number): append(1, withUnsafeBytes(of: number.littleEndian) { Array($0) }, to: digest)
    case .real(let number): append(2, withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }, to: digest)
    case .text(let bytes): append(3, bytes, to: digest)
    case .bytes(let bytes): append(4, bytes, to: digest)
    default: append(0, [], to: digest)
    }
  }

  private static func append(_ type: UInt8, _ bytes: [UInt8], to digest: Digest) {
    var head = [type]
    withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { head.append(contentsOf: $0) }
    head.withUnsafeBytes { digest.update($0) }
    bytes.withUnsafeBytes { digest.update($0) }
  }

  /// How many rows of each table differ: are not in the other as they are here, or are only there.
  ///
  /// What cannot be read here cannot be compared; what cannot be read there counts as missing.
  func differences(to other: RowCensus) -> [String: Int64] {
    var differences: [String: Int64] = [:]
    for table in Set(tables.keys).union(other.tables.keys).subtracting(unreadable) {
      let here = tables[table] ?? [:]
      let there = other.tables[table] ?? [:]
      let missing = here.reduce(0) { $0 + max(0, $1.value - (there[$1.key] ?? 0)) }
      let extra = there.reduce(0) { $0 + max(0, $1.value - (here[$1.key] ?? 0)) }
      if max(missing, extra) > 0 { differences[table] = Int64(max(missing, extra)) }
    }
    return differences
  }
}
