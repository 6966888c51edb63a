import DurableIO
import NoteModel
import NoteStore

/// The account of an unfinished segment, beside it: what is durable, and where to go on.
///
/// One JSON line for the run, one for each checkpoint, and one for the seal, each made durable before the next. A torn
/// last line is ignored. Gone when the segment has its name.
public final class SegmentJournal {
  /// What must be the same when the segment is taken up again, and what is repeated in it.
  public struct Header: Sendable, Equatable {
    public var id: String
    public var created: Timestamp
    public var algorithm: DigestAlgorithm
    public var fingerprint: String
    public var secretsIncluded: Bool
    public var expectedBytes: Int64
    /// Proof that two snapshots are the same moment; empty when there was none.
    public var identity: String
    public var sourceCounts: [(entity: String, rows: Int64)]
    public var topology: SourceTopology?

    public init(
      id: String, created: Timestamp, algorithm: DigestAlgorithm, fingerprint: String, secretsIncluded: Bool,
      expectedBytes: Int64, identity: String, sourceCounts: [(entity: String, rows: Int64)],
      topology: SourceTopology? = nil
    ) {
      self.topology = topology
      self.id = id
      self.created = created
      self.algorithm = algorithm
      self.fingerprint = fingerprint
      self.secretsIncluded = secretsIncluded
      self.expectedBytes = expectedBytes
      self.identity = identity
      self.sourceCounts = sourceCounts
    }

    public static func == (left: Header, right: Header) -> Bool { left.json == right.json }

    var json: JSONValue {
      var members: [JSONValue.Member] = [
        .init("journal", .integer(1)), .init("id", .text(id)), .init("created_ms", .integer(created.milliseconds)),
        .init("digest", .text(algorithm.rawValue)), .init("fingerprint", .text(fingerprint)),
        .init("secrets_included", .bool(secretsIncluded)), .init("expected_bytes", .integer(expectedBytes)),
        .init("identity", .text(identity)),
        .init("source_rows", .object(sourceCounts.map { .init($0.entity, .integer($0.rows)) })),
      ]
      if let topology { members.append(.init("topology", topology.json)) }
      return .object(members)
    }

    init?(_ value: JSONValue) {
      guard value["journal"]?.integer == 1, let id = value["id"]?.string,
        let created = value["created_ms"]?.milliseconds,
        let algorithm = value["digest"]?.string.flatMap(DigestAlgorithm.init),
        let fingerprint = value["fingerprint"]?.string, let secrets = value["secrets_included"]?.bool,
        let expectedBytes = value["expected_bytes"]?.byteCount, let identity = value["identity"]?.string,
        case .object(let rows)? = value["source_rows"], let counts = JSONValue.counts(rows)
      else { return nil }
      self.init(
        id: id, created: Timestamp(milliseconds: created), algorithm: algorithm, fingerprint: fingerprint,
        secretsIncluded: secrets, expectedBytes: expectedBytes, identity: identity,
        sourceCounts: counts, topology: value["topology"].flatMap { SourceTopology($0) })
    }
  }

  /// A line to go on from.
  public struct Checkpoint: Sendable, Equatable {
    public var position: SegmentWriter.Position
    /// The entity that was being read and the key of its last durable row; `nil` when it has not begun.
    public var entity: String
    public var key: Key?
    /// The summary of everything up to here.
    public var summary: SegmentSummary

    public init(position: SegmentWriter.Position, entity: String, key: Key?, summary: SegmentSummary) {
      self.position = position
      self.entity = entity
      self.key = key
      self.summary = summary
    }

    var json: JSONValue {
      var members: [JSONValue.Member] = [
        .init("offset", .integer(position.offset)), .init("manifest", .integer(position.manifestBytes)),
        .init("findings", .integer(position.findingsBytes)), .init("payload_bytes", .integer(position.payloadBytes)),
        .init("payload_files", .integer(position.payloadFiles)), .init("entity", .text(entity)),
        .init("summary", summary.json),
      ]
      if let key, let value = try? JSONReader.parse(Array(key.description.utf8)) { members.append(.init("key", value)) }
      return .object(members)
    }

    init?(_ value: JSONValue) {
      guard let offset = value["offset"]?.byteCount, let manifest = value["manifest"]?.byteCount,
        let findings = value["findings"]?.byteCount, let payloadBytes = value["payload_bytes"]?.byteCount,
        let payloadFiles = value["payload_files"]?.count, let entity = value["entity"]?.string,
        let summary = value["summary"].flatMap(SegmentSummary.init)
      else { return nil }
      position = SegmentWriter.Position()
      position.offset = offset
      position.manifestBytes = manifest
      position.findingsBytes = findings
      position.payloadBytes = payloadBytes
      position.payloadFiles = payloadFiles
      self.entity = entity
      key = value["key"].flatMap { Key(json: $0) }
      self.summary = summary
    }
  }

  /// The last line: the segment is whole and only waits for its name.
  public struct Completion: Sendable, Equatable {
    public var seal: Checksum
    public var byteCount: Int64
    public var summary: SegmentSummary

    public init(seal: Checksum, byteCount: Int64, summary: SegmentSummary) {
      self.seal = seal
      self.byteCount = byteCount
      self.summary = summary
    }

    var json: JSONValue {
      .object([
        .init("seal", .text(seal.description)), .init("digest", .text(seal.algorithm.rawValue)),
        .init("bytes", .integer(byteCount)), .init("summary", summary.json),
      ])
    }

    init?(_ value: JSONValue) {
      guard let algorithm = value["digest"]?.string.flatMap(DigestAlgorithm.init),
        let seal = value["seal"]?.string.flatMap({ Checksum(algorithm, hex: $0.utf8) }),
        let byteCount = value["bytes"]?.byteCount, let summary = value["summary"].flatMap(SegmentSummary.init)
      else { return nil }
      self.init(seal: seal, byteCount: byteCount, summary: summary)
    }
  }

  private let file: File
  /// Set when the journal that was taken up says that its segment is whole.
  public private(set) var completion: Completion?

  /// Begins a journal and makes its first line durable.
  public init(_ path: String, header: Header) throws {
    let text = Array((header.json.text + "\n").utf8)
    try text.withUnsafeBytes { try Folder.replace(path, with: $0) }
    file = try File.write(path)
    try file.seek(to: Int64(text.count))
  }

  /// Takes a journal up again.
  ///
  /// - Returns: `nil` when there is none, or none whose first line was completed.
  public static func resume(_ path: String) throws -> (SegmentJournal, Header, Checkpoint?)? {
    guard let status = try FileStatus.ifPresent(path) else { return nil }
    guard status.byteCount < 64 << 20 else {
      throw MigrationError(
        .archiveDamaged, "the journal \(path) is too long to be one", cause: "\(status.byteCount) bytes",
        safeNow: "the source was not changed", next: ["remove the unfinished archive and export again"])
    }
    let file = try File.write(path)
    let text = GrowingBuffer(capacity: Int(status.byteCount) + 1)
    try text.appendUninitialized(Int(status.byteCount)) { try file.read(into: $0, at: 0) }
    var header: Header?
    var checkpoint: Checkpoint?
    var completion: Completion?
    var start = 0
    while let end = text.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      guard let value = try? JSONReader.parse(text.slice(start..<end)) else { break }
      if header == nil {
        guard let parsed = Header(value) else { break }
        header = parsed
      } else if let parsed = Completion(value) {
        completion = parsed
      } else {
        guard let parsed = Checkpoint(value) else { break }
        checkpoint = parsed
      }
      start = end + 1
    }
    guard let header else { return nil }
    try file.truncate(to: Int64(start))
    try file.seek(to: Int64(start))
    let journal = SegmentJournal(file)
    journal.completion = completion
    return (journal, header, checkpoint)
  }

  private init(_ file: File) { self.file = file }

  /// Appends a checkpoint; what it names must be durable already.
  public func append(_ checkpoint: Checkpoint) throws {
    try file.write(checkpoint.json.text + "\n")
    try file.synchronize()
  }

  /// Ends the journal; the segment must be durable already.
  public func append(_ completion: Completion) throws {
    try file.write(completion.json.text + "\n")
    try file.synchronize()
  }
}
