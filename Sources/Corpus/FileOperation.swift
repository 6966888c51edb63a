import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What happens to the files of a made-up store after it was made: one line each.
///
/// | line | effect |
/// | --- | --- |
/// | `remove PATH` | the file or the tree is gone |
/// | `cut PATH BYTES` | only so many bytes are left |
/// | `flip PATH OFFSET [COUNT]` | so many bytes (1) from there are inverted; a negative offset counts from the end |
/// | `zero PATH OFFSET COUNT` | so many bytes from there are zero |
/// | `write PATH HEXADECIMAL` | the file has these bytes |
/// | `link PATH TARGET` | a symbolic link |
/// | `pipe PATH` | a named pipe, which nobody ever writes |
/// | `directory PATH` | an empty directory |
/// | `rename PATH NEW` | another name |
enum FileOperation {
  static func perform(_ line: String, in directory: String) throws {
    let words = line.split(separator: " ").map(String.init)
    guard words.count >= 2, !words[1].hasPrefix("/"), !words[1].split(separator: "/").contains("..") else {
      throw RecipeError("'\(line)' is no operation on a file below the store's directory")
    }
    let path = directory + "/" + words[1]
    switch (words[0], words.count) {
    case ("remove", 2):
      if FileStatus.of(path, followLinks: false)?.isDirectory == true {
        try RawFile.removeTree(path)
      } else {
        try Folder.remove(path)
      }
    case ("cut", 3): try File.write(path).truncate(to: try number(words[2], line))
    case ("flip", 3), ("flip", 4):
      try change(path, at: try number(words[2], line), count: words.count > 3 ? try number(words[3], line) : 1) { ~$0 }
    case ("zero", 4): try change(path, at: try number(words[2], line), count: try number(words[3], line)) { _ in 0 }
    case ("write", 3): try RawFile.write(try unhexadecimal(words[2], line), to: Array(path.utf8))
    case ("link", 3): try check(symlink(words[2], path), line)
    case ("pipe", 2): try check(mkfifo(path, 0o644), line)
    case ("directory", 2): try Folder.create(path)
    case ("rename", 3): try Folder.rename(path, to: directory + "/" + words[2])
    default: throw RecipeError("'\(line)' is no operation on a file")
    }
  }

  private static func number(_ word: String, _ line: String) throws -> Int64 {
    guard let number = Int64(word) else { throw RecipeError("'\(word)' in '\(line)' is not a number") }
    return number
  }

  private static func unhexadecimal(_ word: String, _ line: String) throws -> [UInt8] {
    let digits = Array(word.utf8)
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
    }
    guard bytes.count * 2 == digits.count else { throw RecipeError("'\(word)' in '\(line)' is not hexadecimal") }
    return bytes
  }

  private static func check(_ status: Int32, _ line: String) throws {
    if status != 0 { throw systemError(errno, "cannot do '\(line)'") }
  }

  static func change(_ path: String, at offset: Int64, count: Int64, _ body: (UInt8) -> UInt8) throws {
    let length = FileStatus.of(path)?.byteCount ?? 0
    let start = offset < 0 ? length + offset : offset
    guard start >= 0, count >= 0, start + count <= length else {
      throw RecipeError("bytes \(start) to \(start + count) are beyond the \(length) bytes of the file")
    }
    var bytes = [UInt8](repeating: 0, count: Int(count))
    _ = try bytes.withUnsafeMutableBytes { try File.read(path).read(into: $0, at: start) }
    bytes = bytes.map(body)
    try bytes.withUnsafeBytes { try File.write(path).write($0, at: start) }
  }
}
