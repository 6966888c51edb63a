import Foundation
import PostgreSQLClusters

/// Makes a throw-away server, prints the URL of its database and its directory, and keeps it until standard input ends
/// or the program is killed.
@main struct ClusterProgram {
  static func main() throws {
    let cluster = try PostgreSQLCluster()
    let words = cluster.primary.url("postgres") + "\n" + cluster.directory + "\n"
    // Whoever reads them from a pipe waits for them.
    try FileHandle.standardOutput.write(contentsOf: Data(words.utf8))
    while readLine() != nil {}
    withExtendedLifetime(cluster) {}
  }
}
