import DurableIO
import NoteArchive
import NoteModel

extension FuzzTarget {
  /// The tar scanner: what it finds does not depend on how it is fed, and no name leads outside.
  static let tar: FuzzTarget = FuzzTarget(
    name: "tar",
    seeds: { [Samples.shared.archive, paxArchive] },
    words: ["ustar", "../", "0000-base/", "PaxHeaders/", "12 path=", " size=", "\u{0}", "0001-delta/"],
    mutate: { input, dice in
      var bytes = Mutator(words: FuzzTarget.tar.words, others: []).changed(input, &dice)
      if dice.below(4) > 0 { TarSums.repair(&bytes) }
      return bytes
    },
    longest: 32 << 10,
    check: checkTar)

  /// Members that need a pax header: a long name and one beyond ASCII.
  private static var paxArchive: [UInt8] {
    let buffer = GrowingBuffer(capacity: 8192)
    for name in ["bagit.txt", "data/" + String(repeating: "long/", count: 40) + "x", "data/王"] {
      TarHeader.append(TarMember(name: "0000-base/" + name, byteCount: 3, modified: 1), to: buffer)
      buffer.append([1, 2, 3])
      _ = buffer.appendZeros(509)
    }
    buffer.append(TarHeader.endOfArchive)
    return Array(buffer.bytes)
  }
}

private func checkTar(_ input: [UInt8]) throws {
  let path = try FuzzBench.shared.write(input, to: "scan.tar")
  let whole = try scan(TarScanner(file: File.read(path)), room: 1 << 16)
  for room in [1, 7, 513] {
    let parts = try scan(TarScanner(file: File.read(path), bufferSize: 128 << 10), room: room)
    try require(parts == whole, "what a scan finds depends on how much it reads at once (\(room) bytes)")
  }
  if let pipe = try FuzzBench.pipe(input) {
    let piped = try scan(TarScanner(file: pipe), room: 1 << 16)
    try require(piped == whole, "a pipe and a file give other members")
  }
}

/// A step of a scan: a member with its body, or why there was none.
private struct Step: Equatable {
  var member: TarMember?
  var body: [UInt8] = []
  var offset: Int64 = 0
  var code: ErrorCode?
}

/// Walks over all members, behind damage too.
private func scan(_ scanner: TarScanner, room: Int) throws -> [Step] {
  var steps: [Step] = []
  var isDamaged = false
  while steps.count < 1000 {
    var step = Step()
    do {
      guard let member = isDamaged ? try scanner.resynchronize() : try scanner.next() else { return steps }
      isDamaged = false
      try checkMember(member)
      step.member = member
      step.offset = scanner.offset
      step.body = try body(of: scanner, room: room)
    } catch let error as MigrationError {
      try require([.archiveDamaged, .archiveHostile].contains(error.code), "a scan fails with \(error.code)")
      try Shown.check(error)
      step.code = error.code
      isDamaged = true
    }
    steps.append(step)
  }
  return steps
}

private func body(of scanner: TarScanner, room: Int) throws -> [UInt8] {
  var body: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: room)
  while true {
    let count = try buffer.withUnsafeMutableBytes { try scanner.read(into: $0) }
    if count == 0 { return body }
    body += buffer[..<count]
  }
}

/// The name stays inside a directory, and the header that the writer would make for the member reads back as it.
private func checkMember(_ member: TarMember) throws {
  let parts = member.name.split(separator: "/", omittingEmptySubsequences: false)
  try require(parts.count > 1, "a member outside of a segment")
  try require(!parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }, "a name that leads elsewhere")
  try require(!member.name.unicodeScalars.contains { $0.value < 0x20 || $0 == "\\" }, "a name with a control character")
  try require(member.byteCount >= 0 && member.byteCount < 1 << 62, "an impossible size")
  let header = GrowingBuffer(capacity: 4096)
  TarHeader.append(member, to: header)
  let path = try FuzzBench.shared.write(Array(header.bytes), to: "header.tar")
  let back = try required(try TarScanner(file: File.read(path)).next(), "a header that was written is not read")
  try require(back.name == member.name && back.byteCount == member.byteCount, "a header does not read back as it was")
}

/// The checksums of headers.
enum TarSums {
  /// Makes the checksum of every block right that looks like a header.
  static func repair(_ bytes: inout [UInt8]) {
    var at = 0
    while at + 512 <= bytes.count {
      defer { at += 512 }
      guard bytes[at + 257..<at + 262].elementsEqual("ustar".utf8) else { continue }
      let sum =
        bytes[at..<at + 148].reduce(256) { $0 + Int($1) } + bytes[at + 156..<at + 512].reduce(0) { $0 + Int($1) }
      let digits = String(sum, radix: 8)
      let field = String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} "
      bytes.replaceSubrange(at + 148..<at + 156, with: Array(field.utf8))
    }
  }
}
