import DurableIO
import NoteModel

/// Reads a repairs file from its first line to its last, strictly.
///
/// Memory: one line, at most `lineLimit`.
public final class RepairBookReader {
  /// Longest line in bytes; what `RepairBook` writes stays below half of it: an image of 2 MiB, its plan with both forms of it.
  public static let lineLimit = 16 << 20

  public let path: String
  /// The first line; nil only for a file that ends inside it, where that is allowed.
  public private(set) var header: RepairBook.Header?
  /// Where the next line begins, in bytes from the start.
  public private(set) var offset: Int64 = 0
  public private(set) var line: Int64 = 0
  private let file: File
  private let isCutOffAllowed: Bool
  private let buffer = GrowingBuffer(capacity: 64 << 10)
  private var position = 0
  private var isAtEnd = false
  /// The value of which some parts have come and others must follow, and what came of it.
  private var open: (record: RepairRecord, byteCount: Int64)?
  private let digest = Digest(.sha256)

  /// - Parameter isCutOffAllowed: Whether a last line without its end is taken for the end, as a crash leaves it.
  /// - Throws: `.repairsDamaged`; `.sourceMissing`, `.noPermission`.
  public init(_ path: String, isCutOffAllowed: Bool = false) throws {
    self.path = path
    self.isCutOffAllowed = isCutOffAllowed
    file = try File.read(path)
    guard let json = try nextLine() else {
      guard isCutOffAllowed else { throw damaged("it ends inside its first line") }
      return
    }
    guard let schema = json["schema"]?.string, schema == RepairBook.schema else {
      throw damaged("its first line does not say \(RepairBook.schema)")
    }
    guard let archive = json["archive"]?.string, let policy = json["policy"]?.string.flatMap(RepairPolicy.init) else {
      throw damaged("its first line names no archive or no policy")
    }
    header = RepairBook.Header(archive: archive, policy: policy)
  }

  /// What a line can be.
  public enum Entry {
    case repair(RepairRecord)
    case kept(KeptOriginal)

    var page: Int64 {
      switch self {
      case .repair(let record): record.page
      case .kept(let kept): kept.page
      }
    }
  }

  /// The next record of a repair; nil at the end.
  ///
  /// - Throws: `.repairsDamaged` with the line that is.
  public func next() throws -> RepairRecord? {
    while let entry = try nextEntry() { if case .repair(let record) = entry { return record } }
    return nil
  }

  /// The next line; nil at the end.
  ///
  /// - Throws: `.repairsDamaged` with the line that is.
  public func nextEntry() throws -> Entry? {
    guard header != nil, let json = try nextLine() else {
      guard open == nil || isCutOffAllowed else { throw damaged("it ends between the parts of a value") }
      return nil
    }
    do {
      if open == nil, let kept = try KeptOriginal.read(json) { return .kept(kept) }
      let record = try RepairRecord(json)
      try follow(record)
      return .repair(record)
    } catch let problem as RepairRecord.Problem {
      throw damaged("line \(line): \(problem.reason)")
    }
  }

  /// Hands over a record and, where it is the first part of a value, the other parts. Memory: one of them.
  public func eachPart(from first: RepairRecord, _ body: (RepairRecord) throws -> Void) throws {
    try body(first)
    for _ in 1..<max(1, first.part?.count ?? 1) {
      guard let record = try next() else { throw damaged("it ends between the parts of a value") }
      try body(record)
    }
  }

  /// The parts of a value come in order, without anything between them, and are all of it.
  private func follow(_ record: RepairRecord) throws {
    if let before = open?.record, var part = before.part {
      part.number += 1
      guard record.part == part, record.place == before.place, record.page == before.page, record.tier == before.tier
      else { throw damaged("line \(line) is not the next part of the value in front of it") }
    } else if !record.isFirst {
      throw damaged("line \(line): the parts in front of it are missing")
    }
    guard let part = record.part else { return }
    record.original.withUnsafeBytes { digest.update($0) }
    let byteCount = (open?.byteCount ?? 0) + Int64(record.original.count)
    open = part.number < part.count ? (record, byteCount) : nil
    guard open == nil else { return }
    guard digest.finish() == part.digest, byteCount == part.byteCount else {
      throw damaged("line \(line): its parts are not the value that its digest names")
    }
  }

  private func nextLine() throws -> JSONValue? {
    var searched = position
    while true {
      if let end = buffer.bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        line += 1
        let text = buffer.slice(position..<end)
        offset += Int64(end + 1 - position)
        position = end + 1
        do { return try JSONReader.parse(text) } catch { throw damaged("line \(line) is not JSON: \(error)") }
      }
      searched = buffer.count
      if isAtEnd {
        guard position < buffer.count, !isCutOffAllowed else { return nil }
        throw damaged("it ends inside line \(line + 1)")
      }
      guard buffer.count - position < Self.lineLimit else {
        throw damaged("line \(line + 1) is longer than \(Self.lineLimit) bytes")
      }
      searched -= try fill()
    }
  }

  /// Reads more; moves what is left to the front first.
  ///
  /// - Returns: By how many bytes what was there moved.
  private func fill() throws -> Int {
    let moved = position
    if moved > 0 {
      let rest = Array(buffer.slice(position..<buffer.count))
      buffer.removeAll()
      buffer.append(rest)
      position = 0
    }
    let before = buffer.count
    try buffer.appendUninitialized(max(64 << 10, before)) { try file.read(into: $0) }
    isAtEnd = buffer.count == before
    return moved
  }

  func damaged(_ cause: String) -> MigrationError {
    MigrationError(
      .repairsDamaged, "the repairs file \(path) is damaged", cause: cause,
      safeNow: "nothing was changed",
      next: [
        "fetch the file from a backup", "or move it away, and compare the target with the archive: noteferry diff",
      ])
  }
}
