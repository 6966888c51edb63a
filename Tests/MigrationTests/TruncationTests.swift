import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct TruncationTests {
  private let bench: Workbench
  private let store: SmallStore
  private let bytes: [UInt8]
  private let image: ArchiveImage
  private let rows: [ArchiveImage.Row]

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.file("source"), isLarge: true)
    bytes = try bench.exported(store)
    image = try ArchiveImage(bytes, bench: bench)
    rows = try image.rows()
  }

  @Test func `the whole archive is whole, arrives, and is approved`() throws {
    let path = try bench.write(bytes, to: "whole.tar")
    for level in VerifyLevel.allCases { #expect(try bench.verified(path, level).isWhole) }
    for salvages in [false, true] {
      let result = try bench.imported(path, salvages: salvages)
      #expect(result.isApproved)
      #expect(result.damageCount == 0)
      #expect(result.conservation.isBalanced && result.conservation.isLossless)
      for table in SmallStore.keys.keys { #expect(try store.keys(of: table, notIn: bench.target.path).isEmpty) }
      #expect(try bench.ledger().isEmpty)
      #expect(try Workbench.read(bench.file("target/" + SmallStore.fileName)).count == 2049)
    }
    #expect(rows.count == 2 + 3 + 2 + 12 + 12 + 13)
    #expect(image.members.contains { $0.name == SegmentLayout.rows("attachment", page: 2) })
    #expect(!image.members.contains { $0.name == "data/blobs/attachment/10" }, "equal small contents are stored once")
  }

  /// Every block of head and tail, the blocks round each member's edges, and some of the others.
  private func cuts(_ dice: inout Dice, limit: Int) -> [Int] {
    let blocks = bytes.count / 512
    let payload = image.members.firstIndex { SegmentLayout.kind(of: $0.name) == .schema }!
    var cuts = Set(0...(image.members[payload].end / 512 + 2))
    let tail = image.members.firstIndex { SegmentLayout.kind(of: $0.name) == .findings }!
    cuts.formUnion((image.members[tail].headerOffset / 512)..<blocks)
    for member in image.members {
      for near in [member.headerOffset, member.bodyOffset, member.end - 512, member.end] { cuts.insert(near / 512) }
    }
    while cuts.count < min(limit, blocks) { cuts.insert(Int.random(in: 0..<blocks, using: &dice)) }
    return cuts.filter { $0 < blocks }.sorted().map { $0 * 512 }
  }

  @Test func `an archive that is cut off at any block is never whole and never approved`() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "cut.tar")
    let file = try File.write(path)
    for cut in cuts(&dice, limit: 300).reversed() {
      let words = "cut at \(cut), seed \(dice.seed)"
      try file.truncate(to: Int64(cut))
      for level in VerifyLevel.allCases {
        do {
          let result = try bench.verified(path, level)
          #expect(!result.isWhole && result.damageCount > 0, "\(level), \(words)")
        } catch let error as MigrationError {
          #expect([.damaged, .source].contains(error.exitStatus), "\(error.code) \(level), \(words)")
          #expect(!error.safeNow.isEmpty && !error.next.isEmpty, "\(words)")
        }
      }
    }
  }

  @Test func `nothing unchecked stays in the target when the archive is cut off`() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "cut.tar")
    let file = try File.write(path)
    for (number, cut) in cuts(&dice, limit: 120).reversed().enumerated() where number % 3 == 0 {
      let words = "cut at \(cut), seed \(dice.seed)"
      try file.truncate(to: Int64(cut))
      let error = try #require(throws: MigrationError.self, "\(words)") {
        try bench.imported(path, batch: number % 2 == 0 ? 1 : 64 << 20)
      }
      #expect([.archiveDamaged, .archiveNotSealed].contains(error.code), "\(error.code), \(words)")
      guard FileStatus.of(bench.target.path) != nil else { continue }
      let target = try Database(bench.target.path)
      #expect(try target.number("SELECT count(*) FROM noteferry_import") == 1, "\(words)")
      for table in SmallStore.keys.keys {
        #expect(try bench.target.keys(of: table, notIn: store.path).isEmpty, "\(table), \(words)")
      }
    }
  }

  @Test func `salvage carries every row that stands before the cut and names the rest`() throws {
    var dice = Dice(UInt64.random(in: 0...9999))
    let path = try bench.write(bytes, to: "cut.tar")
    let file = try File.write(path)
    let head = image.members[try image.index(SegmentLayout.schema)].bodyEnd
    for cut in cuts(&dice, limit: 100).reversed() {
      let words: Comment = "cut at \(cut), seed \(dice.seed)"
      try file.truncate(to: Int64(cut))
      if cut < head {
        let error = try #require(throws: MigrationError.self, words) { try bench.imported(path, salvages: true) }
        #expect([.archiveDamaged, .archiveNotSealed].contains(error.code), "\(error.code), \(words)")
        continue
      }
      let result = try bench.imported(path, salvages: true)
      #expect(!result.isApproved && result.isSalvaged && result.damageCount > 0, words)
      // When only the empty blocks at the end are gone, the seal is there still.
      let last = image.members.last!
      #expect(result.seal == nil || cut >= last.bodyEnd, words)
      let lost = Set(rows.filter { $0.needs.contains { image.members[$0].bodyEnd > cut } }.map { $0.entity + $0.key })
      try Salvage(bench: bench, store: store, rows: rows).check(result, mayBeLost: lost, words)
    }
  }

  /// Who cuts a line says so by the request to stop and then closes the pipe. The import waits for bytes meanwhile.
  @Test func `a pipe that ends because of a request to stop is no damage, also where damage is salvaged`() throws {
    let largest = image.members.max { $0.bodyEnd - $0.bodyOffset < $1.bodyEnd - $1.bodyOffset }!
    let rows = image.members[try image.index(SegmentLayout.rows("attachment", page: 1))]
    let cuts = [
      (largest.bodyOffset + largest.bodyEnd) / 2, largest.headerOffset + 100, rows.bodyOffset + 20, rows.end,
    ]
    for cut in cuts {
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      let (entry, exit) = (ends[1], File(descriptor: ends[0], path: "exit"))
      let part = Array(bytes[..<cut])
      let stop = StopRequest()
      let writer = WorkerThread {
        let end = File(descriptor: entry, path: "entry")
        try? part.withUnsafeBytes { try end.write($0) }
        var waiting: Int32 = 1
        while waiting > 0 { if ioctl(end.descriptor, UInt(FIONREAD), &waiting) != 0 { break } }
        usleep(50_000)
        stop.request(signal: 2)
      }
      let error = try #require(throws: MigrationError.self, "cut at \(cut)") {
        try bench.imported(from: .stream(exit.descriptor), salvages: true, batch: 1, stop: stop)
      }
      writer.join()
      #expect(error.code == .interrupted, "cut at \(cut)")
      let again = try bench.imported(try bench.write(bytes, to: "whole.tar"), salvages: true, batch: 1, goesOn: true)
      #expect(again.isApproved && again.damageCount == 0, "cut at \(cut)")
      for table in SmallStore.keys.keys { #expect(try store.keys(of: table, notIn: bench.target.path).isEmpty) }
    }
  }
}

/// What must hold after every salvage.
struct Salvage {
  let bench: Workbench
  let store: SmallStore
  let rows: [ArchiveImage.Row]

  func check(_ result: ImportResult, mayBeLost lost: Set<String>, _ words: Comment) throws {
    let target = bench.target
    let ledger = try bench.ledger()
    let text = FileStatus.of(bench.file("ledger")) == nil ? [] : try Workbench.read(bench.file("ledger"))
    #expect(!String(decoding: text, as: UTF8.self).contains("secret-words"), words)
    let mark = try Database(target.path).number("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry%'")
    #expect(mark == 0, words)
    for account in result.conservation.accounts {
      let missing = try store.keys(of: account.entity, notIn: target.path)
      let present = try target.keys(of: account.entity)
      let whole = try store.keys(of: account.entity)
      #expect(account.isBalanced, "\(account) \(words)")
      #expect(account.source == Int64(whole.count), "\(account.entity) \(words)")
      #expect(account.missing == Int64(whole.subtracting(present).count), "\(account) \(words)")
      #expect(present.isSubset(of: whole), words)
      // Everything untouched is there as it was.
      let changed = missing.filter { !lost.contains(account.entity + $0) }
      #expect(changed.isEmpty, "\(account.entity) lost \(changed) \(words)")
      // Whatever is not as it was is counted, and named where its key is known.
      let degraded = missing.intersection(present)
      #expect(account.degraded >= Int64(degraded.count), "\(account) \(words)")
      for key in degraded {
        #expect(ledger.contains { $0.entity == account.entity && $0.key == key }, "\(account.entity)\(key) \(words)")
      }
      if !whole.isSubset(of: present) {
        let named = whole.subtracting(present).allSatisfy { key in
          ledger.contains { $0.entity == account.entity && $0.key == key }
        }
        let summed = ledger.contains { $0.entity == account.entity && $0.key.isEmpty && $0.outcome == "missing" }
        #expect(named || summed, "\(account.entity): what is missing is not in the ledger, \(words)")
      }
    }
    for (name, row) in [(SmallStore.fileName, "attachment[8]"), (SmallStore.secondFileName, "attachment[12]")] {
      let file = bench.file("target/" + name)
      if FileStatus.of(file) != nil {
        let original = try Workbench.read(Folder.parent(of: store.path) + "/" + name)
        #expect(try Workbench.read(file) == original, "a damaged file stays in the target, \(words)")
      } else {
        #expect(lost.contains(row), "a whole file is not in the target, \(words)")
        #expect(ledger.contains { $0.entity == "attachment" && ($0.key == row.dropFirst(10) || $0.key == "") }, words)
      }
    }
  }
}
