import DurableIO
import NoteArchive
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A directory for one test, removed at its end.
func withScratch<R>(_ body: (String) throws -> R) throws -> R {
  var template = Array("/tmp/noteferry-archive-XXXXXX\0".utf8).map { CChar($0) }
  guard mkdtemp(&template) != nil else { throw systemError(errno, "cannot make a scratch directory") }
  let path = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
  defer { _ = run("rm", "-rf", path) }
  return try body(path)
}

/// Runs a program and returns its status and what it printed; status 127 when it does not exist.
func run(_ arguments: String...) -> (status: Int32, output: String) {
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { return (127, "") }
  _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
  _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
  defer { posix_spawn_file_actions_destroy(&actions) }
  var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  words.append(nil)
  defer { for word in words { free(word) } }
  var identity: pid_t = 0
  let failure = posix_spawnp(&identity, arguments[0], &actions, nil, words, environ)
  close(ends[1])
  let reader = File(descriptor: ends[0], path: "pipe")
  guard failure == 0 else { return (127, "") }
  var output: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 64 << 10)
  while let count = try? room.withUnsafeMutableBytes({ try reader.read(into: $0) }), count > 0 {
    output += room[..<count]
  }
  var status: Int32 = 0
  waitpid(identity, &status, 0)
  return (status >> 8 & 255, String(decoding: output, as: UTF8.self))
}

func write(_ bytes: [UInt8], to path: String) throws {
  let file = try File.write(path, truncate: true)
  try bytes.withUnsafeBytes { try file.write($0) }
}

/// A repeatable source of randomness (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }

  /// The seed of this run: `NOTEFERRY_TEST_SEED`, else a new one. Tests show it when they fail.
  static let seed: UInt64 =
    getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...9999)
}

/// The code of the failure that `body` throws; `nil` when it throws none.
func failure(of body: () throws -> Void) -> MigrationError? {
  do {
    try body()
    return nil
  } catch {
    return error as? MigrationError
  }
}

extension Array where Element == UInt8 {
  var buffer: GrowingBuffer {
    let buffer = GrowingBuffer(capacity: count)
    buffer.append(self)
    return buffer
  }
}
