import NoteModel
import NoteStore

/// `noteferry.json`, the first thing a reader looks at.
public struct SegmentDescription: Sendable, Equatable {
  public enum Kind: String, Sendable { case base, delta }

  public var format: Int
  public var kind: Kind
  public var toolVersion: String
  /// An id of the segment that is known from its first member on: a digest of fingerprint, creation time and run.
  public var id: String
  /// RFC 3339, UTC.
  public var created: String
  public var algorithm: DigestAlgorithm
  public var fingerprint: String
  public var secretsIncluded: Bool
  /// Rows by entity, counted by the source's engine in the same snapshot and apart from the rows read.
  public var sourceCounts: [(entity: String, rows: Int64)]
  /// Bytes of rows and contents that the survey expects; a hint for progress and space.
  public var expectedBytes: Int64
  /// What a delta is a delta of; `nil` for a base.
  public var parent: Parent?

  /// The segment before a delta.
  public struct Parent: Sendable, Equatable {
    /// In hexadecimal digits.
    public var seal: String
    /// The number of the delta itself: one more than the segment before has.
    public var number: Int
    /// The id of the base of both.
    public var archive: String
    public init(seal: String, number: Int, archive: String) {
      self.seal = seal
      self.number = number
      self.archive = archive
    }
  }

  /// The id of the archive that the segment belongs to: that of its base.
  public var archive: String { parent?.archive ?? id }
  /// 0 for a base.
  public var number: Int { parent?.number ?? 0 }
  /// The source's nodes; nil in an archive that is older than this member, whose source had one.
  public var topology: SourceTopology?

  public init(
    format: Int = SegmentLayout.format, kind: Kind, toolVersion: String, id: String, created: String,
    algorithm: DigestAlgorithm, fingerprint: String, secretsIncluded: Bool,
    sourceCounts: [(entity: String, rows: Int64)], expectedBytes: Int64, parent: Parent? = nil,
    topology: SourceTopology? = nil
  ) {
    self.format = format
    self.kind = kind
    self.toolVersion = toolVersion
    self.id = id
    self.created = created
    self.algorithm = algorithm
    self.fingerprint = fingerprint
    self.secretsIncluded = secretsIncluded
    self.sourceCounts = sourceCounts
    self.expectedBytes = expectedBytes
    self.parent = parent
    self.topology = topology
  }

  public static func == (left: SegmentDescription, right: SegmentDescription) -> Bool { left.encoded == right.encoded }

  public var encoded: [UInt8] {
    var members: [JSONValue.Member] = [
      .init("format", .integer(Int64(format))), .init("kind", .text(kind.rawValue)), .init("id", .text(id)),
      .init("tool", .text("noteferry")), .init("tool_version", .text(toolVersion)), .init("created", .text(created)),
      .init("digest", .text(algorithm.rawValue)), .init("fingerprint", .text(fingerprint)),
      .init("secrets_included", .bool(secretsIncluded)), .init("expected_bytes", .integer(expectedBytes)),
      .init("source_rows", .object(sourceCounts.map { .init($0.entity, .integer($0.rows)) })),
    ]
    if let parent {
      members += [
        .init("archive", .text(parent.archive)), .init("segment", .integer(Int64(parent.number))),
        .init("parent_seal", .text(parent.seal)),
      ]
    }
    if let topology { members.append(.init("topology", topology.json)) }
    return Array((JSONValue.object(members).text + "\n").utf8)
  }

  /// - Throws: `.archiveVersion` for another format, `.archiveDamaged` for anything unreadable.
  public init(decoding bytes: UnsafeRawBufferPointer) throws {
    func damaged(_ what: String) -> MigrationError {
      MigrationError(
        .archiveDamaged, "the archive's description cannot be read", cause: "\(SegmentLayout.description): \(what)",
        safeNow: "nothing was changed", next: ["noteferry verify ARCHIVE shows what is damaged"])
    }
    let value: JSONValue
    do { value = try JSONReader.parse(bytes) } catch { throw damaged("\(error)") }
    guard let format = value["format"]?.integer else { throw damaged("no format number") }
    guard format == Int64(SegmentLayout.format) else {
      throw MigrationError(
        .archiveVersion, "the archive has a format that this version cannot read",
        cause: "format \(format); this version reads format \(SegmentLayout.format)", safeNow: "nothing was changed",
        next: [
          "use noteferry \(value["tool_version"]?.string.flatMap(Self.printableVersion) ?? "of the archive's age")"
        ])
    }
    guard let kind = value["kind"]?.string.flatMap(Kind.init), let id = value["id"]?.string,
      let toolVersion = value["tool_version"]?.string, let created = value["created"]?.string,
      let algorithm = value["digest"]?.string.flatMap(DigestAlgorithm.init),
      let fingerprint = value["fingerprint"]?.string, let secrets = value["secrets_included"]?.bool,
      let expectedBytes = value["expected_bytes"]?.byteCount, case .object(let rows)? = value["source_rows"],
      let counts = JSONValue.counts(rows)
    else { throw damaged("a member is missing, has another type or an impossible number") }
    let topology = value["topology"].map { SourceTopology($0) }
    if case .some(nil) = topology { throw damaged("the source's nodes cannot be read") }
    let parent = Self.parent(value)
    guard (kind == .delta) == (parent != nil) else {
      throw damaged("a \(kind.rawValue) with the parent of another kind")
    }
    self.init(
      kind: kind, toolVersion: toolVersion, id: id, created: created, algorithm: algorithm, fingerprint: fingerprint,
      secretsIncluded: secrets, sourceCounts: counts,
      expectedBytes: expectedBytes, parent: parent, topology: topology ?? nil)
  }

  private static func parent(_ value: JSONValue) -> Parent? {
    guard let seal = value["parent_seal"]?.string, let number = value["segment"]?.integer,
      let archive = value["archive"]?.string, number > 0, number < SegmentLayout.segmentLimit
    else { return nil }
    return Parent(seal: seal, number: Int(number), archive: archive)
  }

  private static func printableVersion(_ text: String) -> String? {
    text.utf8.count <= 32 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
  }
}

/// `data/summary.json`: what the segment holds, written when everything else was.
public struct SegmentSummary: Sendable, Equatable {
  /// Whether every row is of one moment of the store.
  public var isFuzzy: Bool
  /// How often the snapshot was renewed or an interrupted export taken up again.
  public var renewals: Int64
  public var entities: [EntitySummary]
  public var findings: [FindingCount]

  public struct EntitySummary: Sendable, Equatable {
    public var entity: String
    public var role: EntityRole
    /// Counted by the source's engine.
    public var sourceRows: Int64
    /// Rows in the segment.
    public var rows: Int64
    /// Rows with a finding of severity `loss`.
    public var degradedRows: Int64
    public var pages: Int64
    public var contents: Int64
    public var contentBytes: Int64
    /// Of a delta: rows that are gone since the segment before.
    public var deletedRows: Int64
    public init(
      entity: String, role: EntityRole, sourceRows: Int64, rows: Int64 = 0, degradedRows: Int64 = 0, pages: Int64 = 0,
      contents: Int64 = 0, contentBytes: Int64 = 0, deletedRows: Int64 = 0
    ) {
      self.entity = entity
      self.role = role
      self.sourceRows = sourceRows
      self.rows = rows
      self.degradedRows = degradedRows
      self.pages = pages
      self.contents = contents
      self.contentBytes = contentBytes
      self.deletedRows = deletedRows
    }
  }

  public struct FindingCount: Sendable, Equatable {
    public var kind: String
    public var severity: String
    public var count: Int64
    public init(kind: String, severity: String, count: Int64) {
      self.kind = kind
      self.severity = severity
      self.count = count
    }
  }

  /// Tables of the source that are not in the archive and that nothing can make again.
  public var lostTables: Int64 { losses(.tableNotCarried) }

  /// Whether committed changes lie behind a damaged place of the source's log.
  public var isLogDamaged: Bool { losses(.logDamaged) > 0 }

  private func losses(_ kind: Finding.Kind) -> Int64 {
    findings.reduce(0) {
      $1.kind == kind.rawValue && $1.severity == Finding.Severity.loss.rawValue ? $0 + $1.count : $0
    }
  }

  public init(isFuzzy: Bool, renewals: Int64, entities: [EntitySummary], findings: [FindingCount]) {
    self.isFuzzy = isFuzzy
    self.renewals = renewals
    self.entities = entities
    self.findings = findings
  }

  public var json: JSONValue {
    .object([
      .init("fuzzy", .bool(isFuzzy)), .init("renewals", .integer(renewals)),
      .init(
        "entities",
        .array(
          entities.map {
            .object(
              [
                .init("entity", .text($0.entity)), .init("role", .text($0.role.rawValue)),
                .init("source_rows", .integer($0.sourceRows)), .init("rows", .integer($0.rows)),
                .init("degraded_rows", .integer($0.degradedRows)), .init("pages", .integer($0.pages)),
                .init("contents", .integer($0.contents)), .init("content_bytes", .integer($0.contentBytes)),
              ] + ($0.deletedRows > 0 ? [.init("deleted_rows", .integer($0.deletedRows))] : []))
          })),
      .init(
        "findings",
        .array(
          findings.map {
            .object([
              .init("kind", .text($0.kind)), .init("severity", .text($0.severity)), .init("count", .integer($0.count)),
            ])
          })),
    ])
  }

  /// Reads a summary back; `nil` where a member is missing, has another type or an impossible number.
  public init?(_ value: JSONValue) {
    guard let isFuzzy = value["fuzzy"]?.bool, let renewals = value["renewals"]?.count,
      let entities = value["entities"]?.array, let findings = value["findings"]?.array
    else { return nil }
    self.isFuzzy = isFuzzy
    self.renewals = renewals
    self.entities = []
    for item in entities {
      guard let name = item["entity"]?.string, let role = item["role"]?.string.flatMap(EntityRole.init),
        let sourceRows = item["source_rows"]?.count, let rows = item["rows"]?.count,
        let degraded = item["degraded_rows"]?.count, let pages = item["pages"]?.count,
        let contents = item["contents"]?.count, let bytes = item["content_bytes"]?.byteCount
      else { return nil }
      var deleted: Int64 = 0
      if let value = item["deleted_rows"] {
        guard let count = value.count else { return nil }
        deleted = count
      }
      self.entities.append(
        EntitySummary(
          entity: name, role: role, sourceRows: sourceRows, rows: rows, degradedRows: degraded, pages: pages,
          contents: contents, contentBytes: bytes, deletedRows: deleted))
    }
    self.findings = []
    for item in findings {
      guard let kind = item["kind"]?.string, let severity = item["severity"]?.string,
        let count = item["count"]?.count
      else { return nil }
      self.findings.append(FindingCount(kind: kind, severity: severity, count: count))
    }
  }
}
