import DurableIO
import NoteModel
import Testing

/// A real sshd on the loopback, with keys, configuration and hosts of its own, for as long as the tests run.
final class SSHServer: @unchecked Sendable {
  static let shared = SSHServer()

  let directory: String
  let port: Int
  private let child: Child

  private init() {
    directory = makeTemporaryDirectory()
    makeSSHDirectory()
    let place = directory
    for name in ["host", "other-host", "key", "other-key"] {
      let made = Child(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(place)/\(name)"], environment: [Self.path],
        output: "/dev/null", errors: "\(place)/keygen")
      precondition(made.wait() == 0, "ssh-keygen: \(String(decoding: readFile("\(place)/keygen"), as: UTF8.self))")
    }
    var started: (port: Int, child: Child)?
    // Somebody else may take the port between the asking and the using.
    for _ in 0..<10 where started == nil {
      let port = freePort()
      writeFile(
        "\(place)/sshd_config",
        Array(
          """
          Port \(port)
          ListenAddress 127.0.0.1
          HostKey \(place)/host
          AuthorizedKeysFile \(place)/key.pub
          PidFile none
          UsePAM no
          StrictModes no
          PasswordAuthentication no
          KbdInteractiveAuthentication no
          MaxStartups 100

          """.utf8))
      let child = Child(
        ["/bin/sh", "-c", Self.script, "sshd", "\(place)/sshd_config", "\(processID())"], environment: [Self.path],
        output: "/dev/null",
        errors: "\(place)/sshd.log")
      while !log(place).contains("Server listening"), !log(place).contains("annot bind"), !child.hasEnded {
        pause(seconds: 0.02)
      }
      if log(place).contains("Server listening") { started = (port, child) }
    }
    precondition(started != nil, "no sshd: \(log(place))")
    (port, child) = started!
    endWithProcess(child.process, remove: directory)
  }

  /// Runs the server until this process has ended, however it ended.
  private static let script = """
    /usr/sbin/sshd -D -e -f "$1" & server=$!
    trap 'kill $server' TERM
    while kill -0 "$2" && kill -0 $server; do sleep 1; done
    kill $server
    """

  private static let path = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

  /// The first part of every address.
  var url: String { "ssh://127.0.0.1:\(port)" }

  /// How a client meets the server.
  struct Client {
    /// The host key that it knows: `host`, `other-host`, or none.
    var knows: String? = "host"
    var key = "key"
  }

  /// `NOTEFERRY_SSH` for such a client.
  func command(_ client: Client = Client(), in scratch: Scratch) -> String {
    let stem = scratch.path("client-\(client.knows ?? "none")-\(client.key)")
    let known = client.knows.map { name in
      "[127.0.0.1]:\(port) " + String(decoding: readFile("\(directory)/\(name).pub"), as: UTF8.self)
    }
    writeFile(stem + ".known", Array((known ?? "").utf8))
    writeFile(
      stem + ".config",
      Array(
        """
        Host *
          UserKnownHostsFile \(stem).known
          GlobalKnownHostsFile none
          IdentityFile \(directory)/\(client.key)
          IdentitiesOnly yes
          IdentityAgent none

        """.utf8))
    return "NOTEFERRY_SSH=ssh -F \(stem).config"
  }
}

private func log(_ directory: String) -> String { String(decoding: readFile(directory + "/sshd.log"), as: UTF8.self) }

/// A scratch directory with the server as another machine, whose noteferry has settings of its own.
struct FarMachine {
  let scratch = Scratch()
  let server = SSHServer.shared

  init() {
    scratch.variables = [server.command(in: scratch), "NOTEFERRY_REMOTE=\(scratch.path("far ferry"))"]
    // The process of the server that keeps the connection is the nearest of its kind above.
    program(
      "far ferry",
      """
      p=$PPID
      while :; do
        case $(cat /proc/$p/comm) in sshd*) break ;; esac
        p=$(awk '/^PPid/ { print $2 }' /proc/$p/status)
      done
      echo $p > '\(scratch.path("line"))'
      echo $$ > '\(scratch.path("far"))'
      exec '\(Scratch.program)' "$@"
      """)
  }

  /// Makes a program that may stand where noteferry is expected.
  func program(_ name: String, _ body: String) {
    let text = """
      #!/bin/sh
      export NOTEFERRY_STATE_DIR='\(scratch.path("far-state"))' NOTEFERRY_FREE_FLOOR=1MiB
      \(body)

      """
    writeFile(scratch.path(name), Array(text.utf8))
    changeMode(scratch.path(name), 0o755)
  }

  /// The address of a path there.
  func url(_ path: String) -> String { server.url + path }

  /// A store with so many attachments of half a megabyte each, no two of which are the same.
  func store(_ name: String = "memos.db", attachments: Int64 = 16) throws -> MemosStore {
    let store = try MemosStore(scratch.path(name), .attachmentWithoutMarker, notes: 300)
    for note in 1...attachments { try store.addAttachment([UInt8(note)] + Self.noise, note: note) }
    return store
  }

  private static let noise = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  /// A process that the far program wrote down: itself (`far`) or the one that keeps its line (`line`).
  func process(_ name: String) -> Int32? {
    Int32(String(decoding: readFile(scratch.path(name)), as: UTF8.self).filter(\.isNumber))
  }

  /// Waits until something holds; 60 seconds at the most.
  func wait(location: SourceLocation = #_sourceLocation, until isTrue: () -> Bool) {
    var tries = 0
    while !isTrue(), tries < 3000 {
      pause(seconds: 0.02)
      tries += 1
    }
    #expect(tries < 3000, "it never came", sourceLocation: location)
  }

  func isRunning(_ process: Int32) -> Bool {
    let state = readFile("/proc/\(process)/stat")
    return !state.isEmpty && !String(decoding: state, as: UTF8.self).contains(") Z ")
  }
}
