import CPostgreSQL

/// Keeps the warnings that a server sends beside its results. Written inside libpq's calls, so by the session's thread.
final class Notices {
  struct Notice: Equatable {
    /// Five characters; `01000` for most.
    var state: String
    var words: String
  }

  /// The oldest first; at most 100.
  private(set) var all: [Notice] = []

  func removeAll() { all.removeAll() }

  /// Notices below a warning are the server's chatter and are passed over.
  static func receive(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
    guard let context, let result else { return }
    func field(_ code: Character) -> String {
      PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) } ?? ""
    }
    // The one that is not translated.
    guard field("V") == "WARNING" else { return }
    let notices = Unmanaged<Notices>.fromOpaque(context).takeUnretainedValue()
    if notices.all.count < 100 { notices.all.append(Notice(state: field("C"), words: field("M"))) }
  }
}
