import NoteModel
import NoteStore
import Testing

@testable import NoteStore

/// The rule by which the bytes of attachments are moved, and the names of the files.
@Suite struct MoveRuleTests {
  private let rule = EntityProfile.MoveRule(databaseValues: [""], path: "assets/{unique}_{name}")

  private func path(_ name: String) -> String {
    String(decoding: rule.path(unique: "0a1b", name: Array(name.utf8)), as: UTF8.self)
  }

  @Test(arguments: [
    ("image.png", "image.png"), ("", "file"), ("../../etc/passwd", "_._etc_passwd"), ("a b\u{0}c.png", "a_b_c.png"),
    ("..", "file"), (".htaccess", "htaccess"), ("笔记.png", "_.png"), ("{unique}", "_unique_"), ("C:\\x", "C_x"),
    ("/", "_"),
  ])
  func `a name becomes a safe part of a path`(name: String, expected: String) {
    let found = path(name)
    #expect(found.hasPrefix("assets/0a1b_"))
    #expect(!found.dropFirst(7).contains("/") && !found.contains("/.."))
    if name != "../../etc/passwd" { #expect(found == "assets/0a1b_" + expected) }
  }

  @Test func `a long name keeps its end`() {
    let found = path(String(repeating: "n", count: 100_000) + ".jpeg")
    #expect(found.utf8.count == "assets/0a1b_".utf8.count + 80 && found.hasSuffix(".jpeg"))
    #expect(rule.path(unique: "0a1b", name: (0...255).map { UInt8($0) }).allSatisfy { $0 > 0x20 && $0 < 0x7F })
  }

  private func problems(_ move: String, content: String = "content = \"bytes\"", external: String = "") -> String {
    let text = """
      schema = 1
      name = "x"
      title = "X"
      probe-tables = ["a"]
      data-directory = "."
      [versions]
      minimum = "1"
      maximum = "1"
      [[version-probe]]
      table = "a"
      column = "v"
      [[entity]]
      name = "a"
      role = "attachment"
      tables = ["a"]
      key = ["id"]
      \(content)
      \(external)
      file = { reference = "path", when = { column = "place", values = ["disk"] }, move = \(move) }
      """
    do {
      let profile = try Array(text.utf8).withUnsafeBytes { try ProfileReader.read($0, fileName: "p.toml") }
      return profile.entities[0].file?.move == nil ? "no rule" : ""
    } catch { return (error as? MigrationError)?.cause ?? "\(error)" }
  }

  @Test func `a rule is read`() throws {
    #expect(problems(#"{ database = ["", "db"], path = "a/{unique}_{name}" }"#) == "")
    let memos = try Profile.named("memos").entities.first { $0.name == "attachment" }
    #expect(
      memos?.file?.move == EntityProfile.MoveRule(databaseValues: ["", "DATABASE"], path: "assets/{unique}_{name}"))
    #expect(try Profile.named("reference").entities.allSatisfy { $0.file?.move == nil })
  }

  @Test(arguments: ["a/{name}", "/a/{unique}", "a/../{unique}", "a//{unique}", ".a/{unique}", "a b/{unique}", ""])
  func `a path that is not unique or not safe is a problem`(path: String) {
    #expect(problems("{ database = [\"\"], path = \"\(path)\" }").contains("path"))
  }

  @Test func `values that contradict one another are a problem`() {
    #expect(problems(#"{ database = ["disk"], path = "a/{unique}" }"#).contains("file.when"))
    #expect(problems(#"{ database = [""], path = "a/{unique}" }"#, content: "").contains("content"))
    let external = #"external = { column = "place", values = ["db"] }"#
    #expect(problems(#"{ database = ["db"], path = "a/{unique}" }"#, external: external).contains("external"))
    #expect(problems(#"{ path = "a/{unique}" }"#).contains("database"))
  }
}
