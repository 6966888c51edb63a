import NoteStore

/// The tables as the reference product makes them on a server, before it has users.
enum ReferenceTables {
  static let statements = ReferenceSchema.postgresql.joined(separator: ";\n") + ";\n"
}
