import Migration
import Report

extension Duration {
  /// Whole milliseconds, as documents and events have them.
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension RehearsalRecord.Verdict {
  /// The same in a report.
  var reportWord: Verdict.Word {
    switch self {
    case .go: .go
    case .goWithCare: .goWithCare
    case .noGo: .noGo
    case .unproven: .unproven
    }
  }
}
