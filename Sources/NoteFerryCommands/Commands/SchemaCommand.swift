import ArgumentParser
import NoteModel

struct SchemaCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of what programs read.",
    discussion: "Example: noteferry schema events > events.schema.json")

  @Argument(help: "The name: events.")
  var name: String

  func settings(environment: [String: String]) throws -> GlobalSettings { GlobalSettings() }

  func perform(_ session: Session) throws -> Outcome {
    guard name == "events" else {
      throw MigrationError(
        .usage, "there is no schema '\(name)'", cause: "the schemas are: events",
        safeNow: "nothing was read or changed", next: ["noteferry schema events"])
    }
    return Outcome(text: EventSchema.document.text)
  }
}
