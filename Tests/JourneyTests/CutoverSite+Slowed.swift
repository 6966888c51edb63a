import NoteModel
import Testing

extension CutoverSite {
  /// A cutover whose last delta does not come to its end: while its freeze hook runs, the rate is lowered.
  ///
  /// - Parameter site: Where it is done; nobody writes yet.
  static func slowed(_ site: CutoverSite? = nil, downtime: String = "14s") throws -> (CutoverSite, Running) {
    let site = try site ?? CutoverSite(settings: "")
    let (begun, slowed) = (site.scratch.path("freezing"), site.scratch.path("slowed"))
    try site.write(
      downtime: downtime,
      settings: Self.freeze("touch \(begun); while [ ! -e \(slowed) ]; do sleep 0.05; done", limit: "10s"))
    try site.startWriting()
    let running = site.start(try site.arguments())
    try site.wait("the freeze hook") { fileExists(begun) }
    try site.setRate("50B/s")
    writeFile(slowed, [])
    return (site, running)
  }

  /// What the run under way may read in a second.
  func setRate(_ rate: String, location: SourceLocation = #_sourceLocation) throws {
    let answer = scratch.ferry("ctl", try name, "rate", rate, "--json")
    #expect(answer.json["granted"]?.bool == true, "\(answer.words)", sourceLocation: location)
  }

  static func freeze(_ script: String, limit: String) -> String {
    """
    [freeze]
    method = "both"
    [hooks.freeze]
    command = ["/bin/sh", "-c", "\(script)"]
    limit = "\(limit)"
    [hooks.thaw]
    command = ["/bin/true"]
    limit = "5s"
    """
  }
}
