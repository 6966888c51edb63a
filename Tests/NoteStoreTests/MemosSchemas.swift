/// The tables of three Memos versions, as far as a profile looks at them: names, columns, keys and foreign keys.
enum MemosSchemas {
  private static let id = "id INTEGER PRIMARY KEY AUTOINCREMENT"
  private static let times = "created_ts BIGINT NOT NULL DEFAULT 0, updated_ts BIGINT NOT NULL DEFAULT 0"

  private static let common = [
    "CREATE TABLE system_setting (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL, description TEXT DEFAULT '')",
    """
    CREATE TABLE user (\(id), \(times), row_status TEXT DEFAULT 'NORMAL', username TEXT NOT NULL UNIQUE,
      role TEXT DEFAULT 'USER', email TEXT DEFAULT '', nickname TEXT DEFAULT '', password_hash TEXT DEFAULT '',
      avatar_url TEXT DEFAULT '', description TEXT DEFAULT '')
    """,
    "CREATE TABLE user_setting (user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, UNIQUE (user_id, key))",
    """
    CREATE TABLE memo (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      row_status TEXT DEFAULT 'NORMAL', content TEXT DEFAULT '', visibility TEXT DEFAULT 'PRIVATE',
      pinned INTEGER DEFAULT 0, payload TEXT DEFAULT '{}')
    """,
    """
    CREATE TABLE memo_relation (memo_id INTEGER NOT NULL, related_memo_id INTEGER NOT NULL, type TEXT NOT NULL,
      UNIQUE (memo_id, related_memo_id, type))
    """,
    "CREATE TABLE inbox (\(id), created_ts BIGINT, sender_id INTEGER, receiver_id INTEGER, status TEXT, message TEXT)",
  ]

  private static func attachments(_ name: String) -> String {
    """
    CREATE TABLE \(name) (\(id), uid TEXT NOT NULL UNIQUE, creator_id INTEGER NOT NULL, \(times),
      filename TEXT DEFAULT '', blob BLOB, type TEXT DEFAULT '', size INTEGER DEFAULT 0, memo_id INTEGER,
      storage_type TEXT DEFAULT '', reference TEXT DEFAULT '', payload TEXT DEFAULT '{}')
    """
  }

  private static let activity =
    "CREATE TABLE activity (\(id), creator_id INTEGER, created_ts BIGINT, type TEXT, level TEXT, payload TEXT)"
  private static let reactionToContent =
    "CREATE TABLE reaction (\(id), created_ts BIGINT, creator_id INTEGER, content_id TEXT, reaction_type TEXT)"
  private static let provider = "CREATE TABLE idp (\(id), name TEXT, type TEXT, identifier_filter TEXT, config TEXT)"

  static let version24 =
    common + [
      attachments("resource"), activity, reactionToContent, provider,
      "CREATE TABLE migration_history (version TEXT NOT NULL PRIMARY KEY, created_ts BIGINT)",
      "CREATE TABLE memo_organizer (memo_id INTEGER NOT NULL, user_id INTEGER NOT NULL, pinned INTEGER, "
        + "UNIQUE (memo_id, user_id))",
      "CREATE TABLE webhook (\(id), \(times), row_status TEXT, creator_id INTEGER, name TEXT, url TEXT)",
    ]

  static let version26 = common + [attachments("attachment"), activity, reactionToContent, provider]

  static let version31 =
    common + [
      attachments("attachment"),
      "CREATE TABLE reaction (\(id), created_ts BIGINT, creator_id INTEGER, memo_id INTEGER, reaction_type TEXT)",
      "CREATE TABLE idp (\(id), uid TEXT UNIQUE, name TEXT, type TEXT, identifier_filter TEXT, config TEXT)",
      "CREATE TABLE memo_share (\(id), uid TEXT UNIQUE, memo_id INTEGER NOT NULL, creator_id INTEGER, "
        + "created_ts BIGINT, expires_ts BIGINT, FOREIGN KEY (memo_id) REFERENCES memo (id) ON DELETE CASCADE)",
      "CREATE TABLE user_identity (\(id), user_id INTEGER, provider TEXT, extern_uid TEXT, \(times))",
    ]

  static let all = [("0.24", version24), ("0.26", version26), ("0.31", version31)]
}
