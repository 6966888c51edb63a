import NoteModel
import Testing

@testable import NoteStore

@Suite struct TOMLPositionsTests {
  /// Each key with the line that it is said to stand on.
  private func keys(of node: TOMLNode) -> [(key: String, line: Int)] {
    switch node.content {
    case .table(let members): members.flatMap { [($0.key, $0.value.place.line)] + keys(of: $0.value) }
    case .array(let elements): elements.flatMap { keys(of: $0) }
    default: []
    }
  }

  static let tricky = """
    "quoted key" = 1
    'literal' = 2
    a.b . "c" = 3 # c = 9
    [ table . "sub table" ]
    inline = { x = 1, "y z" = [ { deep = 2 }, { deep2 = '''
    [not] = a key ''' } ] }
    text = "a \\" quote [ { # not a comment" # a comment
    long = \"\"\"
    key = 1
    five quotes \\"\"\"\"\"\"
    after = true
    date = 1979-05-27 07:32:00 # a space in it
    \u{65E5}\u{672C} = 1
    [[list]]
    first = 1
    [list.sub]
    second = 2
    [[list]]
    third = 3
    [[list.sub2]]
    fourth = [1, 2,
      3] \r
    fifth = 5
    """.replacing("\u{65E5}\u{672C} =", with: "\"\u{65E5}\u{672C}\" =")

  @Test(arguments: [Profile.memosText, Profile.referenceText, tricky])
  func `every key is found on its line`(text: String) throws {
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    let keys = keys(of: try TOMLNode.parse(Array(text.utf8)))
    #expect(keys.count > 15)
    for (key, line) in keys {
      let found: String = try #require(lines.dropFirst(line - 1).first)
      #expect(found.contains(key), "\(key) is said to stand on line \(line): \(found)")
    }
  }

  @Test func `a profile with random damage is refused or read, never a crash`() {
    var generator = SeededGenerator()
    func random(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    let sound = Array(Profile.referenceText.utf8.prefix(1500))
    let pieces = [
      "\"", "'", "\"\"\"", "'''", "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "#", "\n", "\\", "\\u00", "\r",
    ]
    for _ in 0..<2000 {
      var bytes = sound
      for _ in 0...random(4) {
        let place = random(bytes.count)
        switch random(4) {
        case 0: bytes[place] = UInt8(random(256))
        case 1: bytes.insert(contentsOf: Array(pieces[random(pieces.count)].utf8), at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random(40)))
        default: bytes.removeSubrange(place...)
        }
        if bytes.isEmpty { bytes = [0x0A] }
      }
      let lineCount = bytes.count { $0 == 0x0A } + 1
      let problems = bytes.withUnsafeBytes { ProfileReader.problems(in: $0, fileName: "x") }
      #expect(problems.allSatisfy { (1...lineCount + 1).contains($0.line) && $0.column > 0 })
    }
  }

  @Test func `a header without a name ends in an error and not in the parser`() {
    // The parser behind TOMLKit stops the process on these.
    for text in ["[=]", "[,]", "[#]", "[[=]]", "[\n]", "[{]", "[.a]", "[\u{E9}]"] {
      #expect(throws: TOMLNode.SyntaxError.self) { try TOMLNode.parse(Array(text.utf8)) }
    }
  }

  @Test func `random values and random orders of tables never stop the process`() {
    var random = SeededGenerator()
    let characters = Array("0123456789eExobnaitrufTZ+-._: ")
    for _ in 0..<10_000 {
      let value = String(
        (0..<Int.random(in: 1...10, using: &random)).map { _ in characters.randomElement(using: &random)! })
      _ = try? TOMLNode.parse(Array("a = \(value)\nb = [\(value), {c=\(value)}]".utf8))
    }
    let lines = [
      "[a]", "[[a]]", "[a.b]", "[[a.b]]", "[b.a.c]", "a = []", "a = {}", "a.b = 1", "b = {a.b = 1, a = {}}", "a = [{}]",
      "a = [[], [{}]]", "b.a = 'x'", "[a.'']", "'' = 1",
    ]
    for _ in 0..<10_000 {
      let text = (0..<Int.random(in: 1...6, using: &random)).map { _ in lines.randomElement(using: &random)! }
      _ = try? TOMLNode.parse(Array(text.joined(separator: "\n").utf8))
    }
  }
}

/// A small generator whose seed can be given again; it prints the seed that it takes.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64 = .random(in: 1...UInt64.max)) {
    state = seed
    print("seed \(seed)")
  }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
