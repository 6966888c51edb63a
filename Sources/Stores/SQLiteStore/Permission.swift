import CSQLite
import NoteModel

/// Runs statements that came out of an archive, each allowed to make exactly one thing.
///
/// An archive may come from anywhere. SQLite asks before every act of a statement; whatever is not part of making the
/// named table, index, view or trigger is refused, and so is a second statement behind the first.
final class Permission {
  private let definition: StoreSchema.Definition
  /// Names of functions that a table or an index may call.
  private let functions: Set<String>
  private var wasDenied = false

  private init(_ definition: StoreSchema.Definition, _ functions: Set<String>) {
    self.definition = definition
    self.functions = functions
  }

  /// Functions that SQLite calls innocuous, and JSON's, which are that and are not called so by every version.
  private static func harmlessFunctions(_ connection: Connection) throws -> Set<String> {
    let rows = try connection.prepare(
      "SELECT name FROM pragma_function_list WHERE flags & \(SQLITE_INNOCUOUS) OR name GLOB 'json*' OR name GLOB '->*'")
    var names: Set<String> = []
    while try rows.step() { names.insert(foldedCase(rows.text(0))) }
    return names
  }

  /// Makes what a definition says.
  ///
  /// - Throws: `.archiveHostile` when the statement would do anything else; `.targetMismatch` when SQLite refuses it.
  static func make(_ definition: StoreSchema.Definition, _ connection: Connection) throws {
    let permission = Permission(definition, try harmlessFunctions(connection))
    let context = Unmanaged.passUnretained(permission).toOpaque()
    sqlite3_set_authorizer(
      connection.handle,
      { context, action, first, second, database, _ in
        let permission = Unmanaged<Permission>.fromOpaque(context!).takeUnretainedValue()
        let allows = permission.allows(action, argument(first), argument(second), argument(database))
        if !allows { permission.wasDenied = true }
        return allows ? SQLITE_OK : SQLITE_DENY
      }, context)
    defer { sqlite3_set_authorizer(connection.handle, nil, nil) }
    do {
      try withExtendedLifetime(permission) { try permission.run(connection) }
    } catch let error as MigrationError where !permission.wasDenied && error.code != .archiveHostile {
      throw MigrationError(
        error.code == .diskFull ? .diskFull : .targetMismatch,
        "the target cannot hold the \(definition.kind.rawValue) \(definition.name)", cause: error.cause,
        safeNow: "the source and the archive are untouched", next: error.next)
    } catch {
      throw hostile(definition, "it asks for more than that")
    }
  }

  private func run(_ connection: Connection) throws {
    var statement: OpaquePointer?
    var text = definition.statement
    let (result, isSingle) = text.withUTF8 { bytes -> (Int32, Bool) in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        var tail: UnsafePointer<CChar>?
        let result = sqlite3_prepare_v2(connection.handle, bytes.baseAddress, Int32(bytes.count), &statement, &tail)
        let used = tail.map { $0 - bytes.baseAddress! } ?? 0
        return (result, bytes[used...].allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x3B })
      }
    }
    defer { sqlite3_finalize(statement) }
    guard result == SQLITE_OK else { throw connection.failure("cannot make \(definition.name)") }
    guard isSingle, statement != nil else { throw Self.hostile(definition, "it is not one statement") }
    var step = sqlite3_step(statement)
    while step == SQLITE_ROW { step = sqlite3_step(statement) }
    guard step == SQLITE_DONE else { throw connection.failure("cannot make \(definition.name)") }
  }

  private static func hostile(_ definition: StoreSchema.Definition, _ cause: String) -> MigrationError {
    MigrationError(
      .archiveHostile, "the archive's statement for the \(definition.kind.rawValue) \(definition.name) is refused",
      cause: cause, safeNow: "nothing of that statement was carried out",
      next: ["import into a store that the product itself has initialised"])
  }

  private func allows(_ action: Int32, _ first: String, _ second: String, _ database: String) -> Bool {
    let name = foldedCase(definition.name)
    let table = foldedCase(definition.table)
    guard database.isEmpty || database == "main", !name.hasPrefix("sqlite_") else { return false }
    let isCatalogue = first == "sqlite_master" || first == "sqlite_schema"
    switch action {
    case SQLITE_INSERT, SQLITE_UPDATE: return isCatalogue
    case SQLITE_READ: return isCatalogue || first == table || first == name
    case SQLITE_FUNCTION: return functions.contains(second)
    case SQLITE_CREATE_TABLE:
      return definition.kind == .table && (first == name || first == "sqlite_sequence")
    case SQLITE_CREATE_INDEX:
      if definition.kind == .table { return second == name && first.hasPrefix("sqlite_autoindex_") }
      return definition.kind == .index && first == name && second == table
    case SQLITE_REINDEX: return definition.kind == .index && first == name
    case SQLITE_CREATE_VIEW: return definition.kind == .view && first == name
    case SQLITE_CREATE_TRIGGER: return definition.kind == .trigger && first == name && second == table
    default: return false
    }
  }
}

private func argument(_ text: UnsafePointer<CChar>?) -> String { text.map { foldedCase(String(cString: $0)) } ?? "" }
