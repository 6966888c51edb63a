import ArgumentParser
import NoteModel
import Report

struct SchemaCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of what programs read.",
    discussion: "Example: noteferry schema events > events.schema.json")

  @Argument(help: "The name: events or report.")
  var name: String

  func settings(environment: [String: String]) throws -> GlobalSettings { GlobalSettings() }

  func perform(_ session: Session) throws -> Outcome {
    switch name {
    case "events": return Outcome(text: EventSchema.document.text)
    case "report": return Outcome(text: ReportSchema.document.text)
    default:
      throw MigrationError(
        .usage, "there is no schema '\(SafeText(name, limit: 40).text)'", cause: "the schemas are: events, report",
        safeNow: "nothing was read or changed", next: ["noteferry schema events", "noteferry schema report"])
    }
  }
}
