import NoteModel

// What is said of a lost standby.
extension StandbyWatch {
  /// The standby's loss, with what the primary says of it and, where the primary's own users wait for it, how to end that.
  func lost(_ cause: String) -> MigrationError {
    let seen = try? askPrimary { try $0.query(Self.sender) }
    var causes = [cause.hasPrefix(addresses.standby.name) ? cause : "\(addresses.standby.name): \(cause)"]
    var next = ["start node B, or mend the network between the nodes"]
    if let seen {
      causes.append(
        seen.integer(0, 0) == 0
          ? "the primary feeds no standby"
          : "the primary still lists \(seen.optionalText(0, 1) ?? "a standby")")
      let names = seen.text(0, 2)
      if !names.isEmpty {
        let waiting = seen.integer(0, 3)
        causes.append(
          "the primary waits for it at every commit (synchronous_standby_names is \(names))"
            + (waiting > 0 ? ", and \(waiting) sessions hang in that wait now" : ""))
        next.append(Self.release)
      }
    }
    return MigrationError(
      .standbyLost, "the standby does not follow the primary", cause: causes.joined(separator: "; "), next: next)
  }

  /// How users write while a synchronous standby is gone; for the operator to decide.
  static let release =
    "where users must write before it is back, on the primary: "
    + "ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf();"

  private static let sender = """
    SELECT count(*), string_agg(application_name || coalesce(', which is ' || state
        || ' and has confirmed all but ' || pg_wal_lsn_diff(sent_lsn, flush_lsn) || ' bytes', ''), ' and '),
      coalesce(current_setting('synchronous_standby_names'), ''),
      (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep') FROM pg_stat_replication
    """
}
