import NoteArchive
import NoteModel
import NoteStore

extension Profile {
  /// Checks that an archive's own profile is the one that its rows were read with.
  ///
  /// A target is opened with this profile to be read back, so one that does not know the tables is found out before the
  /// first row is written.
  ///
  /// - Throws: `.archiveDamaged` naming what the profile asks for and the schema does not have.
  func requireFit(_ schema: StoreSchema) throws {
    let tables = schema.entities.map(\.table) + schema.definitions.filter { $0.kind == .table }.map(\.name)
    let known = Set(tables.map { $0.lowercased() })
    let cause: String? =
      if name != schema.profile {
        "the profile is \(printable(name)), the schema was read with \(printable(schema.profile))"
      } else {
        probeTables.first { !known.contains($0.lowercased()) }.map {
          "the profile asks for the table \(printable($0)), which the schema does not have"
        }
      }
    guard let cause else { return }
    throw MigrationError(
      .archiveDamaged, "the archive's profile is not the one of its rows", cause: cause,
      safeNow: "the target was not touched", next: ["fetch the archive again from where it was made"])
  }
}
