/// The part of a sample store that nothing is wrong with.
enum OrdinaryRows {
  /// Statements that fill a product's empty tables.
  static func statements(_ recipe: StoreRecipe, notes: Int, attachments: Int) -> String {
    switch recipe.product {
    case "memos": memos(recipe.version, notes: notes, attachments: attachments)
    case "reference": reference(notes: notes, attachments: attachments)
    default: ""
    }
  }

  /// Every seventh note and the second owner have words that no screen may show.
  private static func memos(_ version: String, notes: Int, attachments: Int) -> String {
    let table = SampleSchema.attachmentTable(of: "memos", version: version)
    return """
      INSERT INTO user(id, created_ts, updated_ts, username, role, nickname, password_hash)
      SELECT n, 1700000000 + n, 1700000000 + n, 'owner' || n, iif(n = 1, 'ADMIN', 'USER'), iif(n = 2, canary(), ''), '*'
      FROM number WHERE n <= 4;
      INSERT INTO memo(id, uid, creator_id, created_ts, updated_ts, content, payload)
      SELECT n, 'ordinaryNote' || n, 1 + n % 4, 1700000000 + n, 1700000000 + n,
        CAST(sentence(n) AS TEXT) || iif(n % 7 = 0, canary(), ''), '{"tags":["ordinary"]}'
      FROM number WHERE n <= \(notes);
      INSERT INTO \(table)(id, uid, creator_id, created_ts, updated_ts, filename, blob, type, size, memo_id, storage_type,
        reference)
      SELECT n, 'ordinaryImage' || n, 1 + n % 4, 1700000000 + n, 1700000000 + n, 'photo-' || n || '.png',
        iif(n % 5 = 0, NULL, png(200 + 977 * n % 60000, n)), 'image/png',
        length(png(200 + 977 * n % 60000, n)), nullif(n % (\(notes) + 1), 0), iif(n % 5 = 0, 'LOCAL', ''),
        iif(n % 5 = 0, file('assets/' || n || '_photo.png', png(200 + 977 * n % 60000, n)), '')
      FROM number WHERE n <= \(attachments);
      """
  }

  private static func reference(notes: Int, attachments: Int) -> String {
    """
    INSERT INTO owner(id, login, display_name, rank, created_at)
    SELECT n, 'owner' || n, iif(n = 2, canary(), 'Owner ' || n), iif(n = 1, 'vip', 'member'), 1700000000 + n
    FROM number WHERE n <= 4;
    INSERT INTO notebook(id, owner_id, parent_id, title)
    SELECT n, 1 + n % 4, iif(n = 1, NULL, n / 2), 'Notebook ' || n FROM number WHERE n <= 5;
    INSERT INTO note(id, uid, notebook_id, owner_id, title, body, created_at, updated_at)
    SELECT n, 'ordinaryNote' || n, 1 + n % 5, 1 + n % 4, 'Note ' || n,
      CAST(sentence(n) AS TEXT) || iif(n % 7 = 0, canary(), ''), 1700000000 + n, 1700000000 + n
    FROM number WHERE n <= \(notes);
    INSERT INTO image(id, uid, note_id, owner_id, name, mime, byte_count, chunk_count, created_at)
    SELECT n, 'ordinaryImage' || n, 1 + n % \(max(1, notes)), 1 + n % 4, 'photo-' || n || '.png', 'image/png',
      length(png(200 + 977 * n % 60000, n)), 1, 1700000000 + n
    FROM number WHERE n <= \(attachments);
    INSERT INTO image_chunk(image_id, seq, bytes)
    SELECT n, 0, png(200 + 977 * n % 60000, n) FROM number WHERE n <= \(attachments);
    INSERT INTO node_setting(node, name, value) VALUES('*', 'language', 'en'), ('a', 'address', '10.0.0.1'),
      ('b', 'address', '10.0.0.2');
    """
  }
}
