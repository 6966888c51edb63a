import DurableIO
import NoteModel

/// Names of files that marks have made longer.
package enum FileNames {
  /// The longest name that file systems take, in bytes.
  static let limit = 255

  /// A path of which every part can be a file's name: a longer part ends, at a character, with `~` and 16 digits of its
  /// SHA-256, so that two of them stay apart.
  ///
  /// - Parameter path: Valid UTF-8 with `/` between its parts.
  package static func shortened(_ path: [UInt8]) -> [UInt8] {
    let slash = UInt8(ascii: "/")
    let parts = path.split(separator: slash, omittingEmptySubsequences: false)
    guard parts.contains(where: { $0.count > limit }) else { return path }
    return Array(parts.map(shortened).joined(separator: [slash]))
  }

  private static func shortened(_ name: ArraySlice<UInt8>) -> [UInt8] {
    guard name.count > limit else { return Array(name) }
    let digits = hexadecimal(name.withUnsafeBytes { Digest.checksum(.sha256, $0).bytes.prefix(8) })
    var end = name.startIndex + limit - 1 - digits.utf8.count
    while name[end] & 0xC0 == 0x80 { end -= 1 }
    return name[..<end] + [UInt8(ascii: "~")] + Array(digits.utf8)
  }
}
