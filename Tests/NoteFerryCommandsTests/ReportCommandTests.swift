import DurableIO
import NoteModel
import Report
import Testing

@testable import NoteFerryCommands

struct ReportCommandTests {
  private static func document() throws -> [UInt8] {
    var run = RunRecord(id: "r-1", toolVersion: "0.1.0", command: "rehearse a.plan", startedAt: "2026-11-20T20:00:00Z")
    run.wallMs = 5
    var document = ReportDocument(run: run)
    document.verdict = Verdict(.go, grade: .perfect, reasons: [Wording("All is proven.", "全部得到证实。")])
    return try document.json()
  }

  private static func write(_ bytes: [UInt8], _ path: String) throws {
    try bytes.withUnsafeBytes { try Folder.replace(path, with: $0) }
  }

  @Test func `a report is rendered in every format and its verdict is printed`() throws {
    try withTemporaryDirectory { folder in
      let file = folder + "/r.json"
      try Self.write(Self.document(), file)
      #expect(runTool(["report", file]).output.contains("GO   Grade: Perfect"))
      #expect(runTool(["report", file, "--lang", "zh-Hans"]).output.contains("可以割接"))
      let (html, markdown, junit) = (folder + "/r.html", folder + "/r.md", folder + "/r.xml")
      let result = runTool(["report", file, "--html", html, "--markdown", markdown, "--junit", junit, "--json"])
      #expect(result.status == .ok && result.error.isEmpty)
      let written = try #require(try JSONReader.parse(Array(result.output.utf8))["written"]?.array)
      #expect(written.map { $0["format"]?.string } == ["html", "markdown", "junit"])
      for (item, path) in zip(written, [html, markdown, junit]) {
        let bytes = try contents(path)
        #expect(item["bytes"]?.integer == Int64(bytes.count))
        let digest = bytes.withUnsafeBytes { Digest.checksum(.sha256, $0) }
        #expect(item["sha256"]?.string == digest.description)
      }
      let page = String(decoding: try contents(html), as: UTF8.self)
      let digest = try contents(file).withUnsafeBytes { Digest.checksum(.sha256, $0) }
      #expect(page.contains(digest.description), "the page names the document that it was made of")
      #expect(try Folder.names(in: folder).count == 4, "nothing else is left behind")
    }
  }

  @Test func `a report of another version, and what is no report, write nothing`() throws {
    try withTemporaryDirectory { folder in
      let (file, html) = (folder + "/r.json", folder + "/r.html")
      try Self.write(Array("{\"schema_version\":\"2.0\"}".utf8), file)
      let later = runTool(["report", file, "--html", html])
      #expect(later.status == .version && later.error.contains("NF-REPORT-22"))
      try Self.write(Array("{}".utf8), file)
      let other = runTool(["report", file, "--html", html])
      #expect(other.status == .source && other.error.contains("NF-REPORT-20"))
      #expect(runTool(["report", folder + "/none.json"]).status == .source)
      #expect(try Folder.names(in: folder) == ["r.json"])
    }
  }

  @Test func `a rendering takes the place of no document and of no other rendering`() throws {
    try withTemporaryDirectory { folder in
      let file = folder + "/r.json"
      let bytes = try Self.document()
      try Self.write(bytes, file)
      #expect(runTool(["report", file, "--html", file]).status == .usage)
      #expect(runTool(["report", file, "--html", folder + "/./r.json"]).status == .usage)
      #expect(runTool(["report", file, "--html", folder + "/a", "--junit", folder + "/a"]).status == .usage)
      #expect(try contents(file) == bytes)
      #expect(try Folder.names(in: folder) == ["r.json"])
    }
  }

  @Test func `a rendering that cannot be written leaves the old one`() throws {
    try withTemporaryDirectory { folder in
      let file = folder + "/r.json"
      try Self.write(Self.document(), file)
      let result = runTool(["report", file, "--html", folder + "/none/r.html"])
      #expect(result.status != .ok && !result.error.isEmpty)
      #expect(try Folder.names(in: folder) == ["r.json"])
    }
  }

  @Test func `the schema is printed as JSON and every metric is explained`() throws {
    let schema = try JSONReader.parse(Array(runTool(["schema", "report"]).output.utf8))
    #expect(schema["$id"]?.string == "urn:noteferry:report:1")
    #expect(runTool(["schema", "reprot"]).status == .usage)
    for metric in Metric.allCases { #expect(Catalogue.find(metric.rawValue).count == 1, "\(metric.rawValue)") }
  }
}
