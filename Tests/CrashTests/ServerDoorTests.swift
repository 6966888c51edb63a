import DurableIO
import Foundation
import PostgreSQLClusters
import Testing

/// How the program comes in: passwords, service files, TLS. A server of its own, because its rules differ.
@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil))
struct ServerDoorTests {
  private static let hasCertificates = ["/usr/bin/openssl", "/usr/local/bin/openssl"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test func `passwords come from a file, a service or the environment, and a wrong one is told`() throws {
    try withWorkshop { directory in
      let cluster = try PostgreSQLCluster()
      let fixture = try ServerFixture(directory, cluster: cluster)
      let server = cluster.primary
      try server.sql("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'open sesame'; CREATE ROLE unwanted LOGIN")
      try allow(server, ["local all noteferry trust", "local all guarded scram-sha-256"])
      func export(_ url: String, _ name: String, _ environment: [String]) throws -> ChildProcess.Ending {
        try fixture.ferry("export", url, "-o", "\(directory)/archive-\(name)", environment: environment)
      }
      let url = fixture.url(fixture.source, user: "guarded")
      func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        chmod("\(directory)/\(name)", 0o600)
        return "\(directory)/\(name)"
      }
      let right = try write("right", "*:*:*:guarded:open sesame\n")
      let wrong = try write("wrong", "*:*:*:guarded:open barley\n")
      let service = try write(
        "services",
        "[notes]\nhost=\(server.socketDirectory)\nport=\(server.port)\ndbname=\(fixture.source)\nuser=guarded\n")
      for (name, url, environment) in [
        ("file", url, ["PGPASSFILE=\(right)"]), ("word", url, ["PGPASSWORD=open sesame"]),
        ("service", "postgresql:service=notes", ["PGSERVICEFILE=\(service)", "PGPASSFILE=\(right)"]),
      ] {
        let ending = try export(url, name, environment)
        #expect(ending.status == 0, "\(name): \(ending.summary)")
        #expect(!(ending.output + ending.words).contains("sesame"))
      }
      for (name, url, environment) in [
        ("none", url, []), ("wrong", url, ["PGPASSFILE=\(wrong)"]), ("missing", url, ["PGPASSFILE=/nowhere/at/all"]),
        ("unwanted", fixture.url(fixture.source, user: "unwanted"), []),
      ] {
        let ending = try export(url, name, environment)
        #expect(ending.status == 23, "\(name): \(ending.summary)")
        #expect(lackOfAdvice(ending, "NF-ACCESS-23") == nil, "\(name)")
        #expect(!(ending.output + ending.words).contains("barley"))
      }
    }
  }

  @Test(.enabled(if: hasCertificates, "openssl makes the server's certificate"))
  func `TLS is what libpq makes of it: required, and proven by the certificate that is named`() throws {
    try withWorkshop { directory in
      let cluster = try PostgreSQLCluster(listens: true)
      let fixture = try ServerFixture(directory, cluster: cluster)
      let server = cluster.primary
      try server.sql(
        """
        COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; openssl req -new -x509 -days 2 -nodes -newkey rsa:2048 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt 2>/dev/null \
        && chmod 600 server.key';
        ALTER SYSTEM SET ssl = on
        """)
      try allow(server, ["local all noteferry trust", "hostssl all noteferry 127.0.0.1/32 trust"])
      try server.wait("TLS", until: "SELECT (current_setting('ssl') = 'on')::int")
      let certificate = directory + "/server.crt"
      let words = try server.sql("SELECT pg_read_file('server.crt')")
      try (words.joined(separator: "\n") + "\n").write(toFile: certificate, atomically: true, encoding: .utf8)
      func export(_ name: String, _ options: String) throws -> ChildProcess.Ending {
        let url = "postgresql://noteferry@localhost:\(server.port)/\(fixture.source)?hostaddr=127.0.0.1&\(options)"
        return try fixture.ferry("export", url, "-o", "\(directory)/archive-\(name)")
      }
      for (name, options) in [
        ("required", "sslmode=require"), ("proven", "sslmode=verify-full&sslrootcert=\(certificate)"),
      ] {
        let ending = try export(name, options)
        #expect(ending.status == 0, "\(name): \(ending.summary)")
      }
      for (name, options) in [
        ("unknown", "sslmode=verify-full&sslrootcert=/nowhere/root.crt"), ("open", "sslmode=disable"),
      ] {
        let ending = try export(name, options)
        #expect([20, 23].contains(ending.status), "\(name): \(ending.summary)")
        #expect(ending.words.contains("next"), "\(name): \(ending.words)")
      }
    }
  }

  /// Sets the server's rules of who comes in how.
  private func allow(_ server: PostgreSQLServer, _ lines: [String]) throws {
    let values = lines.map { "('\($0)')" }.joined(separator: ", ")
    let file = try server.sql("SHOW hba_file")[0]
    try server.sql("COPY (VALUES \(values)) TO '\(file)'; SELECT pg_reload_conf()")
    try server.wait(
      "its rules", until: "SELECT count(*) FROM pg_hba_file_rules HAVING count(*) = \(lines.count)")
  }
}
