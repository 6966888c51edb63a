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

/// Compares the archive's manifest with the one computed from its members, line by line, in bounded memory.
struct ManifestComparison {
  /// Differences that are told one by one; behind them the comparison ends with a sentence.
  static let limit = 100

  private var computed: Lines
  /// The beginning of a line of the archive's whose end has not come.
  private let rest = GrowingBuffer(capacity: 1024)
  private var differences = 0
  private let report: (String) throws -> Void

  /// - Parameter report: Gets a sentence for each member that differs, the first `limit`.
  init(_ computed: Spool, report: @escaping (String) throws -> Void) {
    self.computed = Lines(computed)
    self.report = report
  }

  /// Stands for the digest of a member that was not read; only its name is compared.
  static func unknown(_ algorithm: DigestAlgorithm) -> Checksum {
    Checksum(algorithm, [UInt8](repeating: 0, count: algorithm.byteCount))
  }

  private var isGivenUp: Bool { differences > Self.limit }

  private mutating func differ(_ explanation: String) throws {
    differences += 1
    if differences <= Self.limit { try report(explanation) }
    if differences == Self.limit + 1 { try report("more members than these differ from the manifest") }
  }

  /// Takes the next bytes of the archive's manifest.
  mutating func compare(_ bytes: UnsafeRawBufferPointer) throws {
    var start = 0
    while !isGivenUp, let end = lineFeed(in: bytes, from: start) {
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      if rest.count == 0 {
        try compare(line: ManifestText(part))
      } else {
        rest.append(part)
        try compare(line: ManifestText(rest.bytes))
        rest.removeAll()
      }
      start = end + 1
    }
    guard !isGivenUp else { return }
    rest.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    guard rest.count > ManifestLine.maximumByteCount else { return }
    rest.removeAll()
    try differ("the manifest has a line that is longer than any line can be")
    differences = Self.limit + 1
  }

  private mutating func compare(line theirs: ManifestText) throws {
    guard let ours = try computed.peek() else {
      return try differ("\(theirs.name) is in the manifest and not in the archive")
    }
    if equal(ours.line, theirs.line) {
      computed.advance()
    } else if equal(ours.path, theirs.path) {
      let isUnknown = ours.digest.allSatisfy { $0 == UInt8(ascii: "0") }
      computed.advance()
      if isUnknown { return }
      try differ("\(theirs.name): its bytes do not have the checksum that the manifest says")
    } else {
      // What the archive has in this place may follow in the manifest.
      try differ("\(theirs.name) is in the manifest and not in its place in the archive")
    }
  }

  /// Ends the comparison: nothing may be left on either side.
  mutating func end() throws {
    guard !isGivenUp else { return }
    if rest.count > 0 { try differ("the manifest ends inside a line") }
    if let ours = try computed.peek() {
      try differ("\(ours.name) is in the archive and not in its place in the manifest")
    }
  }
}

/// A line of a manifest without its line feed, taken apart and not judged. Valid as long as its bytes are.
private struct ManifestText {
  var line: UnsafeRawBufferPointer
  var digest: UnsafeRawBufferPointer
  var path: UnsafeRawBufferPointer

  init(_ line: UnsafeRawBufferPointer) {
    self.line = line
    let space = line.baseAddress.flatMap { start in
      memchr(start, 0x20, line.count).map { UnsafeRawPointer($0) - start }
    }
    digest = UnsafeRawBufferPointer(rebasing: line[..<(space ?? line.count)])
    path = UnsafeRawBufferPointer(rebasing: line[min(line.count, (space ?? line.count) + 2)...])
  }

  var name: String {
    path.count == 0
      ? "a line without a path"
      : printable(String(decoding: UnsafeRawBufferPointer(rebasing: path.prefix(300)), as: UTF8.self))
  }
}

private func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard left.count == right.count else { return false }
  guard let a = left.baseAddress, let b = right.baseAddress else { return true }
  return memcmp(a, b, left.count) == 0
}

private func lineFeed(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
  guard let base = bytes.baseAddress, start < bytes.count else { return nil }
  return memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base }
}

/// Walks the lines of a spool. Memory: one buffer of 64 KiB.
private struct Lines {
  private let spool: Spool
  private let buffer = GrowingBuffer(capacity: 64 << 10)
  private var cursor = 0
  private var end: Int?
  private var offset: Int64 = 0

  init(_ spool: Spool) { self.spool = spool }

  /// The present line; `nil` behind the last. Valid until `advance`.
  mutating func peek() throws -> ManifestText? {
    if end == nil { end = lineFeed(in: buffer.bytes, from: cursor) }
    if end == nil, offset < spool.byteCount {
      let tail = Array(buffer.slice(cursor..<buffer.count))
      buffer.removeAll()
      buffer.append(tail)
      cursor = 0
      let place = offset
      let before = buffer.count
      try buffer.appendUninitialized(64 << 10) { try spool.read(into: $0, at: place) }
      offset += Int64(buffer.count - before)
      end = lineFeed(in: buffer.bytes, from: 0)
    }
    return end.map { ManifestText(buffer.slice(cursor..<$0)) }
  }

  mutating func advance() {
    if let end { cursor = end + 1 }
    end = nil
  }
}

/// Finds names that stand twice among the computed lines, exactly and in bounded memory.
///
/// Names are compared by 64-bit digests, `capacity` at a time; what has an equal digest is compared itself. One pass over
/// the lines for each million members.
enum DuplicateNames {
  static let capacity = 1 << 20

  /// - Returns: A name that stands twice; `nil` when all are different.
  static func find(in computed: Spool, lines: Int64, capacity: Int = capacity) throws -> String? {
    let parts = UInt64(max(1, (lines + Int64(capacity) - 1) / Int64(capacity)))
    for part in 0..<parts {
      var digests: [UInt64] = []
      try eachPath(in: computed) { path in
        let digest = Self.digest(path)
        if digest % parts == part { digests.append(digest) }
      }
      digests.sort()
      var suspects: Set<UInt64> = []
      for (left, right) in zip(digests, digests.dropFirst()) where left == right { suspects.insert(left) }
      guard !suspects.isEmpty else { continue }
      var seen: Set<[UInt8]> = []
      var found: [UInt8]?
      try eachPath(in: computed) { path in
        guard found == nil, suspects.contains(Self.digest(path)), seen.count < 100_000 else { return }
        if !seen.insert(Array(path)).inserted { found = Array(path) }
      }
      if let found { return String(decoding: found, as: UTF8.self) }
    }
    return nil
  }

  /// FNV-1a.
  private static func digest(_ path: UnsafeRawBufferPointer) -> UInt64 {
    path.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  private static func eachPath(in computed: Spool, _ body: (UnsafeRawBufferPointer) -> Void) throws {
    var lines = Lines(computed)
    while let line = try lines.peek() {
      body(line.path)
      lines.advance()
    }
  }
}
