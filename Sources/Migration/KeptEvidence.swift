import DurableIO
import NoteArchive
import NoteModel
import NoteRepair

/// What a base taught about the texts of its store, kept beside a target that waits for deltas.
///
/// The base alone teaches, and the same base always teaches the same. So a repair comes out alike whether the lesson is
/// repeated or remembered, and remembering it spares the reading of up to 16 MiB of rows in front of a small delta. A file
/// of 3.3 MB in the state directory, named by the base's seal and its profile, with a digest at its end. It is a shortcut:
/// where it is missing or damaged the lesson is repeated.
struct KeptEvidence {
  let path: String

  /// - Parameters:
  ///   - seal: Of the base.
  ///   - profile: The archive's copy, which says what is text.
  init(seal: Checksum, profile: [UInt8], stateDirectory: String) {
    let digest = Digest(.sha256)
    Array("noteferry evidence 1\n\(seal)\n".utf8).withUnsafeBytes { digest.update($0) }
    profile.withUnsafeBytes { digest.update($0) }
    path = "\(stateDirectory)/evidence-\(digest.finish().description.prefix(24))"
  }

  func read() -> StoreEvidence? {
    guard let file = try? File.read(path), let size = try? file.status().byteCount, size < 8 << 20 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(size))
    guard (try? bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }) == bytes.count, size > 32 else {
      return nil
    }
    let kept = Array(bytes.suffix(32))
    bytes.removeLast(32)
    guard bytes.withUnsafeBytes({ Digest.checksum(.sha256, $0) }).bytes == kept else { return nil }
    return StoreEvidence(bytes: bytes)
  }

  /// Harmless where it is there already. Nothing is synced: what a loss of power leaves of it is not read.
  func write(_ evidence: StoreEvidence) throws {
    guard FileStatus.of(path) == nil else { return }
    try Folder.create(Folder.parent(of: path))
    let bytes = evidence.bytes
    let file = try File.write(path + ".new", truncate: true)
    try bytes.withUnsafeBytes {
      try file.write($0)
      try Digest.checksum(.sha256, $0).bytes.withUnsafeBytes { try file.write($0) }
    }
    try Folder.rename(path + ".new", to: path)
  }

  func remove() throws { try Folder.remove(path) }
}
