extension Profile {
  /// Memos on SQLite and PostgreSQL, the tables of schema 0.22 to 0.31.
  static let memosText = #"""
    # Memos (https://usememos.com), schema 0.22 to 0.31. The database file lies in the data directory itself.
    schema = 1
    name = "memos"
    title = "Memos"
    probe-tables = ["memo", "memo_relation", "user", "user_setting", "system_setting"]
    data-directory = "."
    # Thumbnails and stills of moving pictures; the server makes them again.
    derived-directories = [".thumbnail_cache", ".motion_cache"]
    # 0.25 and later; 0.22 to 0.24; notes written before 0.22.
    attachment-references = ["/file/attachments/", "/file/resources/", "/o/r/"]

    [versions]
    minimum = "0.22"
    maximum = "0.31"

    # Later servers keep the version beside their signing key. A store that was filled from outside may have no marker.
    [[version-probe]]
    table = "system_setting"
    column = "value"
    json-member = "schemaVersion"
    where = { column = "name", equals = "BASIC" }

    # Earlier servers keep a row for each version they passed.
    [[version-probe]]
    table = "migration_history"
    column = "version"

    # A store without a marker shows its age by its tables.
    [[version-hint]]
    table = "resource"
    version = "0.22"

    [[version-hint]]
    table = "attachment"
    version = "0.26"

    [[version-hint]]
    table = "memo_share"
    version = "0.27"

    [[version-hint]]
    table = "user_identity"
    version = "0.28"

    [[version-hint]]
    table = "reaction"
    column = "memo_id"
    version = "0.31"

    [[entity]]
    name = "system_setting"
    role = "setting"
    tables = ["system_setting"]
    required = true
    key = ["name"]
    required-columns = ["value"]
    text = ["description"]
    json = ["value"]

    # The key that signs sessions. A server without one makes a new one; everybody signs in again.
    [[entity.secret]]
    column = "value"
    json-member = "secretKey"
    when = { column = "name", values = ["BASIC"] }

    # Left over from servers before 0.22: the same key, the whole value.
    [[entity.secret]]
    column = "value"
    when = { column = "name", values = ["secret-session"] }

    # At any depth: the store's own object store, later several with names.
    [[entity.secret]]
    column = "value"
    json-member = "**.accessKeySecret"
    when = { column = "name", values = ["STORAGE"] }

    [[entity]]
    name = "migration_history"
    role = "other"
    tables = ["migration_history"]
    key = ["version"]

    # password_hash is not a secret here: it is one-way, and without it no account could sign in on the new machine.
    [[entity]]
    name = "user"
    role = "owner"
    tables = ["user"]
    required = true
    key = ["id"]
    identity = ["username"]
    required-columns = ["username", "role", "password_hash"]
    text = ["nickname", "description"]
    created = "created_ts"
    change-hints = ["updated_ts"]

    [[entity]]
    name = "user_setting"
    role = "setting"
    tables = ["user_setting"]
    required = true
    key = ["user_id", "key"]
    required-columns = ["value"]
    json = ["value"]
    owner = "user_id"

    # Bearer tokens, and addresses that often have a token in them.
    [[entity.secret]]
    column = "value"
    [entity.secret.when]
    column = "key"
    values = ["ACCESS_TOKENS", "REFRESH_TOKENS", "PERSONAL_ACCESS_TOKENS", "SESSIONS", "WEBHOOKS"]

    # 0.28 and later.
    [[entity]]
    name = "user_identity"
    role = "other"
    tables = ["user_identity"]
    key = ["id"]
    identity = ["provider", "extern_uid"]
    owner = "user_id"
    created = "created_ts"
    change-hints = ["updated_ts"]

    # uid: 0.27 and later. The configuration holds the client secret.
    [[entity]]
    name = "idp"
    role = "other"
    tables = ["idp"]
    key = ["id"]
    identity = ["uid"]
    text = ["name"]
    json = ["config"]
    secret = [{ column = "config" }]

    [[entity]]
    name = "memo"
    role = "note"
    tables = ["memo"]
    required = true
    key = ["id"]
    identity = ["uid"]
    required-columns = ["uid", "creator_id", "content", "visibility"]
    text = ["content"]
    json = ["payload"]
    owner = "creator_id"
    created = "created_ts"
    change-hints = ["updated_ts"]

    # Until 0.25.
    [[entity]]
    name = "memo_organizer"
    role = "other"
    tables = ["memo_organizer"]
    key = ["memo_id", "user_id"]
    note = "memo_id"
    owner = "user_id"

    [[entity]]
    name = "memo_relation"
    role = "link"
    tables = ["memo_relation"]
    required = true
    key = ["memo_id", "related_memo_id", "type"]
    note = "memo_id"

    # 0.27 and later; has a foreign key to memo. uid is the token in links that people have passed on: without it the
    # links would be dead, so it is carried.
    [[entity]]
    name = "memo_share"
    role = "other"
    tables = ["memo_share"]
    key = ["id"]
    identity = ["uid"]
    note = "memo_id"
    owner = "creator_id"

    # Called resource before 0.26. The bytes are in blob, in a file (LOCAL) or in another system.
    [[entity]]
    name = "attachment"
    role = "attachment"
    tables = ["attachment", "resource"]
    required = true
    key = ["id"]
    identity = ["uid"]
    required-columns = ["uid", "blob", "storage_type", "reference"]
    text = ["filename"]
    json = ["payload"]
    content = "blob"
    size = "size"
    file-name = "filename"
    mime = "type"
    note = "memo_id"
    owner = "creator_id"
    created = "created_ts"
    change-hints = ["updated_ts"]
    external = { column = "storage_type", values = ["S3", "EXTERNAL"] }

    [entity.file]
    reference = "reference"
    when = { column = "storage_type", values = ["LOCAL"] }
    # The server writes an empty text for rows with their bytes in the database.
    move = { database = ["", "DATABASE"], path = "assets/{unique}_{name}" }

    # Until 0.30 each row had a copy of the object store's credentials.
    [[entity.secret]]
    column = "payload"
    json-member = "**.accessKeySecret"
    when = { column = "storage_type", values = ["S3"] }

    # content_id until 0.30, memo_id from 0.31.
    [[entity]]
    name = "reaction"
    role = "other"
    tables = ["reaction"]
    key = ["id"]
    text = ["reaction_type"]
    note = "memo_id"
    owner = "creator_id"

    [[entity]]
    name = "inbox"
    role = "other"
    tables = ["inbox"]
    key = ["id"]
    json = ["message"]
    owner = "receiver_id"

    # Until 0.26.
    [[entity]]
    name = "activity"
    role = "other"
    tables = ["activity"]
    key = ["id"]
    json = ["payload"]
    owner = "creator_id"

    # Until 0.24; later in user_setting. Addresses often have a token in them.
    [[entity]]
    name = "webhook"
    role = "other"
    tables = ["webhook"]
    key = ["id"]
    text = ["name"]
    owner = "creator_id"
    created = "created_ts"
    change-hints = ["updated_ts"]
    secret = [{ column = "url" }]

    # SQLite and PostgreSQL understand all of them. Each query names the rows that should not be. Memos checks no foreign key, so a few such rows are common.
    [[invariant]]
    name = "memo-has-owner"
    tables = ["memo", "user"]
    query = '''SELECT id FROM memo WHERE creator_id NOT IN (SELECT id FROM "user")'''

    [[invariant]]
    name = "memo-uid-unique"
    tables = ["memo"]
    query = '''SELECT uid FROM memo GROUP BY uid HAVING count(*) > 1'''

    [[invariant]]
    name = "relation-has-memos"
    tables = ["memo_relation", "memo"]
    query = '''
    SELECT memo_id, related_memo_id, type FROM memo_relation
    WHERE memo_id NOT IN (SELECT id FROM memo) OR related_memo_id NOT IN (SELECT id FROM memo)'''

    [[invariant]]
    name = "organizer-has-memo"
    tables = ["memo_organizer", "memo"]
    query = '''SELECT memo_id, user_id FROM memo_organizer WHERE memo_id NOT IN (SELECT id FROM memo)'''

    [[invariant]]
    name = "share-has-memo"
    tables = ["memo_share", "memo"]
    query = '''SELECT id FROM memo_share WHERE memo_id NOT IN (SELECT id FROM memo)'''

    [[invariant]]
    name = "setting-has-user"
    tables = ["user_setting", "user"]
    query = '''SELECT user_id, key FROM user_setting WHERE user_id NOT IN (SELECT id FROM "user")'''

    [[invariant]]
    name = "attachment-has-memo"
    tables = ["attachment", "memo"]
    query = '''SELECT id FROM attachment WHERE memo_id IS NOT NULL AND memo_id NOT IN (SELECT id FROM memo)'''

    [[invariant]]
    name = "attachment-uid-unique"
    tables = ["attachment"]
    query = '''SELECT uid FROM attachment GROUP BY uid HAVING count(*) > 1'''

    [[invariant]]
    name = "resource-has-memo"
    tables = ["resource", "memo"]
    query = '''SELECT id FROM resource WHERE memo_id IS NOT NULL AND memo_id NOT IN (SELECT id FROM memo)'''

    [[invariant]]
    name = "resource-uid-unique"
    tables = ["resource"]
    query = '''SELECT uid FROM resource GROUP BY uid HAVING count(*) > 1'''

    """#
}
