import Migration
import NoteModel

extension RepairExchangeResult {
  /// The result of apply and undo: complete, or partial where a value was left as it is.
  func outcome(of store: String, done: String, already: String, members more: [JSONValue.Member]) -> Outcome {
    var lines = ["\(Format.count(exchanged, "text")) \(done)."]
    if alreadyDone > 0 { lines.append("\(Format.count(alreadyDone, "text")) \(already).") }
    if notAsked > 0 {
      lines.append("\(Format.count(notAsked, "proposal")) of a tier that was not asked for: --repair.")
    }
    for reason in ValueSkip.Reason.allCases {
      guard let count = left[reason] else { continue }
      lines.append("\(Format.count(count, "text")) left as \(count == 1 ? "it is" : "they are"): \(reason.words).")
    }
    for skip in skips.prefix(20) {
      lines.append(
        "  \(reasonName(skip.reason))  \(SafeText(skip.place.entity).text) \(SafeText(skip.place.key.description).text) "
          + SafeText(skip.place.column).text)
    }
    if leftCount > 20 { lines.append("  … \((leftCount - 20).grouped) more: --json") }
    if exchanged > 0, !triggers.isEmpty {
      lines.append("Triggers that did not fire: \(SafeText(triggers.prefix(10).joined(separator: ", ")).text).")
    }
    for book in books { lines.append("Stored bytes: \(SafeText(book).text)") }
    lines.append("Done in \(Format.duration(wall)).")
    let reasons: [ExitStatus] = leftCount > 0 ? [.partial] : []
    return Outcome(
      reasons.first ?? .ok, text: lines.joined(separator: "\n"),
      members: [.init("store", .text(store))] + more + members, reasons: reasons,
      next: done == "repaired" && !books.isEmpty ? ["noteferry repair undo \(store)"] : [])
  }

  private func reasonName(_ reason: ValueSkip.Reason) -> String { reason.rawValue }

  private var members: [JSONValue.Member] {
    [
      .init("exchanged", .integer(exchanged)), .init("already_done", .integer(alreadyDone)),
      .init("not_asked", .integer(notAsked)),
      .init("left", .object(ValueSkip.Reason.allCases.map { .init($0.name, .integer(left[$0] ?? 0)) })),
      .init(
        "skips",
        .array(
          skips.map {
            .object([
              .init("entity", .text($0.place.entity)), .init("key", .text($0.place.key.description)),
              .init("column", .text($0.place.column)), .init("reason", .text($0.reason.rawValue)),
            ])
          })),
      .init("repairs_files", .array(books.map { .text($0) })), .init("triggers", .array(triggers.map { .text($0) })),
      .init("wall_ms", .integer(Int64(wall.seconds * 1000))),
    ]
  }
}

extension ValueSkip.Reason {
  /// The name of a JSON member.
  fileprivate var name: String { rawValue.split(separator: "-").joined(separator: "_") }

  fileprivate var words: String {
    switch self {
    case .edited: "another text than the recorded one, so somebody edited it"
    case .gone: "the row is not there any more"
    case .collides: "another row has that text, and the store allows it once"
    case .forbidden: "a rule of the table forbids that text"
    case .tooLarge: "the row holds an attachment of more than 16 MiB"
    }
  }
}
