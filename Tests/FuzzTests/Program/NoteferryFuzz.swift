import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The fuzz targets as a program for libFuzzer. `Scripts/fuzz` builds and runs it.
///
///     noteferry-fuzz list                   the names of the targets
///     noteferry-fuzz seeds TARGET DIRECTORY writes the target's seeds and its dictionary
///     noteferry-fuzz check TARGET FILE …    reads inputs once, as the fuzzer did
///
/// With `NOTEFERRY_FUZZ_TARGET` set, all arguments are libFuzzer's: it starts itself again with them where it minimises.
@main enum NoteferryFuzz {
  nonisolated(unsafe) static var target = FuzzTarget.json
  nonisolated(unsafe) static var seeds: [[UInt8]] = []

  static func main() throws {
    let arguments = CommandLine.arguments
    if let name = getenv("NOTEFERRY_FUZZ_TARGET") {
      target = named(String(cString: name))
      return try fuzz(arguments)
    }
    if arguments.count == 2, arguments[1] == "list" {
      return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
    }
    guard arguments.count > 3 else { fail("usage: noteferry-fuzz list | seeds TARGET DIRECTORY | check TARGET FILE …") }
    target = named(arguments[2])
    if arguments[1] == "seeds" { return try writeSeeds(to: arguments[3]) }
    for path in arguments[3...] { runOnce(try FuzzBench.read(path)) }
    print("\(arguments.count - 3) inputs, no promise broken")
  }

  private static func named(_ name: String) -> FuzzTarget {
    guard let target = FuzzTarget.named(name) else { fail("there is no fuzz target \(name)") }
    return target
  }

  private static func fail(_ words: String) -> Never {
    print(words)
    exit(64)
  }

  /// Reads one input; a broken promise ends the process as a crash does, which is how libFuzzer takes notice.
  static func runOnce(_ input: [UInt8]) {
    do { try target.check(input) } catch {
      try? FuzzBench.removeAll()
      fatalError("broken promise of \(target.name): \(error)")
    }
  }

  private static func writeSeeds(to directory: String) throws {
    try Folder.create(directory)
    for (index, seed) in try target.seeds().enumerated() {
      try seed.withUnsafeBytes { try File.write("\(directory)/seed-\(index)", truncate: true).write($0) }
    }
    let words = (target.words + Mutator.numbers).map { Array($0.utf8) } + Mutator.hostileTexts
    let lines = words.map { word in "\"" + word.map { "\\x" + hexadecimal([$0]) }.joined() + "\"\n" }
    try File.write("\(directory).dict", truncate: true).write(lines.joined())
  }

  private static func fuzz(_ arguments: [String]) throws {
    seeds = try target.seeds()
    let rest = [arguments[0], "-max_len=\(target.longest)"] + arguments.dropFirst()
    var pointers: [UnsafeMutablePointer<CChar>?] = rest.map { strdup($0) } + [nil]
    var count = Int32(rest.count)
    let status = pointers.withUnsafeMutableBufferPointer { buffer -> Int32 in
      var base = buffer.baseAddress!
      return runDriver(&count, &base) { data, count in
        NoteferryFuzz.runOnce(Array(UnsafeBufferPointer(start: data, count: count)))
        return 0
      }
    }
    exit(status)
  }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

@_silgen_name("LLVMFuzzerMutate")
private func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int

/// Called by libFuzzer for each new input: the format's own change, or libFuzzer's.
@_cdecl("LLVMFuzzerCustomMutator")
public func customMutator(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
  var dice = Dice(UInt64(seed))
  guard dice.below(4) > 0 else { return mutateBytes(data, count, limit) }
  let input = Array(UnsafeBufferPointer(start: data, count: count))
  let target = NoteferryFuzz.target
  guard let changed = try? target.changed(input, others: NoteferryFuzz.seeds, &dice) else { return count }
  let length = min(changed.count, limit)
  for index in 0..<length { data[index] = changed[index] }
  return length
}
