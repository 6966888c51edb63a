import NoteModel
import Testing

/// Attachments that are files beside the store.
@Suite struct AttachmentFileTests {
  private func store(_ scratch: Scratch) throws -> (store: MemosStore, folder: String) {
    let folder = scratch.folder("data")
    makeDirectory(folder + "/assets")
    return (try MemosStore(folder + "/memos.db", .attachmentWithoutMarker), folder)
  }

  private func pattern(_ count: Int, _ seed: UInt8 = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) ^ seed }
  }

  @Test func `files of all sizes arrive beside the new store`() throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    let sizes = [0, 1, 511, 512, 513, 262_144, 1 << 20, (1 << 20) + 1, 3_000_001]
    for size in sizes {
      writeFile(folder + "/assets/\(size).bin", pattern(size))
      try store.addFile(Array("assets/\(size).bin".utf8), size: Int64(size))
    }
    // The product also writes paths from the root on.
    writeFile(folder + "/assets/absolute.bin", pattern(77))
    try store.addFile(Array("\(folder)/assets/absolute.bin".utf8), size: 77)
    let walk = Walk(scratch, store.path)
    try walk.expectEqual(store.database)
    for name in sizes.map({ "\($0).bin" }) + ["absolute.bin"] {
      #expect(
        readFile(folder + "/assets/" + name) == readFile(scratch.path("walk-target/assets/" + name)), "\(name)")
    }
    // What is not an attachment stays behind.
    let bytes = fileSize(store.path) + fileSize(store.path + "-wal")
    let total = Int64(sizes.reduce(0, +) + 77)
    #expect(walk.inspect.json["bytes"]?.integer == bytes + total)
  }

  @Test func `missing and unreadable files are listed and their rows carried`() throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    let missing = try store.addFile(Array("assets/missing.bin".utf8), size: 9)
    makeDirectory(folder + "/assets/folder")
    let unreadable = try store.addFile(Array("assets/folder".utf8), size: 9)
    writeFile(folder + "/assets/there.bin", pattern(9))
    try store.addFile(Array("assets/there.bin".utf8), size: 9)
    let walk = Walk(scratch, store.path, export: .partial)
    try walk.expectEqual(store.database)
    #expect(walk.export.items(.attachmentFileMissing).map { $0["item"]?.string } == ["attachment[\(missing)]"])
    #expect(walk.export.items(.attachmentFileUnreadable).map { $0["item"]?.string } == ["attachment[\(unreadable)]"])
    #expect(walk.export.output.contains("9 attachments in the source = 7 identical + 0 repaired + 2 degraded"))
    #expect(walk.import.output.contains("9 attachments in the source = 7 identical + 0 repaired + 2 degraded"))
    #expect(readFile(scratch.path("walk-target/assets/there.bin")) == pattern(9))
    #expect(!fileExists(scratch.path("walk-target/assets/missing.bin")))
  }

  @Test(.enabled(if: Nobody.canRun)) func `a file closed to this user is listed`() throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    store.database.close()
    let database = try Database(store.path)
    try database.run("PRAGMA journal_mode = DELETE")
    database.close()
    writeFile(folder + "/assets/closed.bin", pattern(5))
    changeMode(folder + "/assets/closed.bin", 0)
    let again = try Database(store.path)
    try again.run(
      "INSERT INTO attachment (uid, creator_id, size, storage_type, reference) VALUES ('c', 1, 5, 'LOCAL', 'assets/closed.bin')"
    )
    Nobody.welcome(scratch)
    let run = scratch.start(["export", store.path, "-o", scratch.path("archive")], wrapper: Nobody.wrapper).wait()
    #expect(run.status == .partial, "\(run.words)")
    #expect(run.items(.attachmentFileUnreadable).count == 1)
  }

  @Test func `a reference that leaves the data directory is never followed`() throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    let secret = "the words of another program"
    writeFile(scratch.path("outside.bin"), Array(secret.utf8))
    makeLink(scratch.path("outside.bin"), at: folder + "/assets/link.bin")
    makeLink(scratch.directory, at: folder + "/assets/up")
    let references = [
      "../outside.bin", "assets/../../outside.bin", scratch.path("outside.bin"), "/etc/hostname", "assets/link.bin",
      "assets/up/outside.bin", "", "assets/\0.bin",
    ]
    for reference in references { try store.addFile(Array(reference.utf8), size: 3) }
    let walk = Walk(scratch, store.path, export: .partial)
    try walk.expectEqual(store.database)
    #expect(walk.export.items(.attachmentFileOutside).count == references.count, "\(walk.export.events.map(\.text))")
    let carried = readFile(walk.archive + "/0000-base.tar")
    #expect(!String(decoding: carried, as: UTF8.self).contains(secret))
    #expect(!fileExists(scratch.path("walk-target/outside.bin")))
  }

  /// How a file is changed while it is read.
  enum Change: String, CaseIterable, CustomTestStringConvertible {
    case grows, shrinks, isReplaced, vanishes
    var testDescription: String { rawValue }

    func apply(_ path: String, _ size: Int) {
      switch self {
      case .grows: writeFile(path, [UInt8](repeating: 3, count: 50_000), appending: true)
      case .shrinks: cutFile(path, to: size / 8)
      case .isReplaced:
        writeFile(path + ".new", [UInt8](repeating: 4, count: size - 1000))
        renameFile(path + ".new", path)
      case .vanishes: removeFile(path)
      }
    }
  }

  @Test(arguments: Change.allCases)
  func `a large file that changes once while it is read is read again`(_ change: Change) throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    let file = folder + "/assets/large.bin"
    let size = 3 << 20
    writeFile(file, pattern(size))
    try store.addFile(Array("assets/large.bin".utf8), size: Int64(size))
    let archive = scratch.path("archive")
    let changer = Background { background in
      while !background.isStopped, !fileExists(archive + "/0000-base.tar.partial") { pause(seconds: 0.005) }
      pause(seconds: 0.7)
      change.apply(file, size)
    }
    // The reading takes 1.5 s.
    let run = scratch.ferry("export", store.path, "-o", archive, "--rate", "2MiB/s")
    changer.stop()
    let target = scratch.folder("target") + "/notes.db"
    if change == .vanishes {
      // An open file can be read to its end; its name is gone.
      #expect([.ok, .partial].contains(run.status), "\(run.code) \(run.words)")
      #expect(!run.items(.attachmentFileChanged).isEmpty || !run.items(.attachmentFileUnsettled).isEmpty)
    } else {
      #expect(run.status == .ok, "\(run.code) \(run.words)")
      #expect(run.items(.attachmentFileChanged).count == 1)
      let names = scratch.shell("tar tf \(archive)/0000-base.tar").output
      #expect(names.contains("~2"), "\(names)")
      #expect(scratch.ferry("verify", archive, "--against", store.path, "--level", "full").status == .ok)
    }
    #expect(scratch.ferry("verify", archive, "--level", "full").status == .ok)
    let imported = scratch.ferry("import", archive, "--to", target, "--create-schema")
    #expect(imported.status == run.status, "\(imported.code) \(imported.words)")
    if change != .vanishes { #expect(readFile(scratch.path("target/assets/large.bin")) == readFile(file)) }
    try expectEqualStores(store.database, try Database(target, readOnly: true))
  }

  @Test(arguments: [40_000, 2 << 20])
  func `a file that never rests is carried as it was read last and listed`(_ size: Int) throws {
    let scratch = Scratch()
    let (store, folder) = try store(scratch)
    let file = folder + "/assets/log.bin"
    writeFile(file, pattern(size))
    try store.addFile(Array("assets/log.bin".utf8), size: Int64(size))
    let changer = Background { background in
      var step = 0
      while !background.isStopped {
        step += 1
        if step % 50 == 0 { cutFile(file, to: size) } else { writeFile(file, [1, 2, 3], appending: true) }
      }
    }
    let archive = scratch.path("archive")
    let run = scratch.ferry("export", store.path, "-o", archive, "--rate", "4MiB/s")
    changer.stop()
    let isLarge = size > 1 << 20
    if isLarge {
      #expect(run.status == .partial, "\(run.code) \(run.words)")
      #expect(run.items(.attachmentFileUnsettled).count == 1)
      let names = scratch.shell("tar tf \(archive)/0000-base.tar").output
      #expect(names.contains("~2") && names.contains("~3"), "\(names)")
    } else {
      #expect([.ok, .partial].contains(run.status), "\(run.code) \(run.words)")
      let settled = run.items(.attachmentFileUnsettled).isEmpty
      #expect(settled == (run.status == .ok))
    }
    #expect(scratch.ferry("verify", archive, "--level", "full").status == .ok)
    let target = scratch.folder("target") + "/notes.db"
    let imported = scratch.ferry("import", archive, "--to", target, "--create-schema")
    #expect(imported.status == run.status, "\(imported.code) \(imported.words)")
    #expect(readFile(scratch.path("target/assets/log.bin")).prefix(size) == pattern(size)[...])
  }
}
