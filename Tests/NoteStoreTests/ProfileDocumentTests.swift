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

  /// The document's headings and the nouns of the reader.
  static let sections = [
    ("Keys of the file", "a profile"), ("`[versions]`", "versions"), ("`[[version-probe]]`", "a version probe"),
    ("`[[version-hint]]`", "a version hint"), ("`[[entity]]`", "an entity"), ("A condition", "a condition"),
    ("`file`", "a file rule"), ("`node-scoped`", "a node rule"), ("`[[entity.secret]]`", "a secret"),
    ("`[[skip]]`", "a skipped table"),
    ("`[[invariant]]`", "an invariant"),
  ]

  @Test func `the document names every key of the reader and no other`() throws {
    let problems = ProfileProblems(fileName: "Profiles.md")
    let text = try document()
    let example = try #require(text.components(separatedBy: "```toml\n").dropFirst().first)
    Array(try #require(example.components(separatedBy: "```").first).utf8).withUnsafeBytes {
      _ = ProfileReader.decode($0, problems: problems)
    }
    #expect(problems.isEmpty)
    var known = problems.knownKeys
    #expect(known.removeValue(forKey: "a probe's `where`") == ["column", "equals"])
    for (heading, noun) in Self.sections {
      let section = try #require(text.components(separatedBy: "# \(heading)\n").dropFirst().first, "\(heading)")
      let rows = try #require(section.components(separatedBy: "\n#").first).split(separator: "\n")
      let keys = rows.filter { $0.hasPrefix("| `") }.map { String($0.dropFirst(3).prefix { $0 != "`" }) }
      #expect(Set(keys) == known.removeValue(forKey: noun), "\(heading)")
      #expect(Set(keys).count == keys.count)
    }
    #expect(known.isEmpty)
  }
}
