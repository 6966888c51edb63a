import DurableIO
import NoteModel

// Whether the log holds committed changes that SQLite does not read. See the decision 0017.
extension WriteAheadLog {
  /// Looks for ends of transactions behind the place where SQLite takes the log as ended. To be called before SQLite
  /// opens the store, because that may make the index anew.
  ///
  /// A program may be writing: what looks damaged is looked at again for 100 ms.
  ///
  /// - Returns: A finding of the severity `loss`; `nil` when nothing is missing, or when the log begins anew so often
  ///   that it cannot be read through, which shows that its frames reach the database.
  func damage() throws -> Finding? {
    guard let file = try? File.read(path) else { return nil }
    for _ in 0..<5 {
      guard var scan = LogScan(header: header) else { return nil }
      var finding: Finding?
      for attempt in 0..<6 {
        if attempt > 0 { pause(milliseconds: 20) }
        // Read before the frames: what it counts has been written.
        let index = isInUse ? self.index : nil
        try scan.run(file)
        finding = Self.damage(scan, index)
        if finding == nil || header != scan.header { break }
      }
      if header == scan.header { return finding }
    }
    return nil
  }

  /// - Parameter index: The index that other programs read the log by; `nil` when there are none.
  private static func damage(_ scan: LogScan, _ index: Index?) -> Finding? {
    let lost: String
    if let index {
      // The index tells of a log that is about to begin anew: all of this one is in the database.
      guard index.salts == Array(scan.header[16..<24]) else { return nil }
      if index.frames > scan.committed {
        guard index.copied < index.frames else { return nil }
        lost = "the running server reads \(index.frames) frames, damaged ones among them"
      } else {
        guard scan.commitsBehind > 0 else { return nil }
        lost = "\(count(scan.commitsBehind)) are not read, neither here nor by the running server"
      }
    } else {
      let commits = scan.commitsBehind + scan.doubtfulCommits
      guard commits > 0 else { return nil }
      lost = "\(count(commits)) are not read"
    }
    return Finding(
      .logDamaged, .loss, entity: "",
      explanation: "the write-ahead log can be read up to frame \(scan.committed); \(scan.framesBehind) more frames of "
        + "the same log lie behind a damaged one, and \(lost)")
  }

  private static func count(_ commits: Int64) -> String {
    commits == 1 ? "the changes of 1 transaction" : "the changes of \(commits) transactions"
  }
}
