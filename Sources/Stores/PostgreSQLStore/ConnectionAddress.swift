import CPostgreSQL
import NoteModel
import NoteStore

/// Where a server and its database are: what libpq is given, and how people see it.
///
/// A location is what libpq takes, without a password: `postgresql://user@host:port/database?sslmode=require`, or
/// keywords and values, `postgresql:host=/run/postgresql dbname=memos`. What it leaves out libpq takes from a service
/// file, the environment and its own defaults.
struct ConnectionAddress: Sendable {
  /// A URI, or keywords and values; no secrets.
  let text: String
  /// The host, port and database that were named.
  let name: String

  /// - Throws: `.usage` for a text that libpq does not understand, and for one with a password in it.
  init(_ location: StoreLocation) throws {
    let text = location.path.hasPrefix("//") ? location.scheme + ":" + location.path : location.path
    guard let values = Self.parse(text) else {
      // libpq's own words would repeat the text, and there may be a password in it.
      throw MigrationError(
        .usage, "the location of the server is not understood",
        cause: "libpq takes it neither for a URI nor for keywords and values", safeNow: "nothing was read or changed",
        next: ["postgresql://USER@HOST:PORT/DATABASE", "or postgresql:'host=DIRECTORY dbname=DATABASE'"])
    }
    for secret in ["password", "sslpassword"] where values[secret] != nil {
      throw MigrationError(
        .usage, "the location of the server has a password in it",
        cause: "command lines are seen by every user of the machine, and stay in histories and logs",
        safeNow: "no connection was made",
        next: [
          "put HOST:PORT:DATABASE:USER:PASSWORD into ~/.pgpass (mode 0600), or name such a file by PGPASSFILE",
          "or name a service of a service file: postgresql:service=NAME",
        ])
    }
    self.text = text
    name = Self.name(values)
  }

  /// The keywords that have a value; `nil` where libpq does not understand the text.
  private static func parse(_ text: String) -> [String: String]? {
    var words: UnsafeMutablePointer<CChar>?
    let options = PQconninfoParse(text, &words)
    if let words { PQfreemem(words) }
    guard let options else { return nil }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return values
  }

  private static func name(_ values: [String: String]) -> String {
    if let service = values["service"] { return "postgresql:service=\(service)" }
    let host = values["host"] ?? values["hostaddr"] ?? ""
    let port = values["port"].map { ":" + $0 } ?? ""
    let database = values["dbname"] ?? ""
    if host.hasPrefix("/") || host.isEmpty {
      return "postgresql://\(port)/\(database)" + (host.isEmpty ? "" : "?host=\(host)")
    }
    return "postgresql://\(host)\(port)/\(database)"
  }
}
