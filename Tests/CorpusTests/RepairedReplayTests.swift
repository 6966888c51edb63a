import DurableIO
import Testing

@testable import Corpus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Scenarios with damaged text, replayed by the real program and by one that does not bring everything back.
@Suite struct RepairedReplayTests {
  private let scratch = CorpusScratch()

  private static let store = #"""
    outcome = "every text becomes what it was"
    [journey]
    in-place = true
    [store]
    notes = 4
    sql = "UPDATE memo SET content = 'MARK ' || damaged('double-utf8', id) WHERE id <> 4"
    [expect.repaired]

    """#

  private func replay(_ expectation: String, by program: String = ReplayTests.program) throws -> [String] {
    let folder = scratch.directory + "/encodings/double"
    try Folder.create(folder)
    let head = "title = \"t\"\nwrong = \"w\"\ncause = \"c\"\nidea = \"i\"\n"
    try FileBytes.write(Array((head + Self.store + expectation).utf8), to: folder + "/case.toml")
    var replay = Replay(scenarios: try ScenarioReader.all(in: scratch.directory))
    replay.program = program
    return try replay.run()[0].reasons
  }

  @Test func `damaged notes arrive as they were meant, in the target and in place`() throws {
    #expect(try replay("memo = { content = \"3 of 3\" }\n") == [])
  }

  @Test func `a wrong share is reported for both`() throws {
    let reasons = try replay("memo = { content = \"2 of 3\", payload = \"1 of 1\" }\n")
    for noun in ["target", "mended store"] {
      #expect(
        reasons.contains("3 of 3 damaged values of memo.content are repaired in the \(noun), not 2 of 3"))
      #expect(reasons.contains("0 of 0 damaged values of memo.payload are repaired in the \(noun), not 1 of 1"))
    }
    #expect(reasons.count == 4)
  }

  @Test func `an undo that misses a byte is noticed`() throws {
    // The real program, and then another letter in the notes.
    let script = """
      #!/bin/sh
      "\(ReplayTests.program)" "$@"
      status=$?
      if [ "$1 $2" = "repair undo" ]; then
        grep -abo MARK "$3" | cut -d : -f 1 | while read place; do
          printf m | dd of="$3" bs=1 seek="$place" conv=notrunc 2>/dev/null
        done
      fi
      exit $status

      """
    let program = scratch.directory + "/forgetful"
    try Folder.create(scratch.directory)
    try FileBytes.write(Array(script.utf8), to: program)
    try #require(chmod(program, 0o755) == 0)
    let reasons = try replay("memo = { content = \"3 of 3\" }\n", by: program)
    #expect(
      reasons == Array(repeating: "3 rows of memo differ after undo by an independent reading, not 0", count: 2))
  }
}
