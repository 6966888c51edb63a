import Cutover
import DurableIO
import NoteModel
import Testing

@Suite struct JournalTests {
  private static let header = CutoverJournal.Header(
    run: "c-1", plan: "9f3c", tool: "1.0", source: "a.db", targets: ["b.db", "c.db"])
  private static let way: [CutoverEvent] = [
    .begun, .baseCarried, .converged, .fellBehind, .converged, .confirmed, .fenceProven, .deltaBegun, .deltaApplied,
    .nodesEqual, .sealBegun, .sourceSealed, .targetOpened, .switchDone, .smokePassed, .closed,
  ]

  private static func journal(_ scratch: Scratch) throws -> CutoverJournal {
    try withLock {
      try CutoverJournal(
        scratch.file("journal"), header: header, holder: "a test", now: { Timestamp(milliseconds: 1_700_000_000_000) })
    }
  }

  /// A journal of the whole way; returns its bytes.
  private static func wholeWay(_ scratch: Scratch) throws -> [UInt8] {
    let journal = try journal(scratch)
    for event in way { try journal.record(event, [.init("reason", "\"odd\"\n\u{1} 漢字")]) }
    return scratch.bytes("journal")
  }

  @Test func `a journal is taken up with every step and goes on`() throws {
    let scratch = try Scratch()
    for count in 0..<Self.way.count {
      let journal = try Self.journal(scratch)
      #expect(journal.entries.map(\.event) == Array(Self.way[..<count]))
      try journal.record(Self.way[count], [.init("step", "\(count)")])
    }
    let (header, entries) = try CutoverJournal.read(scratch.file("journal"))
    #expect(header == Self.header)
    #expect(entries.map(\.details) == Self.way.indices.map { [.init("step", "\($0)")] })
    #expect(entries.last?.state == .finished)
  }

  @Test func `a step that cannot happen is refused and not written`() throws {
    let scratch = try Scratch()
    let journal = try Self.journal(scratch)
    try journal.record(.begun)
    let before = scratch.bytes("journal")
    #expect(failure { try journal.record(.sourceSealed) }?.code == .internal)
    #expect(scratch.bytes("journal") == before && journal.state == .copying)
  }

  @Test func `wherever a crash cuts the last line, the step before it stands and the next is written`() throws {
    let scratch = try Scratch()
    let whole = try Self.wholeWay(scratch)
    let lastLine = try #require(whole.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
    for end in lastLine..<whole.count {
      try scratch.write("journal", Array(whole[..<end]))
      let journal = try Self.journal(scratch)
      #expect(journal.state == .soak, "\(end)")
      try journal.record(.closed, [.init("reason", "\"odd\"\n\u{1} 漢字")])
      #expect(scratch.bytes("journal") == whole, "\(end)")
    }
  }

  @Test func `a last line whose bytes did not reach the disk is cut off`() throws {
    let scratch = try Scratch()
    var bytes = try Self.wholeWay(scratch)
    let lastLine = try #require(bytes.dropLast().lastIndex(of: UInt8(ascii: "\n"))) + 1
    for place in (lastLine + 20)..<bytes.count - 1 { bytes[place] = 0 }
    try scratch.write("journal", bytes)
    #expect(try Self.journal(scratch).state == .soak)
  }

  @Test func `a flipped bit is found wherever it is`() throws {
    let scratch = try Scratch()
    let whole = try Self.wholeWay(scratch)
    // All of the last two lines, and some of each other one.
    for place in whole.indices where place % 13 == 0 || place > whole.count - 300 {
      var bytes = whole
      bytes[place] ^= 1 << UInt8(place % 8)
      try scratch.write("flipped", bytes)
      let code = failure { _ = try CutoverJournal.read(scratch.file("flipped")) }?.code
      // Without its line break the last line is a torn one.
      #expect(code == .cutoverJournalDamaged || place == whole.count - 1, "byte \(place)")
    }
  }

  @Test func `lines that are lost, doubled or in another order are found`() throws {
    let scratch = try Scratch()
    let lines = try Self.wholeWay(scratch).split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
    for place in 1..<lines.count - 1 {
      var (lost, doubled, swapped) = (lines, lines, lines)
      lost.remove(at: place)
      doubled.insert(lines[place], at: place)
      swapped.swapAt(place, place + 1)
      for changed in [lost, doubled, swapped] {
        try scratch.write("changed", changed.flatMap { $0 })
        #expect(failure { _ = try CutoverJournal.read(scratch.file("changed")) }?.code == .cutoverJournalDamaged)
      }
    }
  }

  @Test func `another run and another plan are refused, and so is a second process`() throws {
    let scratch = try Scratch()
    let journal = try Self.journal(scratch)
    let second = failure { _ = try CutoverJournal(scratch.file("journal"), header: Self.header, holder: "another") }
    #expect(second?.code == .locked)
    try journal.record(.begun)
    var other = Self.header
    other.plan = "0000"
    let copy = try CutoverJournal.read(scratch.file("journal"))
    #expect(copy.entries.map(\.state) == [.copying])
    try scratch.write("copy", scratch.bytes("journal"))
    let refusal = failure {
      try withLock { _ = try CutoverJournal(scratch.file("copy"), header: other, holder: "a test") }
    }
    #expect(refusal?.code == .sourceChanged)
    let existing = try withLock { try CutoverJournal(existing: scratch.file("copy"), holder: "a test") }
    #expect(existing.header == Self.header)
    #expect(failure { _ = try CutoverJournal(existing: scratch.file("none"), holder: "") }?.code == .sourceMissing)
  }
}
