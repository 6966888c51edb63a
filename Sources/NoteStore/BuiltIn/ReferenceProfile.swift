extension Profile {
  /// The profile of the reference product; its tables are `ReferenceSchema`.
  static let referenceText = #"""
    # The reference product: a small note server for many users on two nodes, for demonstrations and tests.
    schema = 1
    name = "reference"
    title = "Reference notes"
    probe-tables = ["product_info", "owner", "notebook", "note", "image", "image_chunk"]
    data-directory = "files"
    attachment-references = ["image://"]

    [versions]
    minimum = "1.0"
    maximum = "1"

    [[version-probe]]
    table = "product_info"
    column = "value"
    where = { column = "name", equals = "schema_version" }

    [[entity]]
    name = "product_info"
    role = "setting"
    tables = ["product_info"]
    required = true
    key = ["name"]
    required-columns = ["value"]

    [[entity.secret]]
    column = "value"
    when = { column = "name", values = ["signing_key"] }

    [[entity]]
    name = "owner"
    role = "owner"
    tables = ["owner"]
    required = true
    key = ["id"]
    identity = ["login"]
    required-columns = ["login", "rank"]
    text = ["display_name"]

    [[entity]]
    name = "notebook"
    role = "notebook"
    tables = ["notebook"]
    required = true
    key = ["id"]
    required-columns = ["owner_id", "parent_id", "title"]
    text = ["title"]
    owner = "owner_id"

    [[entity]]
    name = "note"
    role = "note"
    tables = ["note"]
    required = true
    key = ["id"]
    identity = ["uid"]
    required-columns = ["uid", "notebook_id", "owner_id", "title", "body"]
    text = ["title", "body"]
    owner = "owner_id"
    created = "created_at"
    change-hints = ["updated_at", "revision"]

    # What an image is; its bytes are in image_chunk.
    [[entity]]
    name = "image"
    role = "attachment"
    tables = ["image"]
    required = true
    key = ["id"]
    identity = ["uid"]
    required-columns = ["uid", "note_id", "byte_count", "chunk_count"]
    text = ["name"]
    size = "byte_count"
    file-name = "name"
    mime = "mime"
    note = "note_id"
    owner = "owner_id"
    created = "created_at"

    [[entity]]
    name = "image_chunk"
    role = "other"
    tables = ["image_chunk"]
    required = true
    key = ["image_id", "seq"]
    content = "bytes"

    [[entity]]
    name = "note_link"
    role = "link"
    tables = ["note_link"]
    key = ["from_note_id", "to_note_id", "kind"]
    note = "from_note_id"

    [[entity]]
    name = "tag"
    role = "tag"
    tables = ["tag"]
    key = ["id"]
    identity = ["name"]
    text = ["name"]

    [[entity]]
    name = "note_tag"
    role = "other"
    tables = ["note_tag"]
    key = ["note_id", "tag_id"]
    note = "note_id"

    # Node '*' is for both; the rows of one node stay with that node. Alone, the first node goes on with the second one's
    # settings that it has none of; a second node that is new begins with the first one's.
    [[entity]]
    name = "node_setting"
    role = "setting"
    tables = ["node_setting"]
    key = ["node", "name"]
    node-scoped = { column = "node", values = ["a", "b"], to-single = "rename", to-dual = "make" }

    [[invariant]]
    name = "notebook-tree"
    tables = ["notebook"]
    query = '''SELECT id FROM notebook WHERE parent_id IS NOT NULL AND parent_id NOT IN (SELECT id FROM notebook)'''

    [[invariant]]
    name = "note-has-owner"
    tables = ["note", "owner"]
    query = '''SELECT id FROM note WHERE owner_id NOT IN (SELECT id FROM owner)'''

    [[invariant]]
    name = "image-has-note"
    tables = ["image", "note"]
    query = '''SELECT id FROM image WHERE note_id NOT IN (SELECT id FROM note)'''

    # length() of a blob does not read it.
    [[invariant]]
    name = "image-chunks-complete"
    tables = ["image", "image_chunk"]
    query = '''
    SELECT image.id FROM image LEFT JOIN image_chunk ON image_chunk.image_id = image.id GROUP BY image.id
    HAVING count(image_chunk.seq) <> image.chunk_count
      OR coalesce(max(image_chunk.seq) + 1, 0) <> image.chunk_count
      OR coalesce(sum(length(image_chunk.bytes)), 0) <> image.byte_count'''

    [[invariant]]
    name = "chunk-has-image"
    tables = ["image_chunk", "image"]
    query = '''SELECT image_id, seq FROM image_chunk WHERE image_id NOT IN (SELECT id FROM image)'''

    [[invariant]]
    name = "link-has-notes"
    tables = ["note_link", "note"]
    query = '''
    SELECT from_note_id, to_note_id FROM note_link
    WHERE from_note_id NOT IN (SELECT id FROM note) OR to_note_id NOT IN (SELECT id FROM note)'''

    """#
}
