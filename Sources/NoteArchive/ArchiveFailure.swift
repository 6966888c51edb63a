import NoteModel

extension MigrationError {
  /// The archive cannot be read on from here: rotten bytes, or an end that comes too early.
  package static func archiveDamaged(_ message: String, cause: String) -> MigrationError {
    MigrationError(
      .archiveDamaged, message, cause: cause,
      safeNow: "reading changed nothing in the archive or its source",
      next: [
        "copy the archive again from where it was made and repeat the command",
        "where there is no better copy, `import --salvage` carries what still holds and lists what is lost",
      ])
  }

  /// The archive holds something that no honest writer makes, so it is not read any further.
  package static func archiveHostile(_ message: String, cause: String) -> MigrationError {
    MigrationError(
      .archiveHostile, message, cause: cause,
      safeNow: "nothing was written outside the target, and the refused part was not read",
      next: [
        "find out who made or changed this archive before trusting any of it",
        "export the source again",
      ])
  }
}
