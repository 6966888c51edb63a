import AllStores
import DurableIO
import Migration
import NoteArchive
import NoteModel
import NoteStore

extension FuzzTarget {
  /// `verify` over a whole archive, at every level.
  static let archive: FuzzTarget = FuzzTarget(
    name: "archive", seeds: { [Samples.shared.archive] }, words: FuzzTarget.tar.words, mutate: ArchiveChange.changed,
    longest: 64 << 10, check: checkVerify)

  /// `import` of a whole archive into a new store, with and without `--salvage`.
  static let imported: FuzzTarget = FuzzTarget(
    name: "import", seeds: { [Samples.shared.archive] }, words: FuzzTarget.tar.words, mutate: ArchiveChange.changed,
    longest: 64 << 10, check: checkImport)
}

/// Changes members rather than bytes, and lets the sums agree most of the time.
private enum ArchiveChange {
  static func changed(_ input: [UInt8], _ dice: inout Dice) throws -> [UInt8] {
    guard var image = SegmentImage(input) else { return input }
    for _ in 0...dice.below(3) { try change(&image, &dice) }
    if dice.below(4) > 0 { image.reseal() }
    return image.encoded
  }

  private static func change(_ image: inout SegmentImage, _ dice: inout Dice) throws {
    let at = dice.below(image.members.count)
    let other = dice.below(image.members.count)
    switch dice.below(12) {
    case 0 where image.members.count > 4: image.members.remove(at: at)
    case 1 where image.members.count < 60: image.members.insert(image.members[at], at: other)
    case 2: image.members.swapAt(at, other)
    case 3: image.members[at].name = image.members[other].name
    case 4: image.members[at].body = image.members[other].body
    default: try changeBody(&image.members[at], &dice)
    }
  }

  /// Compressed members are changed behind their compression.
  private static func changeBody(_ member: inout SegmentImage.Member, _ dice: inout Dice) throws {
    let mutator = Mutator(words: words(of: member.name), others: [])
    if member.name.hasSuffix(".zst"), let text = Frames.text(member.body), dice.below(8) > 0 {
      member.body = try Frames.frame(mutator.changed(text, &dice))
    } else {
      member.body = mutator.changed(member.body, &dice)
    }
  }

  private static func words(of name: String) -> [String] {
    switch SegmentLayout.kind(of: name) {
    case .rows: FuzzTarget.rows.words
    case .inventory: FuzzTarget.inventory.words
    case .schema: FuzzTarget.schema.words
    case .profile: FuzzTarget.profile.words
    default: FuzzTarget.json.words
    }
  }
}

private let refusals: Set<ErrorCode> = [.archiveDamaged, .archiveHostile, .archiveVersion, .archiveNotSealed]

private func readProfile(_ bytes: UnsafeRawBufferPointer) throws -> Profile {
  try ProfileReader.read(bytes, fileName: "profile.toml")
}

private func checkVerify(_ input: [UInt8]) throws {
  let path = try FuzzBench.shared.write(input, to: "verify.tar")
  func verified(_ path: String, _ level: VerifyLevel) throws -> VerifyResult? {
    try refusing(with: refusals) {
      try Migration.verify(
        .segment(path), level: level, stateDirectory: FuzzBench.shared.file("state"), readProfile: readProfile,
        observer: SilentObserver(), stop: StopRequest())
    }
  }
  let full = try verified(path, .full)
  for finding in full?.damage ?? [] { try Shown.check(finding) }
  for level in [VerifyLevel.checksums, .quick] {
    let lighter = try verified(path, level)
    try require(full?.isWhole != true || lighter?.isWhole == true, "whole at the full level, and not at \(level)")
  }
  if let pipe = try FuzzBench.pipe(input) {
    let piped = try verified("/dev/fd/\(pipe.descriptor)", .full)
    try require(piped?.isWhole == full?.isWhole, "a pipe and a file are not the same to verify")
  }
  if full?.isWhole == true { try checkProven(input) }
}

/// What is called whole has sums that prove it, by a reader of the fuzzer's own.
private func checkProven(_ input: [UInt8]) throws {
  guard let image = SegmentImage(input) else { throw Violation(description: "whole, and not one member") }
  try require(image.isProven, "whole, and the manifests do not prove its bytes")
}

private func checkImport(_ input: [UInt8]) throws {
  let bench = FuzzBench.shared
  let path = try bench.write(input, to: "import.tar")
  for salvages in [false, true] {
    try Folder.removeTree(bench.file("target"))
    try Folder.create(bench.file("target"))
    var options = ImportOptions(stateDirectory: bench.file("state"))
    options.createSchema = true
    options.salvages = salvages
    options.freeFloor = FreeFloor(limit: ByteCount(0))
    let target = bench.file("target/notes.db")
    do {
      let result = try importArchive(
        .segment(path), into: AllStores.target(target, profiles: Profile.builtIn), options: options,
        readProfile: readProfile, reopen: { try AllStores.source(target, profiles: [$0]) }, observer: SilentObserver(),
        stop: StopRequest())
      if result.isApproved { try checkProven(input) }
      try require(salvages || result.isApproved, "an import without --salvage ends well and is not approved")
    } catch let error as MigrationError {
      try require(error.code != .internal, "\(error.message): \(error.cause)")
      try Shown.check(error)
    }
  }
}
