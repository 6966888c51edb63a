import NoteModel
import NoteRepair
import NoteStore

/// The columns of one entity whose text may be repaired.
///
/// They are those that the profile lists as `text` or `json`, and the one with the name of a file. Never: keys,
/// identities, secrets, references to rows and to files, contents, and columns by whose value rows are told apart, for a
/// changed one of these would cut a row off from what belongs to it.
public struct RepairableColumns: Sendable {
  /// For each column of the entity what it holds; nil where it may not be repaired.
  public let kinds: [RepairContext.Kind?]
  /// One behind the last column that may be repaired; 0 when there is none.
  let end: Int

  /// - Parameter profile: The entity's part of the profile; nil for a table that the profile does not know, of which no
  ///   column is repaired.
  public init(_ entity: Entity, profile: EntityProfile?) {
    guard let profile else {
      kinds = Array(repeating: nil, count: entity.columns.count)
      end = 0
      return
    }
    let protected = Self.protected(in: profile)
    let structural = Set(entity.key + [entity.noteColumn, entity.sizeColumn, entity.referenceColumn].compactMap { $0 })
    kinds = entity.columns.enumerated().map { index, column in
      guard column.kind == .plain, !structural.contains(index), !protected.contains(column.name) else { return nil }
      if column.name == profile.nameColumn { return .name }
      if profile.jsonColumns.contains(column.name) { return .json }
      guard profile.textColumns.contains(column.name) else { return nil }
      return column.name == "title" ? .title : .body
    }
    end = (kinds.lastIndex { $0 != nil } ?? -1) + 1
  }

  public var isEmpty: Bool { end == 0 }

  private static func protected(in profile: EntityProfile) -> Set<String> {
    var names = Set(profile.key + profile.identity + profile.changeHints + profile.secrets.map(\.column))
    names.formUnion(profile.secrets.compactMap(\.when?.column))
    let single = [
      profile.contentColumn, profile.file?.referenceColumn, profile.file?.when.column, profile.external?.column,
      profile.sizeColumn, profile.mimeColumn, profile.noteColumn, profile.ownerColumn, profile.nodeScoped?.column,
    ]
    names.formUnion(single.compactMap { $0 })
    return names
  }
}
