import AllStores
import CPostgreSQL
import CSQLite
import NoteModel
import NoteStore

/// A SQLite database, written by its C library alone.
final class FileWriter: NoteWriter {
  private var handle: OpaquePointer?

  init(_ path: String) throws {
    guard sqlite3_open(path, &handle) == SQLITE_OK else { throw MigrationError(.targetMissing, path) }
    sqlite3_busy_timeout(handle, 300)
  }

  func add(_ number: Int64) -> String? {
    let sql = "BEGIN IMMEDIATE; INSERT INTO note (id, body) VALUES (\(number), 'text'); COMMIT"
    if sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK { return nil }
    let words = String(cString: sqlite3_errmsg(handle))
    sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
    return words
  }
}

/// A PostgreSQL server, written by its C library alone.
final class ServerWriter: NoteWriter {
  private let handle: OpaquePointer?

  init(_ url: String) throws {
    handle = PQconnectdb(url)
    guard PQstatus(handle) == CONNECTION_OK else {
      throw MigrationError(.targetMissing, String(cString: PQerrorMessage(handle)))
    }
  }

  func add(_ number: Int64) -> String? {
    let result = PQexec(handle, "INSERT INTO note (id, body) VALUES (\(number), 'text')")
    defer { PQclear(result) }
    return PQresultStatus(result) == PGRES_COMMAND_OK ? nil : String(cString: PQresultErrorMessage(result))
  }
}

/// The product of these tests: one table of notes.
enum BenchStore {
  static let profile = Profile(
    name: "bench", title: "Bench", probeTables: ["note"], versionProbes: [], minimumVersion: "", maximumVersion: "",
    dataDirectory: ".",
    entities: [EntityProfile(name: "note", role: .note, tables: ["note"], isRequired: true, key: ["id"])])

  static func fence(_ store: String) throws -> any WriteFence { try AllStores.fence(store, profiles: [profile]) }
}
