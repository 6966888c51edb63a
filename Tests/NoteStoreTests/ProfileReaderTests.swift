import NoteModel
import Testing

@testable import NoteStore

/// A vendor's profile file: sound, and changed by each test in one place.
private let vendor = """
  schema = 1
  name = "acme-notes"
  title = "Acme Notes"
  probe-tables = ["a_note", "a_file"]

  [versions]
  minimum = "2.0"
  maximum = "3"

  [[version-probe]]
  table = "a_meta"
  column = "v"

  [[entity]]
  name = "note"
  role = "note"
  tables = ["a_note"]
  key = ["id"]
  text = ["title", "body"]

  [[entity]]
  name = "attachment"
  role = "attachment"
  tables = ["a_file"]
  key = ["id"]
  content = "data"
  json = ["meta"]

  [entity.file]
  reference = "path"
  when = { column = "place", values = ["disk"] }

  [[entity.secret]]
  column = "meta"
  json-member = "token"

  [[invariant]]
  name = "file-has-note"
  engine = "sqlite"
  tables = ["a_file", "a_note"]
  query = "SELECT id FROM a_file WHERE note_id NOT IN (SELECT id FROM a_note)"

  """

private func problems(_ text: String) -> [String] {
  var text = text
  return text.withUTF8 {
    ProfileReader.problems(in: UnsafeRawBufferPointer($0), fileName: "acme.toml").map(\.description)
  }
}

/// The vendor's profile with one line exchanged.
private func changed(_ line: String, to other: String) -> String {
  precondition(vendor.contains(line + "\n"))
  return vendor.split(separator: "\n", omittingEmptySubsequences: false)
    .map { $0 == line ? other : String($0) }.joined(separator: "\n")
}

@Suite struct ProfileReaderTests {
  @Test func `a vendor's profile is read as it is written`() throws {
    let profile = try ProfileReader.read(vendor, fileName: "acme.toml")
    #expect(profile.name == "acme-notes")
    #expect(profile.title == "Acme Notes")
    #expect(profile.dataDirectory == ".")
    #expect(profile.minimumVersion == "2.0" && profile.maximumVersion == "3")
    #expect(profile.versionProbes == [Profile.VersionProbe(table: "a_meta", column: "v")])
    #expect(profile.entities.map(\.name) == ["note", "attachment"])
    #expect(profile.entities[0].textColumns == ["title", "body"])
    #expect(profile.entities[0].isRequired == false)
    let file = try #require(profile.entities[1].file)
    #expect(file.referenceColumn == "path")
    #expect(file.when == EntityProfile.Condition(column: "place", values: ["disk"]))
    #expect(profile.entities[1].secrets == [EntityProfile.SecretRule(column: "meta", jsonMember: "token")])
    #expect(profile.sourceText == vendor)
  }

  /// Line to exchange, what stands there instead, the exact message.
  static let mistakes: [(String, String, String)] = [
    (
      #"title = "Acme Notes""#, #"titel = "Acme Notes""#,
      "acme.toml:3:1: titel is not a key of a profile; did you mean `title`?"
    ),
    (#"schema = 1"#, #"schema = 2"#, "acme.toml:1:1: schema is 2; this version reads profiles of schema 1"),
    (#"schema = 1"#, #"schema = "1""#, "acme.toml:1:1: schema must be a whole number, not a text"),
    (#"schema = 1"#, "", "acme.toml:1:1: schema is required and missing"),
    (
      #"name = "acme-notes""#, #"name = "Acme Notes""#,
      "acme.toml:2:1: name is 'Acme Notes'; a name has 1 to 32 of the characters a-z, 0-9 and -"
    ),
    (
      #"minimum = "2.0""#, #"minimum = "two""#,
      "acme.toml:7:1: versions.minimum is 'two'; a version is 1 to 6 numbers with dots between them, such as 0.22"
    ),
    (
      #"minimum = "2.0""#, #"minimum = 2.0"#,
      "acme.toml:7:1: versions.minimum must be a text, not a floating-point number"
    ),
    (
      #"maximum = "3""#, #"maximum = "1.9""#,
      "acme.toml:8:1: versions.maximum is 1.9, which is below the minimum 2.0"
    ),
    (#"column = "v""#, #"colunm = "v""#, "acme.toml:10:1: version-probe[a_meta].column is required and missing"),
    (
      #"role = "attachment""#, #"role = "atachment""#,
      "acme.toml:23:1: entity[attachment].role is 'atachment'; it must be one of note, attachment, owner, notebook, "
        + "tag, link, setting, other; did you mean `attachment`?"
    ),
    (
      #"name = "attachment""#, #"name = "Note""#,
      "acme.toml:22:1: entity[Note].name is the name of the entity at line 14 too"
    ),
    (
      #"tables = ["a_file"]"#, #"tables = ["a_file", "A_NOTE"]"#,
      "acme.toml:24:1: entity[attachment].tables names 'A_NOTE', which belongs to entity[note]"
    ),
    (#"tables = ["a_file"]"#, "", "acme.toml:21:1: entity[attachment].tables is required and missing"),
    (#"tables = ["a_file"]"#, "tables = []", "acme.toml:24:1: entity[attachment].tables must have at least one text"),
    (
      #"text = ["title", "body"]"#, #"text = "body""#,
      "acme.toml:19:1: entity[note].text must be a list of texts, not a text"
    ),
    (
      #"text = ["title", "body"]"#, #"text = ["title", 7]"#,
      "acme.toml:19:18: entity[note].text[2] must be a text, not a whole number"
    ),
    (
      #"text = ["title", "body"]"#, #"text = ["title", "Title"]"#,
      "acme.toml:19:18: entity[note].text[2] names 'Title' a second time"
    ),
    (
      #"text = ["title", "body"]"#, #"text = ["title", "ID"]"#,
      "acme.toml:19:18: entity[note].text[2] names 'ID', which `key` names too; a column cannot be both"
    ),
    (
      #"json = ["meta"]"#, #"json = ["meta", "data"]"#,
      "acme.toml:26:1: entity[attachment].content names 'data', which `json` names too; a column cannot be both"
    ),
    (
      #"reference = "path""#, #"refrence = "path""#,
      "acme.toml:30:1: entity[attachment].file.refrence is not a key of a file rule; did you mean `reference`?"
    ),
    (
      #"reference = "path""#, #"reference = "@file""#,
      "acme.toml:30:1: entity[attachment].file.reference is '@file'; names that begin with @ are reserved"
    ),
    (
      #"when = { column = "place", values = ["disk"] }"#, #"when = { column = "place", value = ["disk"] }"#,
      "acme.toml:31:28: entity[attachment].file.when.value is not a key of a condition; did you mean `values`?"
    ),
    (
      #"column = "meta""#, #"column = "data""#,
      "acme.toml:34:1: entity[attachment].secret[data].column is 'data', which is the entity's content and cannot be "
        + "withheld"
    ),
    (
      #"column = "meta""#, #"column = "memo""#,
      "acme.toml:35:1: entity[attachment].secret[memo].json-member needs 'memo' to be listed in `json`"
    ),
    (
      #"engine = "sqlite""#, #"engine = "sqlit""#,
      "acme.toml:39:1: invariant[file-has-note].engine is 'sqlit'; it must be sqlite or postgresql; did you mean "
        + "`sqlite`?"
    ),
    (
      #"query = "SELECT id FROM a_file WHERE note_id NOT IN (SELECT id FROM a_note)""#,
      #"query = "DELETE FROM a_file""#,
      "acme.toml:41:1: invariant[file-has-note].query must be one SELECT (or WITH) without ';'"
    ),
  ]

  @Test(arguments: mistakes.indices)
  func `a mistake is named with its line, its key and what was meant`(index: Int) {
    let (line, other, message) = Self.mistakes[index]
    #expect(problems(changed(line, to: other)).contains(message), "\(problems(changed(line, to: other)))")
  }

  @Test(arguments: [
    (#"values = ["a", "b"], to-single = "move""#, "to-single is 'move'; it must be one of keep, drop, rename"),
    (#"values = ["a", "b", "c"], to-single = "drop""#, "values must name the two nodes, the first one first"),
    (#"values = ["a", "b"], to-dual = "make""#, "to-dual cannot be `make`: a copy needs a key of its own"),
    (#"values = ["a", "b"], to-duel = "make""#, "to-duel is not a key of a node rule; did you mean `to-dual`?"),
  ])
  func `a rule for rows of one node is checked`(rule: String, problem: String) {
    let text = changed(
      #"text = ["title", "body"]"#, to: "text = [\"title\"]\nnode-scoped = { column = \"node\", \(rule) }")
    let found = problems(text)
    #expect(found.count == 1 && found[0].contains("entity[note].node-scoped.\(problem)"), "\(found)")
  }

  @Test func `all problems of a file are reported, in the order of their lines`() throws {
    var text = changed(#"title = "Acme Notes""#, to: "title = 4")
    text = text.replacing("\"sqlite\"", with: "\"oracle\"").replacing("content = ", with: "contents = ")
    #expect(
      problems(text) == [
        "acme.toml:3:1: title must be a text, not a whole number",
        "acme.toml:26:1: entity[attachment].contents is not a key of an entity; did you mean `content`?",
        "acme.toml:39:1: invariant[file-has-note].engine is 'oracle'; it must be sqlite or postgresql",
      ])
    let error = try #require(throws: MigrationError.self) { try ProfileReader.read(text, fileName: "acme.toml") }
    #expect(error.code == .profileInvalid)
    #expect(error.message == "the profile acme.toml has 3 problems")
    #expect(error.cause.split(separator: "\n").count == 3)
    #expect(error.exitStatus.rawValue == 27)
    #expect(!error.safeNow.isEmpty && !error.next.isEmpty)
  }

  @Test func `at most twenty problems are spelled out and the rest are counted`() throws {
    let text = vendor + (1...50).map { "[[skip]]\nreason\($0) = 1\n" }.joined()
    let error = try #require(throws: MigrationError.self) { try ProfileReader.read(text, fileName: "acme.toml") }
    let lines = error.cause.split(separator: "\n")
    #expect(lines.count == 21)
    #expect(lines.last == "and 130 more")
  }

  @Test func `a syntax error has its line and column`() {
    let found = problems(changed(#"title = "Acme Notes""#, to: "title = \"Acme"))
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("acme.toml:3:"), "\(found)")
    #expect(problems("schema = 1\nbig = 99999999999999999999\n")[0].hasPrefix("acme.toml:2:"))
    #expect(problems("a = 1\na = 2\n")[0].hasPrefix("acme.toml:2:"))
  }

  @Test func `bytes that are not text are named by their offset`() {
    func first(_ bytes: [UInt8]) -> String? {
      bytes.withUnsafeBytes { ProfileReader.problems(in: $0, fileName: "acme.toml").first?.description }
    }
    #expect(
      first(Array("schema = 1\nname = \"é".utf8) + [0xFF, 0x22])
        == "acme.toml:2:10: the byte at offset 21 (0xFF) is not valid UTF-8")
    #expect(first(Array("schema = 1\n".utf8) + [0]) == "acme.toml:2:1: the byte at offset 11 is a NUL")
    #expect(
      first([UInt8](repeating: 0x20, count: ProfileReader.maximumByteCount + 1))
        == "acme.toml:1:1: the file is larger than 1048576 bytes")
    #expect(problems("a = \"x\\u0000y\"") == ["acme.toml:1:7: TOML: the text has a NUL character"])
  }

  @Test func `hostile nesting is refused before it is parsed`() {
    let deep = 300_000
    for text in [
      "a = " + String(repeating: "[", count: deep), "a = " + String(repeating: "{a=", count: deep),
      String(repeating: "a.", count: deep) + "a = 1", "[" + String(repeating: "a.", count: deep) + "a]",
      "x = [\n" + String(repeating: "a.", count: deep), "\"" + String(repeating: "a", count: 500) + "\" = 1",
      "[[" + String(repeating: "a.", count: 17) + "a]]\n",
    ] {
      let found = problems(text)
      #expect(found.count == 1 && found[0].contains("TOML: "), "\(found.first ?? "no problem")")
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `large hostile files are judged in short time`() {
    let clock = ContinuousClock()
    for text in [
      String(repeating: "[[a]]\n", count: 150_000), String(repeating: "[a]\n", count: 150_000),
      (0..<90_000).map { "k\($0)=1\n" }.joined(), "a = [" + String(repeating: "{},", count: 200_000) + "]",
      "a = [" + String(repeating: "1,", count: 400_000) + "]", "a = '''" + String(repeating: "\n", count: 1_000_000),
      "schema = 1\nprobe-tables = [" + (0..<90_000).map { "'t\($0)'," }.joined() + "]",
      "schema = 1\nname = \"" + String(repeating: "é", count: 500_000) + "\"",
    ] {
      let time = clock.measure { _ = problems(text) }
      #expect(time < .seconds(10), "\(time) for \(text.prefix(20))")
    }
  }

  @Test func `positions survive comments, quoted keys, long strings and arrays over many lines`() {
    let text = """
      # a comment with [[entity]] in it
      schema = 1 # and here
      title = \"\"\"
      [[entity]]
      name = "not a key" \\"\"\"\"
      "na\\u006De" = 'x'
      probe-tables = [ # why
        "a", # first

        5,
      ]
      versions.minimum = "1"
      versions . "maximum" = '''
      1.x'''
      [[entity]]
      name = "n"
        [[entity.secret]]
        column = 1
      """
    let found = problems(text)
    #expect(found.contains("acme.toml:10:3: probe-tables[2] must be a text, not a whole number"), "\(found)")
    #expect(found.contains { $0.hasPrefix("acme.toml:13:12: versions.maximum is '1.x'") }, "\(found)")
    #expect(found.contains("acme.toml:18:3: entity[n].secret[1].column must be a text, not a whole number"), "\(found)")
    #expect(!found.contains { $0.contains(" name is ") || $0.contains("title") }, "\(found)")
  }

  @Test func `text from a hostile file never reaches a message raw`() {
    let found = problems("schema = 1\nname = \"\\u001B[2J\\u202Ex\"\n\"\\u001B]0;\" = 1\n")
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E } })
    #expect(found.contains { $0.contains("U+001B[2JU+202Ex") })
  }

  @Test func `a data directory outside the database's directory is refused`() {
    for path in ["/srv/data", "../data", "a/../../b", ""] {
      let text = changed(#"title = "Acme Notes""#, to: "title = \"A\"\ndata-directory = \"\(path)\"")
      #expect(problems(text).first?.hasPrefix("acme.toml:4:1: data-directory is '\(path)'") == true)
    }
  }

  @Test func `a profile file is read from disk`() throws {
    let directory = try TemporaryDirectory()
    try directory.write(vendor, to: "acme.toml")
    #expect(try ProfileReader.read(path: directory.path + "/acme.toml").name == "acme-notes")
    let error = try #require(throws: MigrationError.self) { try ProfileReader.read(path: directory.path + "/none") }
    #expect(error.code == .profileUnknown)
  }
}

@Suite struct NearestNameTests {
  @Test func `one slip is forgiven and a stranger is not`() {
    #expect(NearestName.find("refrence", in: ["file", "reference"]) == "reference")
    #expect(NearestName.find("colmun", in: ["column", "values"]) == "column")
    #expect(NearestName.find("required_columns", in: ["required", "required-columns"]) == "required-columns")
    #expect(NearestName.find("ROLE", in: ["role"]) == "role")
    #expect(NearestName.find("memory", in: ["column", "values"]) == nil)
    #expect(NearestName.find("xy", in: ["ab"]) == nil)
    #expect(NearestName.find("abcd", in: ["badc"]) == "badc")
    #expect(NearestName.find(String(repeating: "x", count: 100_000), in: ["x"]) == nil)
  }
}
