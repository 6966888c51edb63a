import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore
import Testing

/// Members are renamed, doubled, left out, added and exchanged, with and without manifests that agree.
@Suite struct MemberTests {
  private let bench: Workbench
  private let store: SmallStore
  private let image: ArchiveImage

  init() throws {
    bench = try Workbench()
    store = try SmallStore.make(in: bench.file("source"), isLarge: false)
    image = try ArchiveImage(try bench.exported(store), bench: bench)
  }

  /// One member of each class.
  private static let classes = [
    SegmentLayout.rows("memo", page: 1), SegmentLayout.rows("attachment", page: 1), "data/blobs/attachment/6",
    "data/blobs/attachment/8@file", "data/blobs/attachment/12", SegmentLayout.inventory("memo", page: 1),
    SegmentLayout.inventory("attachment", page: 1), SegmentLayout.findings, SegmentLayout.summary,
    SegmentLayout.manifest(.sha256), SegmentLayout.bagInfo, SegmentLayout.tagManifest(.sha256),
    SegmentLayout.profile, SegmentLayout.schema, SegmentLayout.description, SegmentLayout.bagit,
  ]

  /// Archives that are wrong in one member, with a word for each.
  private func variants(of name: String) throws -> [(String, ArchiveImage)] {
    let at = try image.index(name)
    var variants: [(String, ArchiveImage)] = []
    func add(_ word: String, _ change: (inout ArchiveImage) throws -> Void) rethrows {
      var changed = image
      try change(&changed)
      variants.append(("\(word) \(name)", changed))
    }
    add("renamed") { $0.members[at].name += "x" }
    add("unknown") { $0.members[at].name = "data/other/thing" }
    add("doubled") { $0.members.insert($0.members[at], at: at + 1) }
    add("doubled at the end") { $0.members.append($0.members[at]) }
    add("left out") { $0.members.remove(at: at) }
    add("added behind") {
      var other = $0.members[at]
      other.name = "data/blobs/attachment/99"
      $0.members.insert(other, at: at + 1)
    }
    for other in [at + 1, at + 2] where other < image.members.count {
      add("exchanged with \(other - at) on") { $0.members.swapAt(at, other) }
    }
    return variants
  }

  @Test(arguments: classes)
  func `a member that is not what it should be is refused`(name: String) throws {
    for (word, changed) in try variants(of: name) {
      for reseals in [false, true] {
        var changed = changed
        if reseals { try changed.reseal() }
        let words: Comment = "\(word)\(reseals ? ", resealed" : "")"
        // Of the checksums level it cannot be asked that it knows which rows want a content.
        let isContent = reseals && (word.hasPrefix("added") || SegmentLayout.kind(of: name)?.isContent == true)
        let path = try bench.write(changed.encoded, to: "changed.tar")
        for level in VerifyLevel.allCases where level == .full || !isContent || word.hasPrefix("doubled") {
          do {
            let result = try bench.verified(path, level)
            if level == .quick, word.hasPrefix("exchanged"), result.isWhole { Issue.record("quick: \(words)") }
            #expect(!result.isWhole && result.damageCount > 0, "\(level) \(words)")
          } catch let error as MigrationError {
            #expect([.damaged, .version].contains(error.exitStatus), "\(error.code) \(words)")
          }
        }
        let error = try #require(throws: MigrationError.self, words) { try bench.imported(path) }
        #expect([.archiveDamaged, .archiveHostile].contains(error.code), "\(error.code) \(words)")
        // A salvage ends in order, or says that it cannot; it never approves.
        do {
          let result = try bench.imported(path, salvages: true)
          #expect(!result.isApproved && result.damageCount > 0, words)
          #expect(result.conservation.isBalanced, "\(result.conservation.accounts) \(words)")
        } catch let error as MigrationError {
          #expect([.archiveDamaged, .archiveHostile].contains(error.code), "\(error) \(words)")
        }
      }
    }
  }

  @Test func `an archive that is only resealed is still whole`() throws {
    var same = image
    try same.reseal()
    let path = try bench.write(same.encoded, to: "same.tar")
    for level in VerifyLevel.allCases { #expect(try bench.verified(path, level).isWhole) }
    #expect(try bench.imported(path).isApproved)
  }

  @Test func `a file that was read again arrives as it was read last`() throws {
    var changed = image
    let at = try image.index("data/blobs/attachment/8@file")
    var again = image.members[at]
    again.name += "~2"
    // The inventory knows the bytes of the last reading; the first one was cut short.
    changed.members[at].body = changed.members[at].body.reversed()
    changed.members.insert(again, at: at + 1)
    try changed.reseal()
    let path = try bench.write(changed.encoded, to: "again.tar")
    #expect(try bench.verified(path, .full).isWhole)
    #expect(try bench.imported(path).isApproved)
    #expect(try Workbench.read(bench.file("target/" + SmallStore.fileName)) == again.body)
    // A reading that is left out is noticed.
    changed.members[at + 1].name = "data/blobs/attachment/8@file~3"
    try changed.reseal()
    let gap = try bench.write(changed.encoded, to: "gap.tar")
    #expect(try !bench.verified(gap, .full).isWhole)
    #expect(throws: MigrationError.self) { try bench.imported(gap) }
  }
}

extension SegmentLayout.MemberKind {
  var isContent: Bool { if case .content = self { true } else { false } }
}
