import DurableIO
import NoteModel

/// A scenario whose store was made before, by `corpus make`: `case.toml`, `source/`, `truth.json`, and `meant/`, its sound twin, where text in it is damaged.
package enum MadeScenario {
  /// Makes the store of a scenario below a corpus directory, with its case and what is known about it.
  package static func make(_ scenario: Scenario, in corpus: String, builder: StoreBuilder) throws {
    let place = corpus + "/" + scenario.id
    if FileStatus.of(place) != nil {
      throw MigrationError(
        .targetNotEmpty, "\(place) exists", cause: "a corpus is made into a new directory",
        safeNow: "nothing in it was changed", next: ["name another directory, or remove this one"])
    }
    try Folder.create(place)
    let built = try builder.build(scenario.store, in: place + "/source", twin: place + "/meant")
    for name in try Folder.names(in: scenario.directory) {
      let file = scenario.directory + "/" + name
      guard FileStatus.of(file)?.isRegularFile == true else { continue }
      try FileBytes.write(try FileBytes.read(file), to: place + "/" + name)
    }
    let labels = built.labels.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .integer($0.value)) }
    let truth = JSONValue.object([
      .init("notes", .integer(built.notes)), .init("attachments", .integer(built.attachments)),
      .init("labels", .object(labels)), .init("exact", .bool(built.isExact)),
    ])
    try FileBytes.write(Array((truth.text + "\n").utf8), to: place + "/truth.json")
  }

  /// The store that lies beside a case; `nil` when there is only the recipe.
  static func find(_ scenario: Scenario) throws -> StoreBuilder.Built? {
    guard FileStatus.of(scenario.directory + "/truth.json") != nil else { return nil }
    let truth = try JSONReader.parse(try FileBytes.read(scenario.directory + "/truth.json"))
    var labels: [String: Int64] = [:]
    if case .object(let members)? = truth["labels"] {
      for member in members { labels[member.name] = member.value.integer }
    }
    let twin = scenario.directory + "/meant/" + scenario.store.file
    return StoreBuilder.Built(
      path: scenario.directory + "/source/" + scenario.store.file, labels: labels,
      notes: truth["notes"]?.integer ?? 0, attachments: truth["attachments"]?.integer ?? 0,
      twin: FileStatus.of(twin) == nil ? nil : twin, isExact: truth["exact"]?.bool ?? false)
  }
}
