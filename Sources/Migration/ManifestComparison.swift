import DurableIO
import NoteArchive
import NoteModel

/// Compares the archive's manifest with the one computed from its members, line by line, in bounded memory.
struct ManifestComparison {
  /// Differences that are told one by one; behind them the comparison ends with a sentence.
  static let limit = 100

  private let computed: Spool
  /// Computed lines that were not compared yet stand in `own` from `cursor` on.
  private var own: [UInt8] = []
  private var cursor = 0
  private var offset: Int64 = 0
  /// The beginning of a line of the archive's whose end has not come.
  private var rest: [UInt8] = []
  private var differences = 0
  private let report: (String) throws -> Void

  /// - Parameter report: Gets a sentence for each member that differs, the first `limit`.
  init(_ computed: Spool, report: @escaping (String) throws -> Void) {
    self.computed = computed
    self.report = report
  }

  private var isGivenUp: Bool { differences > Self.limit }

  private mutating func differ(_ explanation: String) throws {
    differences += 1
    if differences <= Self.limit { try report(explanation) }
    if differences == Self.limit + 1 { try report("more members than these differ from the manifest") }
  }

  /// Takes the next bytes of the archive's manifest.
  mutating func compare(_ bytes: [UInt8]) throws {
    var start = 0
    while !isGivenUp, let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      if rest.isEmpty {
        try compare(line: bytes[start..<feed])
      } else {
        let whole = rest + bytes[start..<feed]
        rest.removeAll()
        try compare(line: whole[...])
      }
      start = feed + 1
    }
    guard !isGivenUp else { return }
    rest += bytes[start...]
    guard rest.count <= ManifestLine.maximumByteCount else {
      rest.removeAll()
      return try giveUp("the manifest has a line that is longer than any line can be")
    }
  }

  private mutating func giveUp(_ explanation: String) throws {
    try differ(explanation)
    differences = Self.limit + 1
  }

  private mutating func compare(line theirs: ArraySlice<UInt8>) throws {
    guard let ours = try next() else {
      return try differ("\(Self.name(theirs)) is in the manifest and not in the archive")
    }
    if ours.elementsEqual(theirs) {
      cursor += ours.count + 1
    } else if Self.path(ours).elementsEqual(Self.path(theirs)) {
      cursor += ours.count + 1
      try differ("\(Self.name(theirs)): its bytes do not have the checksum that the manifest says")
    } else {
      // What the archive has in this place may follow in the manifest.
      try differ("\(Self.name(theirs)) is in the manifest and not in its place in the archive")
    }
  }

  /// The next computed line without its line feed; `nil` behind the last.
  private mutating func next() throws -> ArraySlice<UInt8>? {
    if let feed = own[cursor...].firstIndex(of: UInt8(ascii: "\n")) { return own[cursor..<feed] }
    own.removeFirst(cursor)
    cursor = 0
    let kept = own.count
    own.append(contentsOf: repeatElement(0, count: 64 << 10))
    let count = try own.withUnsafeMutableBytes {
      try computed.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[kept...]), at: offset)
    }
    own.removeLast((64 << 10) - count)
    offset += Int64(count)
    return own.firstIndex(of: UInt8(ascii: "\n")).map { own[..<$0] }
  }

  /// Ends the comparison: nothing may be left on either side.
  mutating func end() throws {
    guard !isGivenUp else { return }
    if !rest.isEmpty { try differ("the manifest ends inside a line") }
    if let ours = try next() { try differ("\(Self.name(ours)) is in the archive and not in its place in the manifest") }
  }

  private static func path(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let space = line.firstIndex(of: UInt8(ascii: " ")), space + 1 < line.endIndex else { return [] }
    return line[(space + 2)...]
  }

  private static func name(_ line: ArraySlice<UInt8>) -> String {
    let path = path(line)
    return path.isEmpty ? "a line without a path" : printable(String(decoding: path.prefix(300), as: UTF8.self))
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
    let line = GrowingBuffer(capacity: 512)
    func take(_ part: UnsafeRawBufferPointer) {
      if let space = part.firstIndex(of: UInt8(ascii: " ")), space + 2 < part.count {
        body(UnsafeRawBufferPointer(rebasing: part[(space + 2)...]))
      }
    }
    try computed.read { bytes in
      var start = 0
      while let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<feed])
        if line.count == 0 {
          take(part)
        } else {
          line.append(part)
          take(line.bytes)
          line.removeAll()
        }
        start = feed + 1
      }
      line.append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
  }
}
