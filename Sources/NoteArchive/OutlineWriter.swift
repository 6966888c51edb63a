import DurableIO
import NoteModel

/// Writes a segment's outline: the segment without its rows and contents, which went through a pipe.
///
/// The members are those of the segment, with the same bytes, so the manifests and the seal are the same, too. That is all
/// that a delta must know of a segment (`ArchiveChain`): about 50 bytes a row, before compression. It has its name only when
/// it is whole. Memory: 64 KiB. One thread.
package final class OutlineWriter {
  package let path: String
  private let partial: String
  private let file: File
  private let pending = GrowingBuffer(capacity: 64 << 10)
  /// Bytes of the member at hand that are still to come; nil in members that an outline does not have.
  private var rest: Int64?
  private var padding = 0

  /// - Parameters:
  ///   - directory: Where the outline lies; made where it does not exist.
  ///   - number: Of the segment.
  package init(_ directory: String, number: Int) throws {
    try Folder.create(directory)
    path = directory + "/" + SegmentLayout.outline(number)
    partial = path + ".partial"
    file = try File.write(partial, truncate: true)
  }

  /// - Parameter member: With the segment's name in front, as it stands in the segment.
  package func begin(_ member: TarMember) throws {
    try end()
    guard isCopying(member) else { return }
    TarHeader.append(member, to: pending)
    rest = member.byteCount
    padding = TarHeader.padding(member.byteCount)
  }

  /// Whether the outline has a member of the segment.
  package func isCopying(_ member: TarMember) -> Bool {
    let name = String(decoding: member.name.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(), as: UTF8.self)
    switch SegmentLayout.kind(of: name) {
    case .rows, .content, nil: return false
    default: return true
    }
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard let before = rest else { return }
    rest = before - Int64(bytes.count)
    if bytes.count >= 32 << 10 { try passOn() }
    if bytes.count >= 32 << 10 { try file.write(bytes) } else { pending.append(bytes) }
    if pending.count >= 32 << 10 { try passOn() }
  }

  /// Makes the outline durable and gives it its name.
  package func finish() throws {
    try end()
    pending.append(TarHeader.endOfArchive)
    try passOn()
    try file.synchronize()
    try Folder.rename(partial, to: path)
    try Folder.synchronize(Folder.parent(of: path))
  }

  private func end() throws {
    guard let rest else { return }
    guard rest == 0 else {
      throw MigrationError(.internal, "a member of a segment did not come into its outline whole", cause: path)
    }
    _ = pending.appendZeros(padding)
    self.rest = nil
  }

  private func passOn() throws {
    guard pending.count > 0 else { return }
    try file.write(pending.bytes)
    pending.removeAll()
  }
}
