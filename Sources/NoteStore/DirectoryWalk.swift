import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Walks a path from an open directory, part by part, and never leaves that directory.
///
/// The kernel follows no link and no `..` here: links are read and their targets walked by the same rules, and `..` in
/// a link goes back to the directory that the walk came from. So the answer holds even when somebody renames things
/// meanwhile.
struct DirectoryWalk {
  enum Outcome {
    /// The directory of the last part, the last part's name and its file mode; the mode is 0 for a name that does not
    /// exist yet, which only `creating` gives.
    case found(File, name: [UInt8], mode: mode_t)
    case absent
    case outside
    case failed(Int32)
  }

  private let root: File
  /// Absolute paths that lead to the root directory, for links with absolute targets.
  private let absolutePrefixes: [String]
  /// The directories between the root and the place where the walk is.
  private var trail: [File] = []
  private var links = 0

  init(root: File, absolutePrefixes: [String]) {
    self.root = root
    self.absolutePrefixes = absolutePrefixes
  }

  private var place: File { trail.last ?? root }

  /// Walks to the directory of a path's last part.
  ///
  /// - Parameter creating: Makes directories that do not exist (mode 0700), durably.
  mutating func enter(_ path: [UInt8], creating: Bool) -> Outcome {
    // The parts still to walk, the next one last.
    var rest = Self.parts(path[...])
    while let name = rest.popLast() {
      if name.elementsEqual("..".utf8) {
        guard trail.popLast() != nil else { return .outside }
        if rest.isEmpty { return .failed(EISDIR) }
        continue
      }
      var info = stat()
      let status = name.withTerminated { fstatat(place.descriptor, $0, &info, AT_SYMLINK_NOFOLLOW) }
      if status != 0 {
        guard errno == ENOENT else { return errno == ENOTDIR ? .absent : .failed(errno) }
        guard creating else { return .absent }
        if rest.isEmpty { return .found(place, name: name, mode: 0) }
        if let number = makeDirectory(name) { return .failed(number) }
      } else if info.st_mode & S_IFMT == S_IFLNK {
        guard let target = follow(name) else { return .outside }
        rest += target
        if rest.isEmpty { return .failed(EISDIR) }
        continue
      } else if rest.isEmpty {
        return .found(place, name: name, mode: info.st_mode)
      }
      if let number = descend(name) { return number == ENOENT || number == ENOTDIR ? .absent : .failed(number) }
    }
    return .absent
  }

  /// The parts of a path, the first one last; without empty ones and `.`.
  private static func parts(_ path: ArraySlice<UInt8>) -> [[UInt8]] {
    path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map(Array.init).reversed()
  }

  /// Goes into a directory; an exchanged link is not followed.
  private mutating func descend(_ name: [UInt8]) -> Int32? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = name.withTerminated { name in retrying { openat(place.descriptor, name, flags) } }
    guard descriptor >= 0 else { return errno }
    trail.append(File(descriptor: descriptor, path: "a directory of attachments"))
    return nil
  }

  private func makeDirectory(_ name: [UInt8]) -> Int32? {
    guard name.withTerminated({ mkdirat(place.descriptor, $0, 0o700) }) == 0 || errno == EEXIST else { return errno }
    return retrying({ fsync(place.descriptor) }) == 0 || errno == EINVAL || errno == ENOTSUP ? nil : errno
  }

  /// The parts that a link stands for, the first one last; `nil` when it leads out, or there are too many links. An
  /// absolute target inside the directory begins at the root again.
  private mutating func follow(_ name: [UInt8]) -> [[UInt8]]? {
    links += 1
    guard links <= LocalFiles.maximumLinks else { return nil }
    var target = [UInt8](repeating: 0, count: LocalFiles.maximumReferenceLength)
    let count = target.withUnsafeMutableBytes { room in
      name.withTerminated {
        readlinkat(place.descriptor, $0, room.baseAddress!.assumingMemoryBound(to: CChar.self), room.count)
      }
    }
    guard count > 0, count < target.count else { return nil }
    let parts = Self.parts(target[..<count])
    guard target[0] == UInt8(ascii: "/") else { return parts }
    for directory in absolutePrefixes {
      let prefix = Self.parts(Array(directory.utf8)[...])
      if parts.count >= prefix.count, zip(parts.reversed(), prefix.reversed()).allSatisfy({ $0 == $1 }) {
        trail.removeAll()
        return parts.dropLast(prefix.count)
      }
    }
    return nil
  }
}
