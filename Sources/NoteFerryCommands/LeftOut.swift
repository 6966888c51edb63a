import NoteArchive
import NoteModel

extension SegmentSummary {
  /// Whether a table of the source with rows of its own is in no account, because it could not be carried.
  var leavesTablesOut: Bool {
    findings.contains {
      $0.kind == Finding.Kind.tableNotCarried.rawValue && $0.severity == Finding.Severity.loss.rawValue
    }
  }
}
