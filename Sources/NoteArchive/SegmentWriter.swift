import DurableIO
import NoteModel

/// Writes one segment: a pax tar that is a complete BagIt bag, in one pass, to a file or a pipe.
///
/// Members are written in the order of the calls. Manifest lines and findings wait in spools, so memory does not grow
/// with the number of members. One thread.
public final class SegmentWriter {
  public let root: String
  public let algorithm: DigestAlgorithm
  /// Bytes of the tar so far, those waiting in the small write buffer included.
  public private(set) var offset: Int64
  public let manifest: Spool
  public let findings: Spool

  private let output: SequentialFile
  private let outline: OutlineWriter?
  private let modified: Int64
  private let pending = GrowingBuffer(capacity: 64 << 10)
  private let line = GrowingBuffer(capacity: 256)
  private let digest: Digest
  private var tagLines: [(name: String, checksum: Checksum)] = []
  private var payloadBytes: Int64
  private var payloadFiles: Int64

  /// How far a segment has got; what a journal needs to take it up again.
  public struct Position: Sendable, Equatable {
    public var offset: Int64 = 0
    public var manifestBytes: Int64 = 0
    public var findingsBytes: Int64 = 0
    public var payloadBytes: Int64 = 0
    public var payloadFiles: Int64 = 0
    public init() {}
  }

  /// - Parameters:
  ///   - modified: The time that every member carries, in seconds since 1970.
  ///   - position: Where an interrupted segment is taken up; spools and output must be cut to it already.
  ///   - outline: Gets the segment's outline, which is durable before the output has the last member: whoever has a
  ///     whole segment out of a pipe has one that its writer knows.
  package init(
    output: File, root: String, algorithm: DigestAlgorithm, manifest: Spool, findings: Spool, modified: Int64,
    position: Position = Position(), outline: OutlineWriter? = nil
  ) throws {
    self.output = try SequentialFile(output, at: position.offset)
    self.outline = outline
    self.root = root
    self.algorithm = algorithm
    self.manifest = manifest
    self.findings = findings
    self.modified = modified
    digest = Digest(algorithm)
    offset = position.offset
    payloadBytes = position.payloadBytes
    payloadFiles = position.payloadFiles
  }

  public var position: Position {
    var position = Position()
    position.offset = offset
    position.manifestBytes = manifest.byteCount
    position.findingsBytes = findings.byteCount
    position.payloadBytes = payloadBytes
    position.payloadFiles = payloadFiles
    return position
  }

  // MARK: - Members

  /// Writes a member whose bytes are in memory and notes its checksum, which is computed when it is not given.
  public func writeMember(_ name: String, _ bytes: UnsafeRawBufferPointer, checksum: Checksum? = nil) throws {
    try writeUnnoted(name, bytes)
    let checksum: Checksum =
      checksum
      ?? {
        digest.update(bytes)
        return digest.finish()
      }()
    try checksum.bytes.withUnsafeBytes { try note(name, byteCount: Int64(bytes.count), digest: $0) }
  }

  /// Writes a member whose checksum is noted later, in the order of the members.
  public func writeUnnoted(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    try beginMember(name, byteCount: Int64(bytes.count))
    try write(bytes)
    try endMember(byteCount: Int64(bytes.count))
  }

  /// Writes the header of a member; exactly `byteCount` bytes and `endMember` must follow.
  public func beginMember(_ name: String, byteCount: Int64) throws {
    let before = pending.count
    let member = TarMember(name: root + "/" + name, byteCount: byteCount, modified: modified)
    TarHeader.append(member, to: pending)
    offset += Int64(pending.count - before)
    try outline?.begin(member)
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    offset += Int64(bytes.count)
    try outline?.write(bytes)
    if bytes.count >= 4 << 10 {
      try passOn()
      try output.write(bytes)
    } else {
      pending.append(bytes)
      if pending.count >= 32 << 10 { try passOn() }
    }
  }

  public func endMember(byteCount: Int64) throws {
    let padding = TarHeader.padding(byteCount)
    if padding > 0 {
      _ = pending.appendZeros(padding)
      offset += Int64(padding)
    }
    if pending.count >= 32 << 10 { try passOn() }
  }

  /// Notes a member's checksum: payload in the manifest, other files in the tag manifest.
  public func note(_ name: String, byteCount: Int64, digest bytes: UnsafeRawBufferPointer) throws {
    guard name.hasPrefix("data/") else {
      tagLines.append((name, Checksum(algorithm, Array(bytes))))
      return
    }
    payloadBytes += byteCount
    payloadFiles += 1
    line.removeAll()
    line.append(hex: bytes)
    line.append("  ")
    line.append(text: name)
    line.append(UInt8(ascii: "\n"))
    try manifest.append(line.bytes)
  }

  public func note(_ finding: Finding) throws {
    line.removeAll()
    finding.json.append(to: line)
    line.append(UInt8(ascii: "\n"))
    try findings.append(line.bytes)
  }

  /// Writes the first members: what a reader needs to know before the rows.
  public func writeHead(description: SegmentDescription, profile: String, schema: StoreSchema) throws {
    try writeMember(SegmentLayout.bagit, text: SegmentLayout.bagDeclaration)
    try description.encoded.withUnsafeBytes { try writeMember(SegmentLayout.description, $0) }
    try writeMember(SegmentLayout.profile, text: profile)
    try SchemaCodec.encode(schema).withUnsafeBytes { try writeMember(SegmentLayout.schema, $0) }
  }

  /// Takes note of the tag files that an interrupted run wrote at the head of the segment.
  public func restoreHead(description: SegmentDescription) {
    let bagit = Array(SegmentLayout.bagDeclaration.utf8)
    for (name, bytes) in [(SegmentLayout.bagit, bagit), (SegmentLayout.description, description.encoded)] {
      tagLines.append((name, bytes.withUnsafeBytes { Digest.checksum(algorithm, $0) }))
    }
  }

  private func writeMember(_ name: String, text: String) throws {
    var text = text
    try text.withUTF8 { try writeMember(name, UnsafeRawBufferPointer($0)) }
  }

  // MARK: - Sealing

  /// Writes findings, summary, manifests and the end of the tar, and makes all of it durable.
  ///
  /// - Returns: The seal: the digest of the tag manifest.
  public func seal(summary: SegmentSummary, created: Timestamp, toolVersion: String) throws -> Checksum {
    try writeFindings()
    try writeMember(SegmentLayout.summary, text: summary.json.text + "\n")
    try writeManifest()
    try writeMember(
      SegmentLayout.bagInfo,
      text: """
        Bag-Software-Agent: noteferry \(toolVersion)
        Bagging-Date: \(created.day)
        Payload-Oxum: \(payloadBytes).\(payloadFiles)
        Noteferry-Consistency: \(summary.isFuzzy ? "fuzzy" : "one-moment")

        """)
    let tags = tagLines.sorted { $0.name < $1.name }.map { "\($0.checksum)  \($0.name)\n" }.joined()
    let seal = Array(tags.utf8).withUnsafeBytes { Digest.checksum(algorithm, $0) }
    // The last member waits for the outline.
    try passOn()
    try writeMember(SegmentLayout.tagManifest(algorithm), text: tags)
    try outline?.finish()
    pending.append(TarHeader.endOfArchive)
    offset += Int64(TarHeader.endOfArchive.count)
    try passOn()
    try output.synchronize()
    return seal
  }

  /// Findings are compressed in frames of at most 1 MiB of text, so that a reader needs no more memory.
  private func writeFindings() throws {
    let compressor = ZstdCompressor(level: 3)
    let compressed = Spool(directory: findings.directoryForRest)
    let frame = GrowingBuffer(capacity: 64 << 10)
    let part = GrowingBuffer(capacity: 1 << 20)
    func emit() throws {
      frame.removeAll()
      try compressor.compress(part.bytes, into: frame)
      try compressed.append(frame.bytes)
      part.removeAll()
    }
    try findings.read { bytes in
      part.append(bytes)
      if part.count >= 768 << 10 { try emit() }
    }
    if part.count > 0 || compressed.byteCount == 0 { try emit() }
    try writeMember(SegmentLayout.findings, from: compressed)
  }

  private func writeManifest() throws {
    try writeMember(SegmentLayout.manifest(algorithm), from: manifest)
  }

  private func writeMember(_ name: String, from spool: Spool) throws {
    let byteCount = spool.byteCount
    try beginMember(name, byteCount: byteCount)
    try spool.read { bytes in
      digest.update(bytes)
      try write(bytes)
    }
    try endMember(byteCount: byteCount)
    try digest.finish { try note(name, byteCount: byteCount, digest: $0) }
  }

  // MARK: - Durability

  private func passOn() throws {
    guard pending.count > 0 else { return }
    try output.write(pending.bytes)
    pending.removeAll()
  }

  /// Makes everything written so far survive a loss of power.
  public func synchronize() throws {
    try passOn()
    try manifest.synchronize()
    try findings.synchronize()
    try output.synchronize()
  }
}

extension Finding {
  public var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("kind", .text(kind.rawValue)), .init("severity", .text(severity.rawValue)), .init("entity", .text(entity)),
    ]
    if !key.isEmpty { members.append(.init("key", .text(key))) }
    if !column.isEmpty { members.append(.init("column", .text(column))) }
    members.append(.init("explanation", .text(explanation)))
    return .object(members)
  }
}
