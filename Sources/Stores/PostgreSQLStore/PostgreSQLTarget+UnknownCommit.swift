import NoteModel

// A commit whose answer did not come.
extension PostgreSQLTarget {
  /// Asks the server what became of a transaction whose session was lost in its commit. Returns when it was committed.
  ///
  /// - Throws: `error` with what is known; what else went wrong shows itself at the next statement.
  func requireCommitted(_ transaction: String, else error: MigrationError) throws {
    let question = [Parameter(transaction)]
    let status = try? Connection.patiently(ConnectionAddress(location), within: .seconds(20)) { session in
      try session.text("SELECT pg_xact_status($1::text::xid8)", question)
    }
    if status == "committed" { return }
    var error = error
    error.cause += "; " + Self.words(status ?? nil)
    throw error
  }

  private static func words(_ status: String?) -> String {
    switch status {
    case "aborted": "the server has taken the batch back"
    case "in progress": "the server has not ended the batch yet; the next run finds whether it did"
    default: "it is not known whether the batch was committed; the next run finds that in the mark"
    }
  }
}
