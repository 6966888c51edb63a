import AllStores
import ArgumentParser
import DurableIO
import Migration
import NoteModel

/// Tells how a store grows and when its disk is full.
struct ForecastCommand: LongCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast",
    abstract: "Tells how a store grows, and when its disk is full.",
    usage: "noteferry forecast <store> [--horizon <span>] [<options>]",
    discussion: """
      From the times at which rows were made, text and attachments apart. The date is a range: when the store grows on as \
      it did, it is right in eight of ten cases. Ends with 14 when the early end lies within the horizon. Nothing is changed.

      Examples:
        noteferry forecast data/memos_prod.db
        noteferry forecast data/memos_prod.db --horizon 90d --larger-than 20MiB
        noteferry forecast postgresql://memos@/memos --free 40GiB --json
      """)

  @Argument(help: "The store: a path, sqlite:PATH?profile=NAME&data=DIR, postgresql://USER@HOST/DATABASE.")
  var store: String

  @Option(name: .long, help: ArgumentHelp("The time within which the disk must not be full: 30d.", valueName: "span"))
  var horizon: String = "30d"

  @Option(
    name: .long,
    help: ArgumentHelp("Also reckon with attachments longer than that moved out: 10MiB.", valueName: "size"))
  var largerThan: String = "10MiB"

  @Option(name: .long, help: ArgumentHelp("The room on the store's disk, where it cannot be seen.", valueName: "size"))
  var free: String?

  @Option(name: .long, help: ArgumentHelp("A profile that describes the product.", valueName: "file"))
  var profile: String?

  @OptionGroup var global: GlobalOptions

  func perform(_ session: Session) throws -> Outcome {
    let span = try DurationArgument.duration(horizon, for: "--horizon")
    let size = try SizeArgument.size(largerThan, for: "--larger-than")
    let room = try free.map { try SizeArgument.size($0, for: "--free") }
    let access = StoreAccess(session: session, profilePath: profile)
    let inspector = try AllStores.inspector(store, profiles: access.profiles()) {
      guard session.stop.isRequested else { return }
      throw MigrationError(
        session.stop.signal == 15 ? .terminated : .interrupted, "stopped on request", safeNow: "nothing was changed",
        next: ["repeat the same command"])
    }
    defer { inspector.close() }
    let found = try forecast(access.source(store), inspector, free: room, largerThan: size, stop: session.stop)
    let days = Int(span.components.seconds / 86_400)
    let isFull = found.exhaustion?.early.map { $0 <= days } ?? false
    let status: ExitStatus = isFull ? .capacity : .ok
    return Outcome(
      status, text: ForecastView(found: found, horizon: span).text(now: .now), members: ForecastView.members(of: found),
      reasons: isFull ? [.capacity] : [],
      next: isFull ? [CommandLineText.noteferry(["forecast", store, "--larger-than", "1MiB"])] : [])
  }
}

/// A forecast as people and programs read it.
struct ForecastView {
  var found: Forecast
  var horizon: Duration

  func text(now: Timestamp) -> String {
    var lines = [
      "Store        \(SafeText(found.name).text)",
      "Size         \(found.bytes)   room on its disk \(found.free?.description ?? "not known")",
      "History      \(found.history.days) days, the last \(found.usedDays) are used"
        + (found.history.undated > 0 ? "; \(Format.count(found.history.undated, "row")) without a usable time" : ""),
    ]
    if found.usedDays > 0 {
      lines.append("Text         \(ByteCount(Int64(found.textPerDay))) a day, with indexes")
      lines.append("Attachments  \(ByteCount(Int64(found.attachmentsPerDay))) a day")
    }
    lines.append("")
    if let exhaustion = found.exhaustion {
      lines.append("The disk is full " + Self.words(exhaustion, now) + ".")
      if let without = found.exhaustionWithout {
        lines.append(
          "Without the \(Format.count(found.largeCount, "attachment")) of more than \(found.largerThan) "
            + "(\(found.largeBytes)), and those to come: \(Self.words(without, now)).")
      } else {
        lines.append("No attachment has more than \(found.largerThan).")
      }
    } else {
      lines.append("No date can be given: \(found.gap).")
    }
    lines += [
      "", "Reckoned from rows that are still there; what else fills the disk is not in it.",
      "A database file gives room back to its disk only when it is made anew (VACUUM).", "Nothing was changed.",
    ]
    return lines.joined(separator: "\n")
  }

  /// `between 2026-12-01 and 2027-02-10 (8 of 10), most likely about 2026-12-29`.
  private static func words(_ exhaustion: Exhaustion, _ now: Timestamp) -> String {
    func day(_ days: Int) -> String { Timestamp(milliseconds: now.milliseconds + Int64(days) * 86_400_000).day }
    guard let early = exhaustion.early else { return "in more than ten years" }
    let late = exhaustion.late.map(day) ?? "more than ten years from now"
    let middle = exhaustion.middle.map { ", in the middle \(day($0))" } ?? ""
    return "between \(day(early)) and \(late) in 8 of 10 futures\(middle)"
  }

  static func members(of found: Forecast) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("store", .text(SafeText(found.name).text)), .init("bytes", .integer(found.bytes.rawValue)),
      .init("history_days", .integer(Int64(found.history.days))), .init("used_days", .integer(Int64(found.usedDays))),
      .init("undated_rows", .integer(found.history.undated)),
      .init("larger_than_bytes", .integer(found.largerThan.rawValue)),
      .init("large_attachments", .integer(found.largeCount)), .init("large_bytes", .integer(found.largeBytes.rawValue)),
    ]
    if let free = found.free { members.append(.init("free_bytes", .integer(free.rawValue))) }
    if found.usedDays > 0 {
      members.append(.init("text_bytes_per_day", .integer(Int64(found.textPerDay))))
      members.append(.init("attachment_bytes_per_day", .integer(Int64(found.attachmentsPerDay))))
    }
    if let exhaustion = found.exhaustion { members.append(.init("exhaustion_days", days(exhaustion))) }
    if let without = found.exhaustionWithout { members.append(.init("exhaustion_days_without_large", days(without))) }
    if !found.gap.isEmpty { members.append(.init("no_date_because", .text(found.gap))) }
    return members
  }

  /// A day that is later than the ten years that are looked ahead is absent.
  private static func days(_ exhaustion: Exhaustion) -> JSONValue {
    var members: [JSONValue.Member] = [.init("share", .real(Exhaustion.share))]
    if let early = exhaustion.early { members.append(.init("early", .integer(Int64(early)))) }
    if let middle = exhaustion.middle { members.append(.init("middle", .integer(Int64(middle)))) }
    if let late = exhaustion.late { members.append(.init("late", .integer(Int64(late)))) }
    return .object(members)
  }
}
