import NoteArchive
import NoteModel
import NoteStore

/// What an archive says in front of its rows.
struct ReturnHead {
  var id: String
  var number: Int
  var segment: String
  var algorithm: DigestAlgorithm
  var secretsIncluded: Bool
  var nodes: Int
  var schema: StoreSchema
  var profile: Profile

  init(_ archive: String, _ stores: PlannedStores, stateDirectory: String) throws {
    let segments = try SegmentSequence(.directory(archive), options: .init(stateDirectory: stateDirectory))
    let (base, newest) = (segments.first, segments.newest)
    try self.init(base.description, newest: newest, base.schema, base.profile, stores)
  }

  init(
    _ base: SegmentDescription, newest: SegmentDescription, _ schema: StoreSchema, _ profile: [UInt8],
    _ stores: PlannedStores
  ) throws {
    id = base.id
    number = newest.number
    segment = newest.id
    algorithm = base.algorithm
    secretsIncluded = base.secretsIncluded
    nodes = base.topology?.nodes.count ?? 1
    self.schema = schema
    self.profile = try profile.withUnsafeBytes { try stores.readProfile($0) }
  }
}

// MARK: - Refusals

extension ReturnPass {
  /// Stands in the mark of a store that gets rows back.
  static let originWords = ", on its way back"

  static func impossible(_ message: String, cause: String) -> MigrationError {
    MigrationError(
      .returnImpossible, message, cause: cause, safeNow: "nothing was changed; the target has everything",
      next: ["leave the target in service, or export it and carry what users wrote by hand"])
  }

  static func conflict(_ name: String, _ cause: String) -> MigrationError {
    MigrationError(
      .returnConflict, "what users wrote cannot go back into \(name) without losing something there", cause: cause,
      safeNow: "nothing was written to it; the target has everything that users wrote",
      next: [
        "noteferry diff ARCHIVE STORE names the rows that differ", "decide which rows count, then repeat the command",
      ])
  }

  static func unknownState(_ name: String) -> MigrationError {
    MigrationError(
      .returnConflict, "it is not known how far \(name) has got back what users wrote",
      cause: "the account of it in the state directory is gone, or does not fit", safeNow: "nothing was written to it",
      next: ["name the state directory of the cutover: --state DIRECTORY"])
  }
}
