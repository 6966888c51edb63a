import ArgumentParser
import DurableIO
import NoteModel
import Report

extension ReportLanguage: ExpressibleByArgument {}

struct ReportCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Renders what a run found as text, page, Markdown or JUnit.",
    usage: "noteferry report <run|file> [--html <file>] [<options>]",
    discussion: """
      The page is one file, asks nothing of any network, and holds both languages. Titles and contents of notes are left out \
      unless --show-titles is given; ids always stand. Without an output the verdict is printed.

      Examples:
        noteferry report c-7k2m9q
        noteferry report r-7k2m9q.json
        noteferry report r-7k2m9q.json --html r-7k2m9q.html --lang zh-Hans
      """)

  @Argument(help: ArgumentHelp("A run of this machine, or the JSON document of one.", valueName: "run|file"))
  var file: String

  @Option(name: .long, help: ArgumentHelp("Where runs keep their documents.", valueName: "dir"))
  var stateDir: String?

  @Option(name: .long, help: ArgumentHelp("Write one self-contained page.", valueName: "file"))
  var html: String?

  @Option(name: .long, help: ArgumentHelp("Write Markdown of at most 900 KiB.", valueName: "file"))
  var markdown: String?

  @Option(name: .long, help: ArgumentHelp("Write JUnit: checks and sums as test cases.", valueName: "file"))
  var junit: String?

  @Option(name: .long, help: ArgumentHelp("en, zh-Hans or both.", valueName: "language"))
  var lang: ReportLanguage = .en

  @Flag(name: .long, help: "Show titles and contents of notes.")
  var showTitles = false

  @Flag(name: .long, help: "Print one JSON document as the result.")
  var json = false

  func settings(environment: [String: String]) throws -> GlobalSettings {
    try .init(json: json || GlobalSettings.isOn("json", environment))
  }

  func perform(_ session: Session) throws -> Outcome {
    let file = path(session)
    let (document, checksum) = try ReportDocument.read(file)
    var options = RenderOptions()
    options.language = lang
    options.showTitles = showTitles
    options.checksum = checksum
    options.width = session.outputWidth
    options.asciiOnly = !TermCaps.isUTF8(session.environment)
    let outputs = [(ReportFormat.html, html), (.markdown, markdown), (.junit, junit)].compactMap { format, path in
      path.map { (format: format, path: $0) }
    }
    try refuseSameFile(outputs.map(\.path), as: file)
    var written: [JSONValue] = []
    var lines: [String] = []
    for output in outputs {
      let bytes = document.rendered(as: output.format, options)
      try bytes.withUnsafeBytes { try Folder.replace(output.path, with: $0) }
      written.append(
        .object([
          .init("format", .text(output.format.rawValue)), .init("file", .text(output.path)),
          .init("bytes", .integer(Int64(bytes.count))),
          .init("sha256", .text(bytes.withUnsafeBytes { Digest.checksum(.sha256, $0) }.description)),
        ]))
      lines.append("\(output.path): \(ByteCount(bytes.count))")
    }
    return Outcome(
      text: outputs.isEmpty ? document.text(options) : lines.joined(separator: "\n"),
      members: [.init("written", .array(written))])
  }

  /// The document of a run that was named; else the file.
  private func path(_ session: Session) -> String {
    if FileStatus.of(file) != nil || file.contains("/") { return file }
    let state = StoreAccess.stateDirectory(
      named: stateDir ?? session.environment[GlobalSettings.variable("state-dir")], session.environment)
    let found = ["runs", "rehearsals"].map { "\(state)/\($0)/\(file)/report.json" }
    return found.first { FileStatus.of($0) != nil } ?? file
  }

  /// A rendering must not take the place of the document, nor of another rendering.
  private func refuseSameFile(_ paths: [String], as file: String) throws {
    let source = FileStatus.of(file).map { ($0.device, $0.inode) }
    for (index, path) in paths.enumerated() {
      let status = FileStatus.of(path).map { ($0.device, $0.inode) }
      let isSource = path == file || (source != nil && status.map { $0 == source! } == true)
      guard isSource || paths[..<index].contains(path) else { continue }
      throw MigrationError(
        .usage, "\(path) is named twice",
        cause: "one file cannot hold two renderings, nor the report and its rendering",
        safeNow: "nothing was written", next: ["name another file"])
    }
  }
}
