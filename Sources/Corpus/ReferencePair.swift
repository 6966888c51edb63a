import NoteModel

/// Two nodes of the reference product, each a SQLite store: the same notes and images, and settings of their own.
package struct ReferencePair: Sendable {
  package let directory: String

  package init(directory: String) { self.directory = directory }

  /// The databases of node A and node B.
  package var paths: [String] { ["a", "b"].map { "\(directory)/\($0)/notes.db" } }

  /// Makes both nodes.
  ///
  /// - Parameter seed: The same seed makes the same pair.
  /// - Throws: `.diskFull`, `.noPermission`.
  package func make(seed: UInt64 = 1, notes: Int = 200, attachments: Int = 40) throws {
    for node in ["a", "b"] {
      var recipe = StoreRecipe()
      recipe.product = "reference"
      recipe.version = SampleSchema.versions(of: "reference")[0]
      recipe.notes = notes
      recipe.attachments = attachments
      recipe.leavesLog = false
      recipe.file = "notes.db"
      recipe.sql = Self.links + Self.settings[node]!
      _ = try StoreBuilder(seed: seed, scale: 1)
        .build(recipe, in: "\(directory)/\(node)", twin: "\(directory)/twin")
    }
  }

  private static let links = """
    INSERT INTO note_link SELECT id, id - 1, 'see' FROM note WHERE id > 1;
    INSERT INTO tag SELECT n, 'tag-' || n FROM number WHERE n <= 5;
    INSERT INTO note_tag SELECT id, 1 + id % 5 FROM note;
    DELETE FROM node_setting;
    INSERT INTO node_setting VALUES('*', 'language', 'en'), ('*', 'theme', 'dark');
    """

  /// The second node has a setting that the first one has not.
  private static let settings = [
    "a": "INSERT INTO node_setting VALUES('a', 'address', '10.0.0.1'), ('a', 'cache', '64');",
    "b": "INSERT INTO node_setting VALUES('b', 'address', '10.0.0.2'), ('b', 'cache', '32'), ('b', 'backup', '03:00');",
  ]
}
