#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// The C library under names of our own, so that test files need not import it.

func systemKill(_ process: pid_t, _ signal: Int32) { _ = kill(process, signal) }
func pause(seconds: Double) { usleep(useconds_t(seconds * 1_000_000)) }
var isRoot: Bool { getuid() == 0 }
func changeMode(_ path: String, _ mode: mode_t) { _ = chmod(path, mode) }
func makeLink(_ target: String, at path: String) { _ = symlink(target, path) }
func renameFile(_ old: String, _ new: String) { _ = rename(old, new) }
func removeFile(_ path: String) { _ = unlink(path) }
func makeDirectory(_ path: String) { _ = mkdir(path, 0o755) }
func cutFile(_ path: String, to length: Int) { _ = truncate(path, off_t(length)) }
func giveAway(_ path: String, to user: UInt32) { _ = chown(path, user, user) }
func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// `NOTEFERRY_TEST_SEED`, or a new one.
func testSeed() -> UInt64 {
  getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...999_999)
}

/// What `NOTEFERRY` names.
func namedProgram() -> String? { getenv("NOTEFERRY").map { String(cString: $0) } }

/// A fresh directory with a name of its own.
func makeTemporaryDirectory() -> String {
  var template = Array("/tmp/noteferry-journey-XXXXXX".utf8CString)
  precondition(mkdtemp(&template) != nil)
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func readFile(_ path: String) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return [] }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &room, room.count)
    if count <= 0 { return bytes }
    bytes += room[..<count]
  }
}

func writeFile(_ path: String, _ bytes: [UInt8], appending: Bool = false) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC), 0o644)
  precondition(descriptor >= 0, "cannot write \(path)")
  defer { close(descriptor) }
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, bytes.count - done) }
    precondition(count > 0, "cannot write \(path)")
    done += count
  }
}

/// Changes bytes in the middle of a file.
func overwrite(_ path: String, at offset: Int, _ bytes: [UInt8]) {
  let descriptor = open(path, O_WRONLY | O_CLOEXEC)
  precondition(descriptor >= 0)
  _ = pwrite(descriptor, bytes, bytes.count, off_t(offset))
  close(descriptor)
}

func fileSize(_ path: String) -> Int64 {
  var status = stat()
  return stat(path, &status) == 0 ? Int64(status.st_size) : -1
}

/// The directory of the running program; `nil` where the system does not say.
func programDirectory() -> String? {
  guard let path = realpath("/proc/self/exe", nil) else { return nil }
  defer { free(path) }
  let text = String(cString: path)
  return text.lastIndex(of: "/").map { String(text[..<$0]) }
}

/// A child process with its streams in files, so that nothing waits for a reader.
final class Child {
  let process: pid_t
  private var ended: Int32?

  /// - Parameters:
  ///   - terminal: A descriptor for both output streams instead of the files.
  init(_ arguments: [String], environment: [String], output: String, errors: String, terminal: Int32? = nil) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let terminal {
      posix_spawn_file_actions_adddup2(&actions, terminal, 1)
      posix_spawn_file_actions_adddup2(&actions, terminal, 2)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    }
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer {
      for word in words { free(word) }
      for variable in variables { free(variable) }
    }
    // The threads that tests run on block signals, and a child inherits that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var process: pid_t = 0
    let result = posix_spawnp(&process, arguments[0], &actions, &attributes, &words, &variables)
    precondition(result == 0, "cannot start \(arguments[0])")
    self.process = process
  }

  /// Waits for the end: the exit status, or 128 and the signal. A child that takes longer is killed.
  func wait(seconds: Double = 120) -> Int32 {
    if let ended { return ended }
    var waited = 0.0
    var status: Int32 = 0
    while waitpid(process, &status, WNOHANG) == 0 {
      if waited > seconds { kill(process, SIGKILL) }
      usleep(5000)
      waited += 0.005
    }
    let signal = status & 0x7F
    ended = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    return ended!
  }
}

/// A pseudo-terminal: what is written to `terminal` waits in `keyboard`, if nobody reads it.
struct PseudoTerminal {
  let keyboard: Int32
  let terminal: Int32
  /// The path of the terminal.
  let name: String

  init?() {
    keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN; the C functions for them are hidden behind a feature macro.
    guard keyboard >= 0, ioctl(keyboard, 0x4004_5431, &lock) == 0, ioctl(keyboard, 0x8004_5430, &number) == 0 else {
      return nil
    }
    name = "/dev/pts/\(number)"
    terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
  }

  func type(_ text: String) { _ = write(keyboard, text, text.utf8.count) }

  /// What was written to it since the last call; does not wait.
  func heard() -> String {
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var item = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
      guard poll(&item, 1, 0) > 0 else { break }
      let count = read(keyboard, &room, room.count)
      if count <= 0 { break }
      bytes += room[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes until it takes no more: whoever writes to it now waits for a reader.
  func fill() {
    // A description of its own: that it does not wait is no matter of the others.
    let descriptor = open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    defer { close(descriptor) }
    let line = [UInt8](repeating: UInt8(ascii: "."), count: 512)
    // The kernel moves some of it on a little later, and has room again.
    var isFull = false
    while !isFull {
      isFull = write(descriptor, line, 1) < 0
      while write(descriptor, line, line.count) > 0 {}
      while write(descriptor, line, 1) > 0 {}
      usleep(200_000)
    }
  }

  func end() {
    close(keyboard)
    close(terminal)
  }
}

/// Runs `body` on a thread of its own; `join` waits for its end.
final class Background: @unchecked Sendable {
  private var thread = pthread_t()
  private let body: @Sendable (Background) -> Void
  private let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init(_ body: @escaping @Sendable (Background) -> Void) {
    self.body = body
    flag.initialize(to: 0)
    pthread_mutex_init(mutex, nil)
    pthread_create(
      &thread, nil,
      { pointer in
        let background = Unmanaged<Background>.fromOpaque(pointer!).takeRetainedValue()
        background.body(background)
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
    flag.deallocate()
  }

  var isStopped: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return flag.pointee != 0
  }

  func stop() {
    pthread_mutex_lock(mutex)
    flag.pointee = 1
    pthread_mutex_unlock(mutex)
    pthread_join(thread, nil)
  }
}

/// A plain mutex.
final class Mutexed: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  init() { pthread_mutex_init(mutex, nil) }
  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }
  func run<R>(_ body: () throws -> R) rethrows -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}

/// The permissions of a file; 0 where there is none.
func fileMode(_ path: String) -> mode_t {
  var info = stat()
  return stat(path, &info) == 0 ? info.st_mode & 0o777 : 0
}

extension Child {
  /// Whether it has ended; does not wait.
  var hasEnded: Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info._sifields._kill.si_pid != 0
  }
}

/// A port of the loopback that nobody uses now.
func freePort() -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, length)
      _ = getsockname(descriptor, $0, &length)
    }
    return Int(UInt16(bigEndian: $0.pointee.sin_port))
  }
}

/// sshd wants this directory when it runs as root; its package makes it when the machine starts.
func makeSSHDirectory() { if isRoot { _ = mkdir("/run/sshd", 0o755) } }

private nonisolated(unsafe) var processToEnd: pid_t = 0
private nonisolated(unsafe) var directoryToRemove = ""

/// Ends a process and removes a directory when the tests are over; for one of each.
func endWithProcess(_ process: pid_t, remove directory: String) {
  processToEnd = process
  directoryToRemove = directory
  atexit {
    kill(processToEnd, SIGTERM)
    for name in ["host", "other-host", "key", "other-key"] {
      unlink("\(directoryToRemove)/\(name)")
      unlink("\(directoryToRemove)/\(name).pub")
    }
    for name in ["sshd_config", "sshd.log", "keygen"] { unlink("\(directoryToRemove)/\(name)") }
    rmdir(directoryToRemove)
  }
}
