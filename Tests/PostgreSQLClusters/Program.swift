import Foundation

/// A program of the system or of PostgreSQL, run to its end.
enum Program {
  /// What a program that failed had to say.
  struct Failure: Error, CustomStringConvertible {
    var command: String
    var status: Int32
    var output: String
    var description: String { "\(command) ended with \(status): \(output)" }
  }

  /// The programs of the newest PostgreSQL: those on Debian's place for them, else those on the search path.
  static let folder: String? = {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    let places = versions.reversed().map { "\(root)/\($0)/bin" } + searchPath
    return places.first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
  }()

  private static let searchPath = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
    String.init)

  /// The command line that runs a program as a user who may run a server: the server refuses to run as root.
  static func unprivileged(_ command: [String]) -> [String] {
    guard getuid() == 0 else { return command }
    let isInstalled = { (name: String) in
      (["/usr/bin", "/usr/sbin", "/bin", "/sbin"] + searchPath).first {
        FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
      }.map { "\($0)/\(name)" }
    }
    if let setpriv = isInstalled("setpriv") {
      return [setpriv, "--reuid=\(nobody.user)", "--regid=\(nobody.group)", "--clear-groups"] + command
    }
    return [isInstalled("runuser") ?? "runuser", "-u", "nobody", "--"] + command
  }

  /// Who the server runs as when the tests run as root.
  static let nobody: (user: uid_t, group: gid_t) = {
    let entry = getpwnam("nobody")!.pointee
    return (entry.pw_uid, entry.pw_gid)
  }()

  /// Runs a command and hands over what it wrote to standard output.
  ///
  /// - Throws: `Failure` with both outputs when its status is not 0.
  @discardableResult
  static func run(_ command: [String], input: String = "") throws -> String {
    // Files, not pipes: a server that stays behind keeps what it inherited open.
    let files = (0..<3).compactMap { _ in tmpfile() }
    defer { for file in files { fclose(file) } }
    guard files.count == 3 else { throw POSIXError(.EMFILE) }
    fputs(input, files[0])
    rewind(files[0])
    let status = try Child(command, files: files.map { fileno($0) }).wait()
    let texts = files[1...].map(text)
    guard status == 0 else {
      throw Failure(command: command.joined(separator: " "), status: status, output: texts.joined())
    }
    return texts[0]
  }

  private static func text(_ file: UnsafeMutablePointer<FILE>) -> String {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var whole: [UInt8] = []
    rewind(file)
    while true {
      let count = fread(&bytes, 1, bytes.count, file)
      guard count > 0 else { return String(decoding: whole, as: UTF8.self) }
      whole += bytes[..<count]
    }
  }
}
