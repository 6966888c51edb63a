import DurableIO
import NoteModel
import NoteStore

/// A program for the tests of fences and cutovers.
///
/// - `fence-bench write STORE LOG [RESTS]` adds notes one after the other until it is killed, each in a transaction of its
///   own, with as many hundredths of a second between two of them. The log gets `try N` before, and behind it `ack N` or `no N WORDS`.
/// - `fence-bench hold STORE RUN MILLISECONDS` says `begun`, raises a fence, says `raised`, and waits to be killed.
@main struct FenceBench {
  static func main() throws {
    let words = CommandLine.arguments
    switch words.dropFirst().first {
    case "write" where words.count == 4: try write(words[2], log: words[3], rests: 0)
    case "write" where words.count == 5: try write(words[2], log: words[3], rests: Int(words[4]) ?? 0)
    case "hold" where words.count == 5: try hold(words[2], run: words[3], milliseconds: Int(words[4]) ?? 0)
    default: throw MigrationError(.usage, "fence-bench write STORE LOG, or hold STORE RUN MILLISECONDS")
    }
  }

  private static func write(_ store: String, log path: String, rests: Int) throws {
    let writer: any NoteWriter = store.hasPrefix("postgresql:") ? try ServerWriter(store) : try FileWriter(store)
    let log = try File.write(path)
    // Numbers of its own, so that several writers share a store.
    var number = Int64(processID()) << 32
    while true {
      number += 1
      try log.write("try \(number)\n")
      if let words = writer.add(number) {
        try log.write("no \(number) \(words.prefix { $0 != "\n" })\n")
        pauseBriefly()
      } else {
        try log.write("ack \(number)\n")
        for _ in 0..<rests { pauseBriefly() }
      }
    }
  }

  private static func hold(_ store: String, run: String, milliseconds: Int) throws {
    try File.standardOutput.write("begun\n")
    let fence = try BenchStore.fence(store)
    try fence.raise(RunClaim(run: run, holder: "process \(processID())"), lasting: .milliseconds(milliseconds))
    try File.standardOutput.write("raised\n")
    while true { pauseBriefly() }
  }
}

/// Adds notes as a product does.
protocol NoteWriter {
  /// Commits a note; the refusal, or `nil` where it was acknowledged.
  func add(_ number: Int64) -> String?
}
