/// Statements that make an empty Memos store of schema 0.31 on PostgreSQL.
enum MemosTables {
  private static let now = "bigint NOT NULL DEFAULT EXTRACT(epoch FROM now())"

  static let statements: [String] = [
    "CREATE TABLE system_setting (name text PRIMARY KEY, value text NOT NULL, description text NOT NULL)",
    """
    CREATE TABLE "user" (
      id serial PRIMARY KEY, created_ts \(now), updated_ts \(now), row_status text NOT NULL DEFAULT 'NORMAL',
      username text NOT NULL UNIQUE, role text NOT NULL DEFAULT 'USER', email text NOT NULL DEFAULT '',
      nickname text NOT NULL DEFAULT '', password_hash text NOT NULL, avatar_url text NOT NULL,
      description text NOT NULL DEFAULT '')
    """,
    """
    CREATE TABLE user_setting (user_id integer NOT NULL, key text NOT NULL, value text NOT NULL, UNIQUE (user_id, key))
    """,
    """
    CREATE TABLE memo (
      id serial PRIMARY KEY, uid text NOT NULL UNIQUE, creator_id integer NOT NULL, created_ts \(now),
      updated_ts \(now), row_status text NOT NULL DEFAULT 'NORMAL', content text NOT NULL,
      visibility text NOT NULL DEFAULT 'PRIVATE', pinned boolean NOT NULL DEFAULT FALSE,
      payload jsonb NOT NULL DEFAULT '{}')
    """,
    """
    CREATE TABLE memo_relation (
      memo_id integer NOT NULL, related_memo_id integer NOT NULL, type text NOT NULL,
      UNIQUE (memo_id, related_memo_id, type))
    """,
    """
    CREATE TABLE memo_share (
      id serial PRIMARY KEY, uid text NOT NULL UNIQUE,
      memo_id integer NOT NULL REFERENCES memo (id) ON DELETE CASCADE, creator_id integer NOT NULL,
      created_ts \(now), expires_ts bigint)
    """,
    """
    CREATE TABLE attachment (
      id serial PRIMARY KEY, uid text NOT NULL UNIQUE, creator_id integer NOT NULL, created_ts \(now),
      updated_ts \(now), filename text NOT NULL, blob bytea, type text NOT NULL DEFAULT '',
      size integer NOT NULL DEFAULT 0, memo_id integer, storage_type text NOT NULL DEFAULT '',
      reference text NOT NULL DEFAULT '', payload text NOT NULL DEFAULT '{}')
    """,
    "CREATE INDEX idx_attachment_memo ON attachment (memo_id)",
    """
    CREATE TABLE reaction (
      id serial PRIMARY KEY, created_ts \(now), creator_id integer NOT NULL, memo_id integer NOT NULL,
      reaction_type text NOT NULL, UNIQUE (creator_id, memo_id, reaction_type))
    """,
    """
    CREATE TABLE idp (
      id serial PRIMARY KEY, uid text NOT NULL UNIQUE, name text NOT NULL, type text NOT NULL,
      identifier_filter text NOT NULL DEFAULT '', config jsonb NOT NULL DEFAULT '{}')
    """,
    """
    CREATE TABLE inbox (
      id serial PRIMARY KEY, created_ts \(now), sender_id integer NOT NULL, receiver_id integer NOT NULL,
      status text NOT NULL, message text NOT NULL)
    """,
    """
    CREATE TABLE user_identity (
      id serial PRIMARY KEY, user_id integer NOT NULL, provider text NOT NULL, extern_uid text NOT NULL,
      created_ts \(now), updated_ts \(now), UNIQUE (provider, extern_uid), UNIQUE (user_id, provider))
    """,
    """
    INSERT INTO system_setting VALUES
      ('BASIC', '{"secretKey":"do-not-carry","schemaVersion":"0.31.1"}', ''), ('GENERAL', '{}', '')
    """,
    """
    INSERT INTO "user" (username, role, password_hash, avatar_url)
    VALUES ('host', 'HOST', 'x', ''), ('second', 'USER', 'y', '')
    """,
  ]

  /// Notes, and attachments with bytes of their own of up to 3 KB.
  static func rows(notes: Int, attachments: Int) -> [String] {
    [
      """
      INSERT INTO memo (uid, creator_id, content, pinned, payload)
      SELECT 'm' || i, 1 + i % 2, 'note ' || i || ' äöü 漢字 ' || repeat('lorem ipsum ', i % 60), i % 7 = 0,
        jsonb_build_object('tags', jsonb_build_array('t' || i % 5)) FROM generate_series(1, \(notes)) i
      """,
      """
      INSERT INTO attachment (uid, creator_id, filename, blob, type, size, memo_id)
      SELECT 'a' || i, 1, 'image ' || i || '.png', decode(repeat(md5(i::text), 1 + i % 190), 'hex'), 'image/png',
        16 * (1 + i % 190), i FROM generate_series(1, \(attachments)) i
      """,
      """
      INSERT INTO memo_relation SELECT i, i + 1, CASE WHEN i % 2 = 0 THEN 'REFERENCE' ELSE 'COMMENT' END
      FROM generate_series(1, \(notes) - 1) i
      """,
    ]
  }
}
