import NoteStore

/// The tables of the products that sample stores are made of, by schema version.
package enum SampleSchema {
  package static func versions(of product: String) -> [String] {
    switch product {
    case "memos": ["0.22", "0.23", "0.24", "0.25", "0.26", "0.27", "0.28", "0.29", "0.30", "0.31"]
    case "reference": [ReferenceSchema.version]
    default: [""]
    }
  }

  /// Statements that make the empty tables, and the marker of the version.
  package static func statements(of product: String, version: String) -> [String] {
    switch product {
    case "memos": memos(version)
    case "reference": ReferenceSchema.sqlite
    default: []
    }
  }

  /// The table of the product's attachments in a version.
  static func attachmentTable(of product: String, version: String) -> String {
    product == "reference" ? "image" : version < "0.26" ? "resource" : "attachment"
  }

  static func noteTable(of product: String) -> String { product == "reference" ? "note" : "memo" }

  // MARK: - Memos

  private static let id = "id INTEGER PRIMARY KEY AUTOINCREMENT"
  private static func time(_ name: String) -> String { "\(name) BIGINT NOT NULL DEFAULT (strftime('%s', 'now'))" }
  private static let times = time("created_ts") + ", " + time("updated_ts")
  private static let status = "row_status TEXT NOT NULL CHECK (row_status IN ('NORMAL', 'ARCHIVED')) DEFAULT 'NORMAL'"

  private static func memos(_ version: String) -> [String] {
    var tables = memosCore + [memosAttachments(attachmentTable(of: "memos", version: version))]
    if version < "0.25" {
      tables.append(
        "CREATE TABLE webhook(\(id), \(times), \(status), creator_id INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL)"
      )
    }
    if version < "0.26" {
      tables.append(
        "CREATE TABLE memo_organizer(memo_id INTEGER NOT NULL, user_id INTEGER NOT NULL, pinned INTEGER NOT NULL DEFAULT 0, UNIQUE(memo_id, user_id))"
      )
      tables.append("CREATE TABLE migration_history(version TEXT NOT NULL PRIMARY KEY, \(time("created_ts")))")
      tables.append("INSERT INTO migration_history(version, created_ts) VALUES('\(version).0', 1700000000)")
    }
    if version < "0.27" {
      tables.append(
        "CREATE TABLE activity(\(id), creator_id INTEGER NOT NULL, \(time("created_ts")), type TEXT NOT NULL DEFAULT '', level TEXT NOT NULL DEFAULT 'INFO', payload TEXT NOT NULL DEFAULT '{}')"
      )
    } else {
      tables.append(
        "CREATE TABLE memo_share(\(id), uid TEXT NOT NULL UNIQUE, memo_id INTEGER NOT NULL, creator_id INTEGER NOT NULL, \(time("created_ts")), expires_ts BIGINT DEFAULT NULL, FOREIGN KEY(memo_id) REFERENCES memo(id) ON DELETE CASCADE)"
      )
    }
    if version >= "0.28" {
      tables.append(
        "CREATE TABLE user_identity(\(id), user_id INTEGER NOT NULL, provider TEXT NOT NULL, extern_uid TEXT NOT NULL, \(times), UNIQUE(user_id, provider), UNIQUE(provider, extern_uid))"
      )
    }
    let about = version < "0.31" ? "content_id TEXT" : "memo_id INTEGER"
    let unique = version < "0.31" ? "content_id" : "memo_id"
    tables.append(
      "CREATE TABLE reaction(\(id), \(time("created_ts")), creator_id INTEGER NOT NULL, \(about) NOT NULL, reaction_type TEXT NOT NULL, UNIQUE(creator_id, \(unique), reaction_type))"
    )
    let uid = version < "0.27" ? "" : "uid TEXT NOT NULL UNIQUE, "
    tables.append(
      "CREATE TABLE idp(\(id), \(uid)name TEXT NOT NULL, type TEXT NOT NULL, identifier_filter TEXT NOT NULL DEFAULT '', config TEXT NOT NULL DEFAULT '{}')"
    )
    if version >= "0.25" {
      tables.append("INSERT INTO system_setting(name, value) VALUES('BASIC', '{\"schemaVersion\":\"\(version).1\"}')")
    }
    return tables
  }

  private static let memosCore = [
    "CREATE TABLE system_setting(name TEXT NOT NULL, value TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', UNIQUE(name))",
    """
    CREATE TABLE user(\(id), \(times), \(status), username TEXT COLLATE BINARY NOT NULL UNIQUE,
      role TEXT NOT NULL DEFAULT 'USER', email TEXT NOT NULL DEFAULT '', nickname TEXT NOT NULL DEFAULT '',
      password_hash TEXT NOT NULL, avatar_url TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '')
    """,
    "CREATE TABLE user_setting(user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE(user_id, key))",
    """
    CREATE TABLE memo(\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times), \(status),
      content TEXT NOT NULL DEFAULT '', visibility TEXT NOT NULL DEFAULT 'PRIVATE',
      pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)) DEFAULT 0, payload TEXT NOT NULL DEFAULT '{}')
    """,
    """
    CREATE TABLE memo_relation(memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
      UNIQUE(memo_id, related_memo_id, type))
    """,
    """
    CREATE TABLE inbox(\(id), \(time("created_ts")), sender_id INTEGER NOT NULL, receiver_id INTEGER NOT NULL,
      status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '{}')
    """,
  ]

  private static func memosAttachments(_ name: String) -> String {
    """
    CREATE TABLE \(name)(\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      filename TEXT NOT NULL DEFAULT '', blob BLOB DEFAULT NULL, type TEXT NOT NULL DEFAULT '',
      size INTEGER NOT NULL DEFAULT 0, memo_id INTEGER, storage_type TEXT NOT NULL DEFAULT '',
      reference TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}')
    """
  }
}
