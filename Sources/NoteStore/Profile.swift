import NoteModel

/// What the tables of one product mean: data, not code. Read from TOML by `ProfileReader`.
///
/// A profile names only what needs a meaning. Every column of every table is carried, also those it does not name.
public struct Profile: Sendable, Hashable {
  /// `[a-z0-9-]`, at most 32 characters.
  public var name: String
  public var title: String
  /// Tables that a store of this product always has.
  public var probeTables: [String]
  /// Ways to learn the product's schema version, in order; the first that gives a text wins.
  public var versionProbes: [VersionProbe]
  /// What tables say of the version of a store without a marker.
  public var versionHints: [VersionHint]
  /// First and last version that this profile knows, both included: `0.22`, `0.31`. Compared part by part as numbers,
  /// over the parts that the bound has, so `0.31.3` is not above `0.31`.
  public var minimumVersion: String
  public var maximumVersion: String
  /// The data directory, relative to the directory of the database file.
  public var dataDirectory: String
  /// Directories inside the data directory that the product makes again by itself; their files are never carried.
  public var derivedDirectories: [String]
  /// In the order in which they are carried and loaded.
  public var entities: [EntityProfile]
  /// Tables that are derived and need not be carried, each with the reason.
  public var skippedTables: [SkippedTable]
  /// Queries that must return no row in a sound store, some of one engine alone.
  public var invariants: [Invariant]
  /// How note text points to attachments: a prefix behind which the identity stands: `/file/attachments/`.
  public var attachmentReferences: [String]
  /// The TOML text it was read from; travels with the archive.
  public var sourceText: String

  /// How to ask for the version marker.
  public struct VersionProbe: Sendable, Hashable {
    public var table: String
    /// The column with the version, or with JSON that has it.
    public var column: String
    /// A member of the JSON object in `column`.
    public var jsonMember: String?
    /// Only the row where this column has this text.
    public var whereColumn: String?
    public var whereEquals: String?
    /// With several rows: the highest version wins.
    public init(
      table: String, column: String, jsonMember: String? = nil, whereColumn: String? = nil, whereEquals: String? = nil
    ) {
      self.table = table
      self.column = column
      self.jsonMember = jsonMember
      self.whereColumn = whereColumn
      self.whereEquals = whereEquals
    }
  }

  /// A table, or one of its columns, that came with a version.
  public struct VersionHint: Sendable, Hashable {
    public var table: String
    public var column: String?
    public var version: String
    public init(table: String, column: String? = nil, version: String) {
      self.table = table
      self.column = column
      self.version = version
    }
  }

  public struct SkippedTable: Sendable, Hashable {
    public var table: String
    public var reason: String
    public init(table: String, reason: String) {
      self.table = table
      self.reason = reason
    }
  }

  public struct Invariant: Sendable, Hashable {
    public var name: String
    /// `nil`: the query is one that every engine understands.
    public var engine: String?
    /// Skipped where one of these tables does not exist.
    public var tables: [String]
    public var query: String
    public init(name: String, engine: String?, tables: [String], query: String) {
      self.name = name
      self.engine = engine
      self.tables = tables
      self.query = query
    }

    public func runs(on scheme: String) -> Bool { engine == nil || engine == scheme }
  }

  public init(
    name: String, title: String, probeTables: [String], versionProbes: [VersionProbe], minimumVersion: String,
    maximumVersion: String, dataDirectory: String, derivedDirectories: [String] = [], entities: [EntityProfile],
    skippedTables: [SkippedTable] = [], invariants: [Invariant] = [], attachmentReferences: [String] = [],
    versionHints: [VersionHint] = [], sourceText: String = ""
  ) {
    self.name = name
    self.title = title
    self.probeTables = probeTables
    self.versionProbes = versionProbes
    self.versionHints = versionHints
    self.minimumVersion = minimumVersion
    self.maximumVersion = maximumVersion
    self.dataDirectory = dataDirectory
    self.derivedDirectories = derivedDirectories
    self.entities = entities
    self.skippedTables = skippedTables
    self.invariants = invariants
    self.attachmentReferences = attachmentReferences
    self.sourceText = sourceText
  }
}

/// What one table means.
public struct EntityProfile: Sendable, Hashable {
  /// The name in the archive and in reports: `attachment`, whatever the table is called.
  public var name: String
  public var role: EntityRole
  /// Names of the table in the versions of the product; the first that exists is taken.
  public var tables: [String]
  /// Whether a store without any of `tables` is refused.
  public var isRequired: Bool
  /// Key columns. Where one of them does not exist the store is refused.
  public var key: [String]
  /// Columns that name the same thing in every store (a public id).
  public var identity: [String]
  /// Columns a store of this product must have; beside the key.
  public var requiredColumns: [String]
  public var textColumns: [String]
  public var jsonColumns: [String]
  /// The column with attachment bytes.
  public var contentColumn: String?
  /// Attachments in files of the data directory.
  public var file: FileRule?
  /// Rows whose bytes live in another system: the column and its values.
  public var external: Condition?
  public var sizeColumn: String?
  public var nameColumn: String?
  public var mimeColumn: String?
  /// The column that names the note this row belongs to.
  public var noteColumn: String?
  /// The column that names the owner.
  public var ownerColumn: String?
  /// The column with the time at which the row was made.
  public var createdColumn: String?
  /// Columns that change whenever the row does.
  public var changeHints: [String]
  public var secrets: [SecretRule]
  /// Rows that belong to one node and not to the store.
  public var nodeScoped: NodeRule?

  /// Every column that the profile names.
  package var namedColumns: [String] {
    let single = [
      contentColumn, file?.referenceColumn, file?.when.column, external?.column, sizeColumn, nameColumn, mimeColumn,
      noteColumn, ownerColumn,
    ]
    return key + identity + requiredColumns + textColumns + jsonColumns + single.compactMap(\.self) + changeHints
      + secrets.flatMap { [$0.column] + ($0.when.map { [$0.column] } ?? []) }
  }

  /// Rows with one of these texts in `column`.
  public struct Condition: Sendable, Hashable {
    public var column: String
    public var values: [String]
    public init(column: String, values: [String]) {
      self.column = column
      self.values = values
    }
  }

  public struct FileRule: Sendable, Hashable {
    /// The column with the path, relative to the data directory, `/` between its parts.
    public var referenceColumn: String
    public var when: Condition
    /// What a row holds when its bytes are moved; `nil` where they cannot be.
    public var move: MoveRule?
    public init(referenceColumn: String, when: Condition, move: MoveRule? = nil) {
      self.referenceColumn = referenceColumn
      self.when = when
      self.move = move
    }
  }

  /// A value that is withheld unless secrets are asked for.
  public struct SecretRule: Sendable, Hashable {
    public var column: String
    /// Only in these rows; every row when `nil`.
    public var when: Condition?
    /// Only this member of the JSON text in `column` is withheld: its value becomes `""`, all other bytes stay.
    /// `JSONMemberEraser` does it and says what a path means.
    public var jsonMember: String?
    public init(column: String, when: Condition? = nil, jsonMember: String? = nil) {
      self.column = column
      self.when = when
      self.jsonMember = jsonMember
    }
  }

  public init(
    name: String, role: EntityRole, tables: [String], isRequired: Bool = false, key: [String], identity: [String] = [],
    requiredColumns: [String] = [], textColumns: [String] = [], jsonColumns: [String] = [],
    contentColumn: String? = nil, file: FileRule? = nil, external: Condition? = nil, sizeColumn: String? = nil,
    nameColumn: String? = nil, mimeColumn: String? = nil, noteColumn: String? = nil, ownerColumn: String? = nil,
    changeHints: [String] = [], secrets: [SecretRule] = [], nodeScoped: NodeRule? = nil, createdColumn: String? = nil
  ) {
    self.name = name
    self.role = role
    self.tables = tables
    self.isRequired = isRequired
    self.key = key
    self.identity = identity
    self.requiredColumns = requiredColumns
    self.textColumns = textColumns
    self.jsonColumns = jsonColumns
    self.contentColumn = contentColumn
    self.file = file
    self.external = external
    self.sizeColumn = sizeColumn
    self.nameColumn = nameColumn
    self.mimeColumn = mimeColumn
    self.noteColumn = noteColumn
    self.ownerColumn = ownerColumn
    self.createdColumn = createdColumn
    self.changeHints = changeHints
    self.secrets = secrets
    self.nodeScoped = nodeScoped
  }
}
