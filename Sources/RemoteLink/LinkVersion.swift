import NoteModel

/// What the two ends of a link must agree on: both are the same version of the program.
public struct LinkVersion: Sendable, Equatable {
  public var tool: String
  public var archiveFormat: Int64

  public init(tool: String, archiveFormat: Int64) {
    self.tool = tool
    self.archiveFormat = archiveFormat
  }

  public var json: JSONValue {
    .object([.init("noteferry", .text(tool)), .init("archive_format", .integer(archiveFormat))])
  }

  init?(_ value: JSONValue) {
    guard let tool = value["noteferry"]?.string, let format = value["archive_format"]?.integer else { return nil }
    self.init(tool: tool, archiveFormat: format)
  }

  /// - Throws: `.remoteVersion` where the other end is another version.
  func require(_ other: LinkVersion?, on host: String) throws {
    guard other != self else { return }
    throw MigrationError(
      .remoteVersion, "noteferry on \(host) is another version",
      cause: "here is \(tool) (archive format \(archiveFormat)), on \(host) is "
        + (other.map { "\($0.tool) (archive format \($0.archiveFormat))" } ?? "one that does not say which it is"),
      safeNow: "no store was opened on either side, and nothing was changed",
      next: [
        "install noteferry \(tool) on \(host)", "or name that program: ssh://\(host)/PATH?noteferry=/PATH/TO/noteferry",
        "or carry the archive as a file, and import it there",
      ])
  }
}
