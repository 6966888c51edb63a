import NoteModel
import NoteStore

@testable import NoteFerryCommands

extension FuzzTarget {
  /// Profiles: a profile, or problems with their place inside the text.
  static let profile: FuzzTarget = FuzzTarget(
    name: "profile",
    seeds: { Profile.builtIn.map { Array($0.sourceText.utf8) } + [Array(smallProfile.utf8)] },
    words: [
      "[[entity]]", "[", "]", "{ ", " }", "\"\"\"", "'''", "\\u0041", "\\", "= ", "[versions]", "1979-05-27T07:32:00Z",
      "0x1F", "inf", "nan", "true", "\r\n", "#", ".", "key = [\"id\"]", "\u{FEFF}", "json-member = \"**.a\"",
    ],
    longest: 16 << 10,
    check: checkProfile)

  private static let smallProfile = """
    schema = 1
    name = "a"
    title = "A"
    probe-tables = ["n"]
    versions = { minimum = "0.1", maximum = "9" }
    [[entity]]
    name = "note"
    role = "note"
    tables = ["n"]
    key = ["id"]

    """

  /// The JSON reader: what it accepts it writes, and reads again as the same.
  static let json: FuzzTarget = FuzzTarget(
    name: "json",
    seeds: {
      [
        #"{"a":[1,-2.5e3,true,false,null,"\u00e9\ud83d\ude00\n"],"b":{"c":""}}"#, "[[[[1]]]]", "-9223372036854775808",
        "1e-400",
      ]
      .map { Array($0.utf8) }
    },
    words: ["[[[[", "]]]]", "{\"a\":", "\\ud800", "\\u0000", "\\u007f", "1e308", "-0", "null", "true", "\"\"", ","],
    check: { input in
      guard let value = try? JSONReader.parse(input) else { return }
      let text = Array(value.text.utf8)
      let back = try required(try? JSONReader.parse(text), "JSON that was written is not accepted")
      try require(back == value, "JSON does not read back as it was")
      try require(Array(back.text.utf8) == text, "writing JSON twice gives other bytes")
      try Shown.check(document: value)
    })

  /// The eraser of secrets: nothing of the member's value stays, all other bytes do.
  static let eraser: FuzzTarget = FuzzTarget(
    name: "eraser",
    seeds: {
      [#"{"s3":{"key":"SECRET","a":[{"key":"SECRET"}]},"key":["SECRET"]}"#, #"{"s3":{"\u006bey":"SECRET"}}"#, "[]", ""]
        .map { Array($0.utf8) }
    },
    words: ["\"key\":", "\"s3\":{", "SECRET", "\\u006b", "\\\"", "[[[[", "null", "\"\"", "true", "{", "}"],
    check: { input in for path in ["key", "s3.key", "**.key", "**.s3.key"] { try checkEraser(input, path) } })

  /// Where a store is, as it is typed.
  static let location: FuzzTarget = FuzzTarget(
    name: "location",
    seeds: {
      [
        "sqlite:data/memos.db?profile=memos&data=files", "memos.db", "postgres://user:word@host/db?password=word",
        "a:b?c=d",
      ]
      .map { Array($0.utf8) }
    },
    words: ["sqlite:", "://", "?", "&", "=", "profile=", "data=", "user:word@", "%2F", "password=", "PASSWORD="],
    check: checkLocation)

  /// Sizes and rates as they are typed.
  static let size: FuzzTarget = FuzzTarget(
    name: "size", seeds: { ["20MiB", "1.5GiB/s", "512B", "4 GB", "9223372036854775807B"].map { Array($0.utf8) } },
    words: ["KiB", "TiB", "/s", ".", " ", "0x", "e9", "-", "٣"],
    check: { input in
      let text = String(decoding: input, as: UTF8.self)
      if let size = try refusing(with: [.usage], { try SizeArgument.size(text, for: "--rate") }) {
        try require(size.rawValue >= 0, "a size below zero")
        try Shown.check(line: size.description + Format.rate(Double(size.rawValue)))
      }
      _ = try refusing(with: [.usage]) { try SizeArgument.rate(text, for: "--rate") }
    })
}

private func checkProfile(_ input: [UInt8]) throws {
  let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).count
  try input.withUnsafeBytes { text in
    let problems = ProfileReader.problems(in: text, fileName: "p.toml")
    for problem in problems {
      try require((1...lines).contains(problem.line), "a problem at line \(problem.line) of \(lines)")
      try require(problem.column >= 1 && problem.column <= input.count + 1, "a problem outside of its line")
      try Shown.check(line: problem.description)
    }
    guard let profile = try refusing(with: [.profileInvalid], { try ProfileReader.read(text, fileName: "p.toml") })
    else {
      return try require(!problems.isEmpty, "a profile is refused without a problem")
    }
    try require(problems.isEmpty, "a profile with problems is accepted")
    try require(Array(profile.sourceText.utf8) == input, "the text of a profile is not kept")
    try require(!profile.entities.isEmpty && profile.entities.allSatisfy { !$0.key.isEmpty }, "a profile without keys")
  }
}

private func checkEraser(_ input: [UInt8], _ path: String) throws {
  let buffer = GrowingBuffer(capacity: 256)
  let eraser = JSONMemberEraser(path: path)
  let outcome = input.withUnsafeBytes { eraser.erase(in: $0, to: buffer) }
  let value = try? JSONReader.parse(input)
  if value != nil { try require(outcome != .unreadable, "sound JSON is called unreadable") }
  guard outcome == .erased else {
    try require(buffer.count == 0, "bytes are written though nothing was erased")
    if let value, outcome == .absent { try require(secrets(in: value, path).isEmpty, "a secret is overlooked") }
    return
  }
  let once = Array(buffer.bytes)
  let again = GrowingBuffer(capacity: 256)
  let second = once.withUnsafeBytes { eraser.erase(in: $0, to: again) }
  try require(second == .absent, "something is left to erase")
  guard value != nil else { return }
  let left = try required(try? JSONReader.parse(once), "JSON is none any more")
  try require(secrets(in: left, path).isEmpty, "a secret stays")
}

/// Values at a path that are neither empty nor null, found by a walk of its own.
private func secrets(in value: JSONValue, _ path: String) -> [JSONValue] {
  var names = path.split(separator: ".").map(String.init)
  let isAnyDepth = names[0] == "**"
  if isAnyDepth { names.removeFirst() }
  var found: [JSONValue] = []
  func walk(_ value: JSONValue, _ rest: ArraySlice<String>) {
    if rest.isEmpty {
      if value != .null, value != .text("") { found.append(value) }
      return
    }
    switch value {
    case .array(let values): for value in values { walk(value, rest) }
    case .object(let members):
      for member in members where member.name == rest.first { walk(member.value, rest.dropFirst()) }
    default: break
    }
  }
  func each(_ value: JSONValue) {
    // An array is walked into by `walk` itself.
    if case .object(let members) = value {
      walk(value, names[...])
      for member in members { each(member.value) }
    } else if case .array(let values) = value {
      for value in values { each(value) }
    }
  }
  if isAnyDepth { each(value) } else { walk(value, names[...]) }
  return found
}

private func checkLocation(_ input: [UInt8]) throws {
  let text = String(decoding: input, as: UTF8.self)
  let location = try refusing(with: [.usage]) {
    try StoreLocation(parsing: text, schemes: ["sqlite"], exists: { _ in false })
  }
  if let location {
    try require(location.scheme == "sqlite", "a scheme that is not known is accepted")
    try require(location.path.isEmpty || text.contains(location.path), "a path that nobody typed")
    if !text.contains("?"), !text.contains(":") { try require(location.path == text, "a plain path is changed") }
  }
  let shown = Redaction.argument("postgres://user:SECRET@host/" + text)
  try require(!shown.contains("SECRET"), "a password is written down")
  let option = Redaction.argument(text + "?password=SECRET")
  try require(!option.contains("SECRET"), "the value of a secret option is written down")
}
