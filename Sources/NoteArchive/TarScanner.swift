import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Walks forward over the members of a segment, in a file or a pipe.
///
/// Bounded memory: one buffer, whatever the members' sizes. In regular files bodies that are not read are jumped over.
/// One thread.
///
/// After `.archiveDamaged` the scanner stands at a place from which `resynchronize()` finds the next sound member;
/// members that it finds are claims until the manifest has proved them, because an attachment may itself be an archive.
package final class TarScanner {
  private let file: File
  /// The length of a regular file; `nil` for a pipe.
  private let length: Int64?
  private let buffer: UnsafeMutableRawBufferPointer
  /// The window of the archive that `buffer` holds, and where the next byte to take stands in it.
  private var windowStart: Int64
  private var windowCount = 0
  private var cursor = 0
  /// How much to read next: small after a jump, then doubling.
  private var readAhead: Int
  /// What the disk does ahead of that.
  private var ahead: ReadAhead?

  private var member: TarMember?
  private var unread: Int64 = 0
  /// Gets what is read.
  package var outline: OutlineWriter?
  /// Called where a pipe ends, before what was read is looked at; by throwing it says that this is not the archive's end.
  package var pipeEnded: () throws -> Void = {}

  /// The segment's name, `0000-base`, once the first member has been read.
  package private(set) var root: String?
  /// Where the header of the current member begins (its pax header where it has one), in bytes from the start.
  package private(set) var offset: Int64 = 0
  /// Where the body of the current member begins.
  package private(set) var bodyOffset: Int64 = 0
  /// Whether the two empty blocks at the end have been seen.
  package private(set) var isAtEnd = false
  /// How many bytes the last `resynchronize()` jumped over.
  package private(set) var jumped: Int64 = 0
  /// How many members had bytes other than zero in their padding.
  package private(set) var paddingDamage = 0

  /// - Parameters:
  ///   - file: Read from `startOffset` on where it is a regular file, else from where it stands.
  ///   - bufferSize: In bytes; at least 128 KiB are taken.
  ///   - startOffset: A multiple of 512 at which a header begins.
  ///   - root: The segment's name, where the scan does not begin at its first member.
  package init(file: File, bufferSize: Int = 1 << 20, startOffset: Int64 = 0, root: String? = nil) throws {
    self.file = file
    let status = try file.status()
    length = status.isRegularFile ? status.byteCount : nil
    precondition(startOffset >= 0 && (startOffset == 0 || length != nil), "a pipe is read from its beginning")
    buffer = .allocate(byteCount: max(bufferSize, 128 << 10), alignment: 4096)
    readAhead = buffer.count
    if length != nil, ReadAhead.begin(file.descriptor) { ahead = ReadAhead(step: Int64(buffer.count)) }
    windowStart = startOffset
    offset = startOffset
    bodyOffset = startOffset
    self.root = root
  }

  deinit { buffer.deallocate() }

  /// Where the next byte will be taken from, in bytes from the start of the archive.
  package var position: Int64 { windowStart + Int64(cursor) }

  /// Bytes of the current member that have not been read yet.
  package var remaining: Int64 { unread }

  // MARK: - Members

  /// Goes to the next member, over what was not read of the current one; `nil` at the end of the archive.
  ///
  /// - Throws: `.archiveDamaged` for a rotten header, padding that is not zero, or an archive that ends too early, with
  ///   the byte and the member; `.archiveHostile` for members that no honest writer makes.
  package func next() throws -> TarMember? {
    if isAtEnd { return nil }
    if let member { try finish(member) }
    let found = try readHeader()
    if found == nil { isAtEnd = true }
    return found
  }

  /// Reads the next bytes of the current member: as many as fit, 0 at its end.
  ///
  /// - Throws: `.archiveDamaged` when the archive ends inside the member.
  package func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let member, unread > 0, room.count > 0 else { return 0 }
    let wanted = Int(min(Int64(room.count), unread))
    var filled = 0
    while filled < wanted {
      if cursor == windowCount {
        if wanted - filled >= buffer.count {
          let target = UnsafeMutableRawBufferPointer(rebasing: room[filled..<wanted])
          let count = try fetch(into: target, at: position)
          windowStart = position + Int64(count)
          windowCount = 0
          cursor = 0
          filled += count
          if count == target.count { break }
        } else if try fill(toHold: 1) {
          continue
        }
        unread -= Int64(filled)
        throw truncated(in: member, missing: unread)
      }
      let count = min(wanted - filled, windowCount - cursor)
      memcpy(room.baseAddress! + filled, buffer.baseAddress! + cursor, count)
      cursor += count
      filled += count
    }
    unread -= Int64(filled)
    try outline?.write(UnsafeRawBufferPointer(rebasing: room[..<filled]))
    return filled
  }

  /// Copies everything behind the current member, as it comes, to the end of the file or pipe; only where the member was
  /// read. There is no member behind it.
  ///
  /// - Parameter checkpoint: Called for each buffer; may stop it by throwing.
  package func copyRest(to output: File, checkpoint: () throws -> Void) throws {
    if let member { try finish(member) }
    isAtEnd = true
    while try fill(toHold: 1) {
      try checkpoint()
      try output.write(window(windowCount - cursor))
      cursor = windowCount
    }
  }

  /// Goes forward, 512 bytes at a time, to the next sound header of this segment; `nil` when there is none.
  ///
  /// What is left of the current member is searched too: its header may be what is wrong. `jumped` says how far it went.
  /// - Complexity: O(bytes jumped), at the speed of reading.
  package func resynchronize() throws -> TarMember? {
    let start = position
    member = nil
    unread = 0
    isAtEnd = false
    let misaligned = (position - offset) % 512
    if misaligned != 0 { try skip(512 - misaligned) }
    defer { jumped = max(0, (member == nil ? position : offset) - start) }
    while try fill(toHold: 512) {
      let block = window(512)
      if TarBlock.isPlausible(block, root: root) {
        do {
          if let found = try readHeader() { return found }
        } catch let error as MigrationError where error.code == .archiveDamaged || error.code == .archiveHostile {
          // Not a sound header: search on behind it.
        }
      }
      cursor += 512
    }
    cursor = windowCount
    return nil
  }

  /// Longest run of empty bytes behind the end, in bytes; writers of tapes fill their last record up.
  package static let endLimit: Int64 = 16 << 20

  /// Whether nothing follows the two empty blocks at the end but more empty bytes, `endLimit` at most.
  package func isFollowedByNothing() throws -> Bool {
    let start = position
    while try fill(toHold: 1) {
      guard TarBlock.isZero(window(windowCount - cursor)) else { return false }
      cursor = windowCount
      if position - start > Self.endLimit { return false }
    }
    return true
  }

  /// Whether there is not one byte. Only before the first member.
  package func isEmpty() throws -> Bool { try position == 0 && !fill(toHold: 1) }

  // MARK: - Headers

  /// Reads one member's header, or the end of the archive (`nil`). Takes nothing unless it succeeds.
  private func readHeader() throws -> TarMember? {
    let start = position
    guard try fill(toHold: 512) else { throw endsEarly(at: start) }
    let parsed = try located(start) { try TarBlock.parse(window(512), expectedRoot: root) }
    var found: TarMember
    var headerCount = 512
    switch parsed {
    case .end:
      guard try fill(toHold: 1024) else { throw endsEarly(at: start) }
      guard TarBlock.isZero(window(1024)) else {
        throw MigrationError.archiveDamaged(
          "the archive is damaged at byte \(start)", cause: "an empty block stands between members")
      }
      guard root != nil else {
        throw MigrationError.archiveDamaged(
          "the archive \(file.path) is empty", cause: "it ends at byte \(start), before its first member")
      }
      cursor += 1024
      return nil
    case .member(let plain): found = plain
    case .paxHeader(let byteCount):
      let body = byteCount + TarHeader.padding(byteCount)
      headerCount = 512 + body + 512
      guard try fill(toHold: headerCount) else { throw endsEarly(at: start) }
      let bytes = window(headerCount)
      found = try located(start) {
        guard TarBlock.isZero(UnsafeRawBufferPointer(rebasing: bytes[(512 + byteCount)..<(512 + body)])) else {
          throw MigrationError.archiveDamaged("a pax header is damaged", cause: "its padding is not zero")
        }
        let block = UnsafeRawBufferPointer(rebasing: bytes[(512 + body)...])
        guard case .member(var member) = try TarBlock.parse(block, expectedRoot: root) else {
          throw MigrationError.archiveDamaged("a pax header is damaged", cause: "no member follows it")
        }
        let records = UnsafeRawBufferPointer(rebasing: bytes[512..<512 + byteCount])
        let override = try TarBlock.parsePax(records, of: member.name, expectedRoot: root)
        member.name = override.path ?? member.name
        member.byteCount = override.byteCount ?? member.byteCount
        return member
      }
    }
    let slash = found.name.utf8.firstIndex(of: UInt8(ascii: "/"))!
    if found.name[slash...].hasPrefix(TarHeader.standInDirectory) {
      throw MigrationError.archiveDamaged(
        "the archive is damaged at byte \(start)",
        cause: "the pax header with the true name of \(TarName.printable(found.name)) is missing")
    }
    if root == nil { root = String(found.name[..<slash]) }
    cursor += headerCount
    try outline?.begin(found)
    offset = start
    bodyOffset = position
    member = found
    unread = found.byteCount
    return found
  }

  /// Goes to the end of the current member's padding, which must be zero.
  private func finish(_ current: TarMember) throws {
    let padding = TarHeader.padding(current.byteCount)
    defer {
      member = nil
      unread = 0
    }
    let reached = try skip(unread)
    guard reached == unread else { throw truncated(in: current, missing: unread - reached) }
    guard padding > 0 else { return }
    guard try fill(toHold: padding) else {
      cursor = windowCount
      throw truncated(in: current, missing: 0)
    }
    let start = position
    let isClean = TarBlock.isZero(window(padding))
    cursor += padding
    if !isClean {
      paddingDamage += 1
      throw MigrationError.archiveDamaged(
        "the archive is damaged between byte \(start) and \(start + Int64(padding))",
        cause: "the padding behind \(TarName.printable(current.name)) is not zero")
    }
  }

  // MARK: - Bytes

  private func window(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[cursor..<cursor + count])
  }

  /// Makes at least `count` bytes stand in the window behind the cursor; `false` when the archive ends before.
  private func fill(toHold count: Int) throws -> Bool {
    precondition(count <= buffer.count)
    while windowCount - cursor < count {
      if cursor > 0 {
        let kept = windowCount - cursor
        memmove(buffer.baseAddress!, buffer.baseAddress! + cursor, kept)
        windowStart += Int64(cursor)
        windowCount = kept
        cursor = 0
      }
      let end = min(buffer.count, max(windowCount + readAhead, count))
      let read = try fetch(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[windowCount..<end]),
        at: windowStart + Int64(windowCount))
      if read == 0 { return false }
      windowCount += read
      readAhead = min(readAhead * 2, buffer.count)
    }
    return true
  }

  private func fetch(into room: UnsafeMutableRawBufferPointer, at place: Int64) throws -> Int {
    guard length != nil else {
      let count = try file.read(into: room)
      if count == 0 { try pipeEnded() }
      return count
    }
    ahead?.willRead(file.descriptor, at: place, room.count)
    return try file.read(into: room, at: place)
  }

  /// Steps over bytes; returns how many there were, fewer only at the end of the archive.
  @discardableResult
  private func skip(_ count: Int64) throws -> Int64 {
    let inWindow = Int64(windowCount - cursor)
    if count <= inWindow {
      cursor += Int(count)
      return count
    }
    if let length {
      let start = position
      let goal = min(start + count, max(length, start))
      windowStart = goal
      windowCount = 0
      cursor = 0
      readAhead = 16 << 10
      return goal - start
    }
    var rest = count
    while rest > 0 {
      if cursor == windowCount, try !fill(toHold: 1) { break }
      let step = Int(min(rest, Int64(windowCount - cursor)))
      cursor += step
      rest -= Int64(step)
    }
    return count - rest
  }

  // MARK: - Words

  private func located<R>(_ place: Int64, _ body: () throws -> R) throws -> R {
    do { return try body() } catch var error as MigrationError {
      error.cause += " (at byte \(place) of \(file.path))"
      throw error
    }
  }

  /// The archive ends where a header should be.
  private func endsEarly(at start: Int64) -> MigrationError {
    let end = windowStart + Int64(windowCount)
    return .archiveDamaged(
      "the archive \(file.path) is cut off at byte \(end)",
      cause: "a member or the end of the archive should begin at byte \(start)"
        + (root == nil ? "; not one member is there" : ""))
  }

  private func truncated(in member: TarMember, missing: Int64) -> MigrationError {
    let end = windowStart + Int64(windowCount)
    return .archiveDamaged(
      "the archive \(file.path) is cut off at byte \(end)",
      cause: missing > 0
        ? "\(missing) of \(member.byteCount) bytes of \(TarName.printable(member.name)) are missing"
        : "the padding behind \(TarName.printable(member.name)) is incomplete")
  }
}
