/// The tables of the reference product: a small note server for many users on two nodes.
///
/// It is ours, so that the profile language is tried on a product very unlike Memos: owners with ranks, a tree of
/// notebooks, images in chunks, settings that belong to one node.
public enum ReferenceSchema {
  /// The version in `product_info`.
  public static let version = "1.0"

  /// The owners' ranks, highest first.
  public static let ranks = ["vip", "staff", "member", "guest"]

  /// Statements that make an empty store, in order. The last one writes the version marker.
  ///
  /// Types are those that SQLite and PostgreSQL share, but for the one blob column.
  public static let sqlite: [String] = [
    """
    CREATE TABLE product_info (
      name TEXT NOT NULL PRIMARY KEY,
      value TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE owner (
      id INTEGER PRIMARY KEY,
      login TEXT NOT NULL UNIQUE,
      display_name TEXT NOT NULL,
      rank TEXT NOT NULL CHECK (rank IN (\(ranks.map { "'\($0)'" }.joined(separator: ", ")))),
      password_hash TEXT NOT NULL DEFAULT '',
      created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE notebook (
      id INTEGER PRIMARY KEY,
      owner_id INTEGER NOT NULL REFERENCES owner (id),
      parent_id INTEGER,
      title TEXT NOT NULL,
      position INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE note (
      id INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      notebook_id INTEGER NOT NULL REFERENCES notebook (id),
      owner_id INTEGER NOT NULL REFERENCES owner (id),
      title TEXT NOT NULL DEFAULT '',
      body TEXT NOT NULL DEFAULT '',
      revision INTEGER NOT NULL DEFAULT 1,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE image (
      id INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      note_id INTEGER NOT NULL REFERENCES note (id),
      owner_id INTEGER NOT NULL REFERENCES owner (id),
      name TEXT NOT NULL DEFAULT '',
      mime TEXT NOT NULL DEFAULT '',
      byte_count BIGINT NOT NULL DEFAULT 0,
      chunk_count INTEGER NOT NULL DEFAULT 0,
      created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE image_chunk (
      image_id INTEGER NOT NULL REFERENCES image (id),
      seq INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (image_id, seq)
    )
    """,
    """
    CREATE TABLE note_link (
      from_note_id INTEGER NOT NULL REFERENCES note (id),
      to_note_id INTEGER NOT NULL REFERENCES note (id),
      kind TEXT NOT NULL,
      PRIMARY KEY (from_note_id, to_note_id, kind)
    )
    """,
    """
    CREATE TABLE tag (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE note_tag (
      note_id INTEGER NOT NULL REFERENCES note (id),
      tag_id INTEGER NOT NULL REFERENCES tag (id),
      PRIMARY KEY (note_id, tag_id)
    )
    """,
    """
    CREATE TABLE node_setting (
      node TEXT NOT NULL CHECK (node IN ('*', 'a', 'b')),
      name TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (node, name)
    )
    """,
    "CREATE INDEX note_by_notebook ON note (notebook_id)",
    "CREATE INDEX note_by_owner ON note (owner_id)",
    "CREATE INDEX image_by_note ON image (note_id)",
    "INSERT INTO product_info (name, value) VALUES ('schema_version', '\(version)')",
  ]

  /// The same on a PostgreSQL server.
  public static let postgresql = sqlite.map { $0.split(separator: " BLOB ").joined(separator: " BYTEA ") }
}
