import Cutover
import Migration
import NoteModel

/// The words of a progress report: fields in their rank, the last ones dropped where the line is too narrow.
enum ProgressLine {
  /// One line that is redrawn: phase, percent, end, done and total, rate, notes, lost.
  ///
  /// - Parameter width: The most columns.
  static func terminal(_ tracker: ProgressTracker, at time: Double, width: Int, asciiOnly: Bool) -> String {
    guard let phase = tracker.phase else { return "" }
    var fields = [phase.rawValue]
    if let progress = tracker.latest {
      fields += [tracker.percent.map { "\($0)%" } ?? "still counting"]
      if let end = end(tracker, at: time, asciiOnly: asciiOnly) { fields.append(end) }
      fields.append(amount(progress))
      if let rate = rate(tracker, at: time) { fields.append(rate) }
      if progress.notes > 0 { fields.append(Format.count(progress.notes, "note")) }
      fields.append("\(progress.losses.grouped) lost")
      if let reason = progress.throttledBy { fields.append("slowed by \(reason)") }
    }
    var line = ""
    for (index, field) in fields.enumerated() {
      let longer = index == 0 ? field : line + "  " + field
      if DisplayWidth.of(longer) > width { break }
      line = longer
    }
    return line
  }

  /// `frozen: users cannot write until the fence of the source is dropped or expires`
  static func entered(_ step: RunEvent.CutoverStep) -> String {
    let state = CutoverState(rawValue: step.to)
    return step.to + (state.map { ": " + StatusView.words($0.service) } ?? "")
      + (step.reason.map { " (\($0))" } ?? "")
  }

  /// A line that stays, without its time: `export 10%  3.9 GiB  16 MiB/s  ETA 29–38 min`.
  static func plain(_ tracker: ProgressTracker, at time: Double, asciiOnly: Bool) -> String {
    guard let phase = tracker.phase, let progress = tracker.latest else { return "" }
    var fields = [phase.rawValue + " " + (tracker.percent.map { "\($0)%" } ?? "still counting")]
    fields.append(
      progress.doneBytes > 0
        ? ByteCount(progress.doneBytes).description : Format.count(progress.doneItems, "row"))
    if let rate = rate(tracker, at: time) { fields.append(rate) }
    if let end = end(tracker, at: time, asciiOnly: asciiOnly) { fields.append(end) }
    if progress.losses > 0 { fields.append("\(progress.losses.grouped) lost") }
    return fields.joined(separator: "  ")
  }

  static func started(_ start: RunEvent.PhaseStart) -> String {
    var totals: [String] = []
    if let items = start.totalItems { totals.append(Format.count(items, "row")) }
    if let bytes = start.totalBytes { totals.append(ByteCount(bytes).description) }
    return start.name.rawValue + " started" + (totals.isEmpty ? "" : ": " + totals.joined(separator: ", "))
  }

  static func passed(_ pass: RehearsedPass) -> String {
    let name = pass.number == 0 ? "base" : "delta \(pass.number)" + (pass.isGlance ? ", a glance" : "")
    return "\(name): \(Format.count(pass.items, "row")), \(ByteCount(pass.bytes)), \(Format.duration(pass.wall))"
  }

  static func finished(_ end: RunEvent.PhaseEnd) -> String {
    end.name.rawValue + " finished: " + Format.count(end.items, "row") + ", " + ByteCount(end.bytes).description
      + " in " + Format.duration(end.wall)
  }

  private static func amount(_ progress: RunEvent.Progress) -> String {
    if let total = progress.totalBytes, total > 0 {
      return Format.progress(ByteCount(progress.doneBytes), of: ByteCount(total))
    }
    if let total = progress.totalItems, total > 0 {
      return progress.doneItems.grouped + "/" + Format.count(total, "row")
    }
    return progress.doneBytes > 0
      ? ByteCount(progress.doneBytes).description : Format.count(progress.doneItems, "row")
  }

  private static func rate(_ tracker: ProgressTracker, at time: Double) -> String? {
    if let bytes = tracker.bytesPerSecond(at: time), bytes > 0 { return Format.rate(bytes) }
    if let items = tracker.itemsPerSecond(at: time), items > 0 { return Int64(items).grouped + " rows/s" }
    return nil
  }

  private static func end(_ tracker: ProgressTracker, at time: Double, asciiOnly: Bool) -> String? {
    tracker.remaining(at: time).map { "ETA " + Format.range($0.low, $0.high, asciiOnly: asciiOnly) }
  }
}
