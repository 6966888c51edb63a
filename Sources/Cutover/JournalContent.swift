import DurableIO
import NoteModel

/// What a journal's file holds.
struct JournalContent {
  /// A cutover has some twenty steps, and a few more for each time it is taken up.
  private static let longest: Int64 = 16 << 20

  var header: CutoverJournal.Header
  var entries: [CutoverJournal.Entry] = []
  var length: Int64 = 0
  var chain = JournalLine.start

  /// - Throws: `.cutoverJournalDamaged`.
  init(_ file: File) throws {
    let size = try file.status().byteCount
    guard size <= Self.longest else { throw Self.damaged(file.path, "it has \(size) bytes") }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    let lines = bytes[..<count].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // Behind the last line break stands nothing, or what a crash tore.
    guard lines.count > 1, let first = JournalLine.read(lines[0], behind: chain),
      let header = CutoverJournal.Header(first.value)
    else { throw Self.damaged(file.path, "its first line is not what was written") }
    self.header = header
    chain = first.digest
    length = Int64(lines[0].count + 1)
    for (number, line) in lines.dropLast().enumerated().dropFirst() {
      guard let read = JournalLine.read(line, behind: chain), let entry = CutoverJournal.Entry(read.value),
        (entries.last?.state ?? .idle).next(after: entry.event) == entry.state
      else {
        // The file may have got its length before its bytes.
        if number == lines.count - 2, lines[lines.count - 1].isEmpty, Self.isTorn(line) { return }
        throw Self.damaged(file.path, "line \(number + 1) is not what was written")
      }
      entries.append(entry)
      chain = read.digest
      length += Int64(line.count + 1)
    }
  }

  /// Whether a loss of power may have left a line like this: a part of it was not written.
  private static func isTorn(_ line: ArraySlice<UInt8>) -> Bool { line.contains(0) }

  private static func damaged(_ path: String, _ cause: String) -> MigrationError {
    MigrationError(
      .cutoverJournalDamaged, "the account of the cutover cannot be trusted", cause: "\(path): \(cause)",
      safeNow: "nothing was changed",
      next: ["look at the fence of the source: noteferry inspect", "restore the run's folder from a copy"])
  }
}

/// A line of a journal: a JSON object whose last member is the digest of what stands before it and of the line before.
enum JournalLine {
  static let start = Digest.checksum(.sha256, UnsafeRawBufferPointer(start: nil, count: 0))

  static func text(_ members: [JSONValue.Member], behind chain: Checksum) -> (text: String, digest: Checksum) {
    let digest = digest(JSONValue.object(members).text, behind: chain)
    return (JSONValue.object(members + [.init("sum", .text(digest.description))]).text + "\n", digest)
  }

  static func read(_ line: ArraySlice<UInt8>, behind chain: Checksum) -> (value: JSONValue, digest: Checksum)? {
    guard case .object(var members)? = try? JSONReader.parse(Array(line)), let last = members.popLast() else {
      return nil
    }
    let value = JSONValue.object(members)
    let digest = digest(value.text, behind: chain)
    // Written anew it must be the same bytes: no other way of writing is accepted.
    let again = JSONValue.object(members + [last]).text
    guard JSONValue.object([last])["sum"]?.string == digest.description, again.utf8.elementsEqual(line) else {
      return nil
    }
    return (value, digest)
  }

  private static func digest(_ text: String, behind chain: Checksum) -> Checksum {
    let digest = Digest(.sha256)
    for part in [chain.description, "\n", text] {
      var part = part
      part.withUTF8 { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return digest.finish()
  }
}

// MARK: - JSON

extension CutoverJournal.Header {
  var json: [JSONValue.Member] {
    [
      .init("cutover", .integer(1)), .init("run", .text(run)), .init("plan", .text(plan)), .init("tool", .text(tool)),
      .init("source", .text(source)), .init("targets", .array(targets.map { .text($0) })),
    ]
  }

  init?(_ value: JSONValue) {
    guard value["cutover"]?.integer == 1, let run = value["run"]?.string, let plan = value["plan"]?.string,
      let tool = value["tool"]?.string, let source = value["source"]?.string, case .array(let names)? = value["targets"]
    else { return nil }
    self.init(run: run, plan: plan, tool: tool, source: source, targets: names.compactMap(\.string))
  }
}

extension CutoverJournal.Entry {
  var json: [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("at", .text(time.rfc3339)), .init("at_ms", .integer(time.milliseconds)),
      .init("event", .text(event.rawValue)), .init("state", .text(state.rawValue)),
    ]
    if !details.isEmpty { members.append(.init("details", .object(details.map { .init($0.name, .text($0.value)) }))) }
    return members
  }

  init?(_ value: JSONValue) {
    guard let milliseconds = value["at_ms"]?.integer, let event = value["event"]?.string.flatMap(CutoverEvent.init),
      let state = value["state"]?.string.flatMap(CutoverState.init)
    else { return nil }
    var details: [Detail] = []
    if case .object(let members)? = value["details"] {
      for member in members {
        guard let text = member.value.string else { return nil }
        details.append(Detail(member.name, text))
      }
    }
    self.init(time: Timestamp(milliseconds: milliseconds), event: event, state: state, details: details)
  }
}
