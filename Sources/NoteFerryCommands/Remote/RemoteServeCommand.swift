import ArgumentParser

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct RemoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remote", abstract: "Works for a noteferry on another machine.", shouldDisplay: false,
    subcommands: [RemoteServeCommand.self])
}

/// What ssh starts on the machine of a store: `noteferry remote serve`. Takes no argument, so that nothing which an
/// address or a file name holds ever meets that machine's shell.
struct RemoteServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Runs one command for the noteferry at the other end of this link.",
    discussion: "It is started by ssh for stores that are named ssh://HOST/PATH; nobody types it.")

  func run() throws { endProcess(RemoteServer().run().rawValue) }
}

private func endProcess(_ status: Int32) -> Never { exit(status) }
