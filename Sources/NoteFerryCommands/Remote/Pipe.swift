import DurableIO

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The ends of a pipe inside this process.
enum Pipe {
  struct Output { let file: File }

  /// The end that is written; closed once, by whoever writes.
  struct Input: Sendable {
    let descriptor: Int32
    var file: File { File(descriptor: descriptor, path: "a pipe", closes: false) }
    func close() { closeDescriptor(descriptor) }
  }

  static func make() throws -> (Output, Input) {
    var ends: [Int32] = [-1, -1]
    guard makePipe(&ends) == 0 else { throw systemError(errno, "cannot make a pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Output(file: File(descriptor: ends[0], path: "a pipe")), Input(descriptor: ends[1]))
  }
}

private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
