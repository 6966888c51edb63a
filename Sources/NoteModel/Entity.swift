/// What the rows of one table (or file set) mean to people.
public enum EntityRole: String, Sendable, CaseIterable {
  case note, attachment, owner, notebook, tag, link, setting, other
}

/// One column as every store, the archive and the target agree on it.
public struct Column: Sendable, Hashable {
  public enum Kind: String, Sendable {
    /// A value that stands in the row, unless it is longer than `RecordPage.inlineLimit`.
    case plain
    /// Attachment bytes inside the database: never in the row, always a member of their own.
    case content
    /// The attachment's file in the product's data directory; not a column of the table. Its name is `@file`.
    case file
    /// The engine's hidden row number, where the table has no usable key. Its name is `@row`.
    case rowNumber
  }

  public var name: String
  public var kind: Kind
  /// The type as the source declares it; informative.
  public var declaredType: String
  /// Human text that may be repaired.
  public var isText: Bool
  /// JSON text.
  public var isJSON: Bool

  public init(
    name: String, kind: Kind = .plain, declaredType: String = "", isText: Bool = false, isJSON: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.declaredType = declaredType
    self.isText = isText
    self.isJSON = isJSON
  }
}

/// A table as it is carried: its columns in a fixed order and its key.
public struct Entity: Sendable, Hashable {
  /// The name in the archive: `[A-Za-z0-9_=-]`, at most 64 characters, unique without regard to case.
  public var name: String
  public var role: EntityRole
  /// The table's name in the store.
  public var table: String
  public var columns: [Column]
  /// Indices into `columns`, in key order; never empty.
  public var key: [Int]
  /// Index of the column that names the note an attachment, link … belongs to.
  public var noteColumn: Int?
  /// Index of the attachment's own size column.
  public var sizeColumn: Int?
  /// Index of the column with the path of a local file, relative to the data directory.
  public var referenceColumn: Int?

  public init(
    name: String, role: EntityRole, table: String, columns: [Column], key: [Int], noteColumn: Int? = nil,
    sizeColumn: Int? = nil, referenceColumn: Int? = nil
  ) {
    self.name = name
    self.role = role
    self.table = table
    self.columns = columns
    self.key = key
    self.noteColumn = noteColumn
    self.sizeColumn = sizeColumn
    self.referenceColumn = referenceColumn
  }

  /// The place of a column, by the bytes of its name.
  public func index(of column: String) -> Int? {
    columns.firstIndex { $0.name.utf8.elementsEqual(column.utf8) }
  }

  /// Makes a name that is safe as a path component from a table's name: other characters become `=XX`.
  public static func archiveName(for table: String) -> String { archiveName(forBytes: Array(table.utf8)) }

  package static func archiveName(forBytes bytes: [UInt8]) -> String {
    var name = ""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        name.append(Character(UnicodeScalar(byte)))
      default: name += "=" + hexadecimal(CollectionOfOne(byte))
      }
    }
    return name
  }
}

/// All that must be known to read a store's rows later, or to make an empty store of the same product.
public struct StoreSchema: Sendable {
  /// The engine's scheme: `sqlite`, `postgresql`.
  public var engine: String
  /// The profile's name: `memos`.
  public var profile: String
  /// The product's version as its marker says, or as the tables show where it has no marker.
  public var productVersion: String
  /// The tables to carry, in the order in which they can be loaded.
  public var entities: [Entity]
  /// Statements that make an empty store, in the order in which they can be run: types, sequences and tables first, then
  /// what waits for the load: functions, indexes, constraints between tables, views and triggers.
  public var definitions: [Definition]
  /// The engine's own counters: highest key ever given out, by table.
  public var sequences: [Sequence]
  /// Engine settings that the target should have: `page_size`, `user_version`, `journal_mode` …
  public var settings: [Setting]
  /// A digest of engine, profile, version and definitions, in hexadecimal digits: two stores of one product agree.
  public var fingerprint: String

  /// The product's data directory where the store was read; `nil` in an engine without files.
  public var dataDirectory: String? { settings.first { $0.name == "data_directory" }?.value }

  public struct Definition: Sendable, Hashable {
    /// Types, sequences, functions and constraints (foreign keys) are made apart from tables on servers alone.
    public enum Kind: String, Sendable { case type, sequence, table, function, index, constraint, view, trigger }
    public var kind: Kind
    public var name: String
    public var table: String
    public var statement: String
    public init(kind: Kind, name: String, table: String, statement: String) {
      self.kind = kind
      self.name = name
      self.table = table
      self.statement = statement
    }
  }

  public struct Sequence: Sendable, Hashable {
    public var table: String
    public var value: Int64
    public init(table: String, value: Int64) {
      self.table = table
      self.value = value
    }
  }

  public struct Setting: Sendable, Hashable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(
    engine: String, profile: String, productVersion: String, entities: [Entity] = [], definitions: [Definition] = [],
    sequences: [Sequence] = [], settings: [Setting] = [], fingerprint: String = ""
  ) {
    self.engine = engine
    self.profile = profile
    self.productVersion = productVersion
    self.entities = entities
    self.definitions = definitions
    self.sequences = sequences
    self.settings = settings
    self.fingerprint = fingerprint
  }

  public func entity(named name: String) -> Entity? { entities.first { $0.name == name } }
}
