import ArgumentParser
import NoteModel

struct VersionCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Prints the version of the tool and of its formats.")

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    Outcome(
      text: "noteferry \(ToolVersion.current) (\(ToolVersion.system) \(ToolVersion.processor)), archive format "
        + "\(ToolVersion.archiveFormat), events \(ToolVersion.events)",
      members: [
        .init("version", .text(ToolVersion.current)), .init("archive_format", .integer(ToolVersion.archiveFormat)),
        .init("events", .integer(ToolVersion.events)), .init("results", .integer(ToolVersion.results)),
        .init("system", .text(ToolVersion.system)), .init("processor", .text(ToolVersion.processor)),
      ])
  }
}
