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

/// `verify --level quick`: names, order, sizes, manifests and seal.
@Suite struct QuickTests {
  private let bench: Workbench
  private let bytes: [UInt8]
  private let image: ArchiveImage

  init() throws {
    bench = try Workbench()
    bytes = try bench.exported(try SmallStore.make(in: bench.file("source"), isLarge: true))
    image = try ArchiveImage(bytes, bench: bench)
  }

  @Test func `a quick look at a file gives the seal without reading the payload`() throws {
    let path = try bench.write(bytes, to: "quick.tar")
    let seal = try bench.verified(path, .full).seal
    let quick = try bench.verified(path, .quick)
    #expect(quick.isWhole && quick.seal == seal && quick.summary != nil)
    // A byte of an attachment is beyond it, by design; the checksums level reads it.
    let blob = image.members[try image.index("data/blobs/attachment/5")]
    var changed = bytes
    changed[blob.bodyOffset + 700] ^= 1
    let rotten = try bench.write(changed, to: "rotten.tar")
    #expect(try bench.verified(rotten, .quick).isWhole)
    #expect(try !bench.verified(rotten, .checksums).isWhole)
  }

  @Test func `a quick look through a pipe says the same`() throws {
    for cut in [bytes.count, bytes.count - 1024, bytes.count / 2] {
      let pipe = bench.file("pipe-\(cut)")
      #expect(mkfifo(pipe, 0o600) == 0)
      let part = Array(bytes[..<cut])
      let writer = WorkerThread { try? part.withUnsafeBytes { try File.write(pipe).write($0) } }
      defer { writer.join() }
      let result = try Migration.verify(
        .segment(pipe), level: .quick, stateDirectory: bench.file("state"), readProfile: Workbench.readProfile,
        observer: SilentObserver(), stop: StopRequest())
      #expect(result.isWhole == (cut == bytes.count), "cut at \(cut)")
    }
  }

  @Test func `a quick look notices sums, sizes and names that do not agree`() throws {
    let tags = SegmentLayout.tagManifest(.sha256)
    let manifest = SegmentLayout.manifest(.sha256)
    let changes: [(String, (inout ArchiveImage) throws -> Void)] = [
      (
        "a member that is shorter, resealed but for the sum",
        { image in
          let at = try image.index("data/blobs/attachment/6")
          image.members[at].body.removeLast()
        }
      ),
      (
        "a page number",
        { image in
          let at = try image.index(SegmentLayout.rows("attachment", page: 2))
          image.members[at].name = SegmentLayout.rows("attachment", page: 3)
          try image.reseal()
        }
      ),
      (
        "an inventory of another page",
        { image in
          let at = try image.index(SegmentLayout.inventory("attachment", page: 1))
          image.members[at].name = SegmentLayout.inventory("attachment", page: 9)
          try image.reseal()
        }
      ),
      ("a name in the manifest", { image in try image.edit(manifest, "attachment/11\n", "attachment/1x\n") }),
      (
        "a digest in the tag manifest",
        { image in
          image.members[try image.index(tags)].body[3] ^= 1
        }
      ),
      ("bag-info", { image in try image.edit(SegmentLayout.bagInfo, "noteferry 0.0.0", "noteferry 0.0.1") }),
      (
        "a wrong sum, resealed",
        { image in
          try image.edit(SegmentLayout.bagInfo, "Payload-Oxum: ", "Payload-Oxum: 1")
          try image.resealTags()
        }
      ),
      (
        "pages that are gone, resealed",
        { image in
          image.members.removeAll { $0.name.contains("/memo_relation/") }
          try image.reseal()
        }
      ),
    ]
    for (word, change) in changes {
      var changed = image
      try change(&changed)
      let result = try bench.verified(try bench.write(changed.encoded, to: "changed.tar"), .quick)
      #expect(!result.isWhole && result.damageCount > 0, "\(word)")
    }
  }

  @Test func `bytes behind the end are noticed, empty ones are not`() throws {
    for (tail, isWhole) in [([UInt8](repeating: 0, count: 9216), true), ([0, 0, 1], false), ([0x41], false)] {
      let path = try bench.write(bytes + tail, to: "tail.tar")
      for level in VerifyLevel.allCases { #expect(try bench.verified(path, level).isWhole == isWhole) }
    }
  }
}
