import NoteModel
import NoteStore

@testable import PostgreSQLStore

/// Rows of an entity as a reader of the contract gets them.
struct ReadRows {
  var rows: [[Value]] = []
  /// The bytes of contents, by row and column.
  var contents: [[Int]: [UInt8]] = [:]
  var findings: [Finding] = []
  var pages = 0
  var renewals = 0

  /// Reads to the end.
  ///
  /// - Parameter between: Called behind each page.
  init(
    _ snapshot: any SourceSnapshot, _ name: String, after key: Key? = nil, keepsContents: Bool = true,
    between: (Int) throws -> Void = { _ in }
  ) throws {
    guard let entity = snapshot.schema.entity(named: name) else {
      throw MigrationError(.internal, "there is no entity \(name)")
    }
    let page = RecordPage(entity: entity, algorithm: .sha256)
    try snapshot.startReading(entity, after: key)
    var hasMore = true
    while hasMore {
      page.removeAll()
      hasMore = try snapshot.readPage(into: page) { findings.append($0) }
      if keepsContents { try keepContents(of: page, snapshot) }
      for row in 0..<page.rowCount {
        var reader = RecordReader(page.row(row))
        var values: [Value] = []
        while let value = reader.next() { values.append(value.copied) }
        rows.append(values)
      }
      pages += 1
      try between(pages)
      if hasMore, try snapshot.renewIfNeeded() { renewals += 1 }
    }
  }

  private mutating func keepContents(of page: RecordPage, _ snapshot: any SourceSnapshot) throws {
    for content in page.contents {
      let place = [rows.count + content.row, content.column]
      switch content.place {
      case .payload(let range): contents[place] = Array(page.payload.slice(range))
      case .store(let handle): contents[place] = try Self.read(snapshot.openContent(handle))
      case .sameAs, .unread: break
      }
    }
  }

  static func read(_ reader: any ContentReader) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(reader.byteCount))
    var offset = 0
    // A length that fits no window.
    try bytes.withUnsafeMutableBytes { room in
      while offset < room.count {
        let end = min(room.count, offset + 777_777)
        let got = try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: room[offset..<end]))
        guard got > 0 else { break }
        offset += got
      }
    }
    guard offset == bytes.count, try reader.finish() == .settled else {
      throw MigrationError(.internal, "a content of \(bytes.count) bytes ended at \(offset)")
    }
    return bytes
  }

  func column(_ index: Int) -> [Value] { rows.map { $0[index] } }
}

extension TestServer {
  /// A profile of one table `t` with the key `id`, whose content is `body`.
  static let profileText = """
    schema = 1
    name = "plain"
    title = "Plain"
    probe-tables = ["t"]
    data-directory = "."

    [versions]
    minimum = "1"
    maximum = "1"

    [[version-hint]]
    table = "t"
    version = "1"

    [[entity]]
    name = "t"
    role = "note"
    tables = ["t"]
    required = true
    key = ["id"]
    content = "body"
    """

  func source(_ database: String, user: String = "noteferry", profile: String = TestServer.profileText) throws
    -> PostgreSQLSource
  {
    try PostgreSQLSource(
      location(database, user: user), profiles: [ProfileReader.read(profile, fileName: "plain.toml")])
  }

  func snapshot(_ database: String, _ options: SnapshotOptions = SnapshotOptions()) throws -> any SourceSnapshot {
    try source(database).openSnapshot(options)
  }
}
