import DurableIO
import NoteModel
import Testing

/// A store out of service with damaged texts, a plan of their repairs, and the same store repaired.
final class InPlaceRepairFixture: Sendable {
  /// What is disturbed.
  enum Command: String, CaseIterable, Sendable { case apply, undo }

  let directory: String
  /// Every text of the store, before and after.
  let damaged: [String]
  let repaired: [String]
  private let files: [Command: [String: [UInt8]]]

  private static let name = "memos_prod.db"
  private var plan: String { directory + "/repairs.plan" }

  init(_ directory: String, journal: SampleStore.Journal) throws {
    self.directory = directory
    let store = try SampleStore(in: directory + "/source", journal: journal, shrink: 100)
    let writer = try Database(store.database)
    for number in 0..<6 {
      // UTF-8 that was read as Latin-1 and written as UTF-8; and zeros behind the text.
      let text = "Grüße aus München, schöne Straße, Notiz \(number)".utf8
      let twice = text.flatMap { $0 < 0x80 ? [$0] : [0xC0 | $0 >> 6, 0x80 | $0 & 0x3F] }
      let content = number % 2 == 0 ? twice : Array("Notiz \(number)\0\0".utf8)
      try writer.run(
        "INSERT INTO memo (uid, creator_id, content) VALUES (?, 1, ?)",
        [.text(Array("damaged-\(number)".utf8)), .text(content)])
    }
    writer.close()
    damaged = try Self.texts(store.database)
    let planned = try CrashTests.run(
      ["repair", "plan", store.database, "-o", directory + "/repairs.plan"] + Self.state(directory), in: directory)
    try #require(planned.status == 0, "\(planned.summary)")
    let before = try Self.read(directory + "/source")
    try Folder.create(directory + "/repaired")
    try Self.write(before, to: directory + "/repaired")
    let applied = try CrashTests.run(
      Self.arguments(.apply, directory + "/repaired/" + Self.name, directory + "/repairs.plan", directory),
      in: directory)
    try #require(applied.status == 0, "\(applied.summary)")
    let after = try Self.read(directory + "/repaired")
    repaired = try Self.texts(directory + "/repaired/" + Self.name)
    try #require(zip(damaged, repaired).count { $0 != $1 } >= 6)
    files = [.apply: before, .undo: after]
  }

  // MARK: - Places

  /// A directory with the store as the command finds it.
  func newPlace(_ command: Command, _ name: String) throws -> String {
    let place = "\(directory)/\(name)"
    try Folder.create(place)
    try Self.write(files[command]!, to: place)
    return place
  }

  /// A copy of what a run left, to be looked at without changing it.
  func copy(of place: String) throws -> String {
    let copy = place + "-copy"
    try Folder.create(copy)
    try Self.write(try Self.read(place), to: copy)
    return copy
  }

  /// The files of a directory, but no index of a log, which is made anew.
  private static func read(_ directory: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try Folder.names(in: directory) where !name.hasSuffix("-shm") && !name.hasPrefix("words-") {
      let path = directory + "/" + name
      if FileStatus.of(path)?.isRegularFile == true { files[name] = try contents(path) }
    }
    return files
  }

  private static func write(_ files: [String: [UInt8]], to directory: String) throws {
    for (name, bytes) in files {
      let file = try File.write(directory + "/" + name, truncate: true)
      try bytes.withUnsafeBytes { try file.write($0) }
    }
  }

  // MARK: - Running

  func perform(_ command: Command, in place: String, fault: FaultPlan? = nil) throws -> ChildProcess.Ending {
    try CrashTests.run(
      Self.arguments(command, place + "/" + Self.name, plan, place + "-state"), in: directory, fault: fault)
  }

  private static func arguments(_ command: Command, _ store: String, _ plan: String, _ place: String) -> [String] {
    ["repair", command.rawValue, store, "--yes", "--checkpoint", "1B", "--free-floor", "0B"]
      + (command == .apply ? ["--plan", plan] : []) + state(place)
  }

  private static func state(_ place: String) -> [String] { ["--state-dir", place + "/state", "--progress", "none"] }

  func operations(_ command: Command) throws -> Operations {
    let place = try newPlace(command, "\(command.rawValue)-counted")
    let log = "\(directory)/operations-\(command.rawValue)"
    let ending = try perform(command, in: place, fault: .count(below: place, log: log))
    try #require(ending.status == 0, "\(ending.summary)")
    try Folder.removeTree(place)
    return try Operations(log: log)
  }

  // MARK: - Comparing

  /// Every text that a repair may change, by its row.
  static func texts(_ path: String) throws -> [String] {
    let database = try Database(path)
    return try database.rows("SELECT 'memo', id, quote(CAST(content AS BLOB)) FROM memo ORDER BY id")
      + database.rows("SELECT 'attachment', id, quote(CAST(filename AS BLOB)) FROM attachment ORDER BY id")
  }

  func texts(in place: String) throws -> [String] { try Self.texts(place + "/" + Self.name) }

  /// What was lost in a place, at whatever point the run ended: each text is the stored or the repaired one, and undoing
  /// brings every stored one back.
  func loss(in place: String) throws -> String? {
    let copy = try copy(of: place)
    defer { try? Folder.removeTree(copy) }
    let now = try texts(in: copy)
    guard now.count == damaged.count else { return "\(now.count) texts of \(damaged.count)" }
    for index in now.indices where now[index] != damaged[index] && now[index] != repaired[index] {
      return "neither stored nor repaired: \(now[index])"
    }
    if now == damaged { return nil }
    let undone = try perform(.undo, in: copy)
    guard undone.status == 0 else { return "undo ended with \(undone.summary)" }
    return try texts(in: copy) == damaged ? nil : "undo did not bring the stored bytes back"
  }
}
