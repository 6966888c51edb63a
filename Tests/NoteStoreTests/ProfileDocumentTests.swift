import Foundation
import Testing

@testable import NoteStore

@Suite struct ProfileDocumentTests {
  private func document() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "Sources/NoteFerry/NoteFerry.docc/Profiles.md"), encoding: .utf8)
  }

  @Test func `the worked example is a sound profile`() throws {
    let start = try #require(try document().components(separatedBy: "```toml\n").dropFirst().first)
    let example = try #require(start.components(separatedBy: "```").first)
    let profile = try ProfileReader.read(example, fileName: "Profiles.md")
    #expect(profile.name == "acme-notes")
    #expect(profile.entities.map(\.name) == ["user", "note", "file", "server"])
    #expect(profile.derivedDirectories == ["previews"])
    #expect(profile.skippedTables.count == 1)
  }

  /// What the reader asks for, in the order of the document's tables.
  @Test func `the document names every key of the reader and no other`() throws {
    let keys = try document().split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
      String(line.dropFirst(3).prefix { $0 != "`" })
    }
    #expect(
      keys == [
        "schema", "name", "title", "probe-tables", "data-directory", "derived-directories", "attachment-references",
        "versions", "version-probe", "version-hint", "entity", "skip", "invariant", "minimum", "maximum", "table",
        "column", "json-member", "where", "table", "column", "version", "name", "role", "tables", "required", "key",
        "identity", "required-columns", "text", "json", "content", "file", "external", "size", "file-name", "mime",
        "note", "owner", "change-hints", "secret", "node-scoped", "column", "values", "reference", "when", "column",
        "when", "json-member", "table", "reason", "name", "engine", "tables", "query",
      ])
  }
}
