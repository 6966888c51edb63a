import NoteModel

/// Adds up what a phase has done and tells it on. One thread.
final class ProgressCounter: @unchecked Sendable {
  private let phase: PhaseName
  private let totalItems: Int64?
  private let totalBytes: Int64?
  private(set) var items: Int64 = 0
  private(set) var bytes: Int64 = 0
  private var notes: Int64 = 0
  private var losses: Int64 = 0
  private var warnings: Int64 = 0

  init(_ phase: PhaseName, totalItems: Int64?, totalBytes: Int64?) {
    self.phase = phase
    self.totalItems = totalItems
    self.totalBytes = totalBytes
  }

  /// Begins behind what an earlier run has done.
  func resume(items: Int64, bytes: Int64, notes: Int64) {
    self.items = items
    self.bytes = bytes
    self.notes = notes
  }

  func advance(
    rows: Int, bytes more: Int64, role: EntityRole, findings: [Finding] = [], to observer: any RunObserver
  ) {
    items += Int64(rows)
    bytes += more
    if role == .note { notes += Int64(rows) }
    for finding in findings {
      if finding.severity == .loss { losses += 1 } else if finding.severity == .warning { warnings += 1 }
    }
    tell(observer)
  }

  /// Counts bytes alone, in the middle of a large content.
  func advance(bytes more: Int64, to observer: any RunObserver) {
    bytes += more
    tell(observer)
  }

  private func tell(_ observer: any RunObserver) {
    observer.observe(
      .progress(
        RunEvent.Progress(
          phase: phase, doneItems: items, totalItems: totalItems, doneBytes: bytes, totalBytes: totalBytes,
          notes: notes, losses: losses, warnings: warnings)))
  }
}
