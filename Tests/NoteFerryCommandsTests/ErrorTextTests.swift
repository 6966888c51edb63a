import NoteModel
import Testing

@testable import NoteFerryCommands

struct ErrorTextTests {
  static let floor = MigrationError(
    .freeSpaceFloor, "the production disk would fall below its floor",
    cause: "4.9 GiB free, floor 5.0 GiB; other programs wrote 11 GiB since 21:10",
    safeNow: "the store was not changed; the archive is complete to note 702,114",
    next: [
      "free at least 34 GiB, or move the archive:", "noteferry export notes-prod -o usb/notes.tar",
    ])

  @Test(arguments: [80, 120])
  func `at 80 columns and more the code ends at column 80`(width: Int) {
    #expect(
      ErrorText.render(Self.floor, width: width) == """
        noteferry: the production disk would fall below its floor            NF-SPACE-34
          cause     4.9 GiB free, floor 5.0 GiB; other programs wrote 11 GiB since 21:10
          safe now  the store was not changed; the archive is complete to note 702,114
          next      free at least 34 GiB, or move the archive:
                    noteferry export notes-prod -o usb/notes.tar
          more      noteferry explain NF-SPACE-34
        """)
  }

  @Test func `at 60 columns the code stands on its own line`() {
    #expect(
      ErrorText.render(Self.floor, width: 60) == """
        noteferry: the production disk would fall below its floor
                                                         NF-SPACE-34
          cause     4.9 GiB free, floor 5.0 GiB; other programs
                    wrote 11 GiB since 21:10
          safe now  the store was not changed; the archive is
                    complete to note 702,114
          next      free at least 34 GiB, or move the archive:
                    noteferry export notes-prod -o usb/notes.tar
          more      noteferry explain NF-SPACE-34
        """)
  }

  @Test func `at 40 columns everything is wrapped except commands`() {
    #expect(
      ErrorText.render(Self.floor, width: 40) == """
        noteferry: the production disk would
          fall below its floor
                                     NF-SPACE-34
          cause     4.9 GiB free, floor 5.0 GiB;
                    other programs wrote 11 GiB
                    since 21:10
          safe now  the store was not changed;
                    the archive is complete to
                    note 702,114
          next      free at least 34 GiB, or
                    move the archive:
                    noteferry export notes-prod -o usb/notes.tar
          more      noteferry explain NF-SPACE-34
        """)
  }

  @Test func `text that a store or a path put into an error is harmless`() {
    let error = MigrationError(.sourceMissing, "cannot open \u{1B}]0;x\u{7}", cause: "a\nb", next: ["ls \u{202E}x"])
    let text = ErrorText.render(error, width: 80)
    #expect(!text.utf8.contains { $0 < 0x20 && $0 != 0x0A })
    #expect(text.contains("\\x1B]0;x\\x07") && text.contains("a\\x0Ab") && text.contains("U+202E"))
  }

  @Test func `every part of the text stands in the JSON document`() throws {
    let document = ResultDocument.failure(Self.floor, command: "export")
    let read = try JSONReader.parse(Array(ResultDocument.text(document).utf8))
    #expect(read["ok"]?.bool == false)
    #expect(read["exit_code"]?.integer == 34)
    #expect(read["exit_name"]?.string == "floor")
    let error = try #require(read["error"])
    #expect(error["code"]?.string == "NF-SPACE-34")
    #expect(error["cause"]?.string == Self.floor.cause)
    #expect(error["safe_now"]?.string == Self.floor.safeNow)
    #expect(error["next"]?.array?.count == 2)
    #expect(error["retryable"]?.bool == true)
  }

  @Test func `JSON holds no character that a terminal obeys`() throws {
    let value = JSONValue.object([.init("text", .text("a\u{9B}2J\u{202E}b\u{E0041}笔👩"))])
    let text = ResultDocument.text(value)
    #expect(text == #"{"text":"a\u009b2J\u202eb\udb40\udc41笔👩"}"#)
    #expect(try JSONReader.parse(Array(text.utf8)) == value)
  }

  @Test func `a cause of several lines is shown in lines`() {
    let error = MigrationError(
      .profileInvalid, "the profile p.toml has 2 problems", cause: "p.toml:1:1: one\np.toml:2:1: two")
    #expect(
      ErrorText.render(error, width: 80) == """
        noteferry: the profile p.toml has 2 problems                        NF-CONFIG-27
          cause     p.toml:1:1: one
                    p.toml:2:1: two
          more      noteferry explain NF-CONFIG-27
        """)
  }

  @Test func `a name from a store begins no line of its own`() {
    let finding = Finding(
      .textContainsNUL, .info, entity: "memo", key: "[1]", column: "a\n  looks like ours\u{9B}",
      explanation: "text\nmore")
    #expect(
      ResultText.line(finding) == "  text-contains-nul  memo [1] a\\x0A  looks like oursU+009B  text\\x0Amore")
  }
}
