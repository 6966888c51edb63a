import Foundation
import PostgreSQLClusters

/// Makes a throw-away server, prints the URL of its database and its directory, and keeps it until standard input ends
/// or the program is killed. With `--standby` it has an asynchronous standby, whose URL is printed behind that.
@main struct ClusterProgram {
  static func main() throws {
    let cluster = try PostgreSQLCluster(CommandLine.arguments.contains("--standby") ? .asynchronous : .single)
    let words =
      [cluster.primary.url("postgres"), cluster.directory] + (cluster.standby.map { [$0.url("postgres")] } ?? [])
    // Whoever reads them from a pipe waits for them.
    try FileHandle.standardOutput.write(contentsOf: Data(words.map { $0 + "\n" }.joined().utf8))
    while readLine() != nil {}
    withExtendedLifetime(cluster) {}
  }
}
