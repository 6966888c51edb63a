import DurableIO
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Many runs of one kind, a few at a time. What goes wrong is collected and told at the end, the first cases in full.
struct Sweep: Sendable {
  static let threads = 3
  /// More cases than this are sampled; `NOTEFERRY_TEST_ALL=1` runs them all.
  static let limit = getenv("NOTEFERRY_TEST_ALL") == nil ? 9 : Int.max / 8

  private final class Failures: @unchecked Sendable {
    private let monitor = Monitor()
    private var all: [String] = []
    func add(_ text: String) { monitor.locked { all.append(text) } }
    var texts: [String] { monitor.locked { all } }
  }

  /// Runs `body` for every case and expects that it finds nothing wrong.
  ///
  /// - Parameter body: Returns what is wrong; `nil` when the case is well.
  static func run<Case: Sendable>(
    _ name: String, _ cases: [Case], sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable (Case) throws -> String?
  ) {
    let start = ContinuousClock.now
    let failures = Failures()
    let next = Counter()
    let workers = (0..<threads).map { _ in
      WorkerThread {
        while true {
          let index = next.next() - 1
          guard index < cases.count else { return }
          do {
            if let wrong = try body(cases[index]) { failures.add("\(cases[index]): \(wrong)") }
          } catch {
            failures.add("\(cases[index]): \(error)")
          }
        }
      }
    }
    for worker in workers { worker.join() }
    print("  \(name): \(cases.count) cases in \(ContinuousClock.now - start)")
    let texts = failures.texts
    if !texts.isEmpty {
      Issue.record(
        "\(name): \(texts.count) of \(cases.count) cases failed\n\(texts.prefix(4).joined(separator: "\n---\n"))",
        sourceLocation: sourceLocation)
    }
  }

  /// Every number from 1 to `count`, or `limit` of them by a seed that is printed; `NOTEFERRY_TEST_SEED` repeats it.
  static func numbers(_ name: String, upTo count: Int, limit wanted: Int = Sweep.limit) -> [Int] {
    print("  \(name): \(count) operations")
    let limit = Sweep.limit > 1000 ? Sweep.limit : wanted
    guard count > limit else { return count > 0 ? Array(1...count) : [] }
    var generator = SeededGenerator.forTests(name)
    // The edges are where runs begin and end.
    let edges = Set(Array(1...min(count, limit / 4)) + Array((count - limit / 4)...count))
    let middle = (1...count).filter { !edges.contains($0) }.shuffled(using: &generator)
    return (edges + middle.prefix(max(0, limit - edges.count))).sorted()
  }
}

/// Numbers that can be had again with their seed.
struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

  /// With the seed of the environment, or a new one; prints it.
  static func forTests(_ name: String) -> SeededGenerator {
    let given = getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...999_999)
    print("  \(name): NOTEFERRY_TEST_SEED=\(seed)")
    return SeededGenerator(seed: seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Runs a test in a directory of its own, removed after it.
func withWorkshop<R>(_ body: (String) throws -> R) throws -> R {
  let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
  var template = Array((parent + "/noteferry-crash-XXXXXX").utf8CString)
  let path = try #require(mkdtemp(&template).map { String(cString: $0) })
  defer { try? Folder.removeTree(path) }
  return try body(path)
}

func pauseBriefly(milliseconds: UInt32 = 1) { usleep(milliseconds * 1000) }
