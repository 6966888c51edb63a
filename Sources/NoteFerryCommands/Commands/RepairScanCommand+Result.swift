import Migration
import NoteModel

/// The damaged texts as people and as programs read them.
extension RepairSurvey {
  /// - Parameter samples: Whether texts were asked for.
  func text(samples: Bool) -> String {
    var lines = ["Read     \(SafeText(name).text)   \(Format.count(rows, "row")) with text of \(profile)", ""]
    if columns.isEmpty {
      lines.append("No damaged text.")
    } else {
      lines.append(total.sentence)
      lines += table(samples: samples)
      if !samples { lines += ["", "Texts are not shown; --samples 3 shows three of each kind."] }
    }
    if longValues > 0 {
      lines.append("\(Format.count(longValues, "text")) of more than 16 MiB: looked at, and never repaired.")
    }
    if unreadableRows > 0 { lines.append("\(Format.count(unreadableRows, "row")) could not be read.") }
    lines.append("Judged in \(Format.duration(wall)). Nothing was changed.")
    return lines.joined(separator: "\n")
  }

  private func table(samples: Bool) -> [String] {
    let names = columns.map { "\($0.entity).\(SafeText($0.column).text)" }
    let width = max(
      20, names.map { DisplayWidth.of($0) }.max() ?? 0, 2 + (columns.flatMap(\.kinds).map(\.name.count).max() ?? 0))
    var lines = ["", "  " + row("", width, ["VALUES", "EXACTLY", "BY RULE", "BY GUESS", "NOT"])]
    for (column, name) in zip(columns, names) {
      lines.append("  " + row(name, width, column.counts.cells))
      for kind in column.kinds {
        lines.append("  " + row("  " + kind.name, width, kind.counts.cells))
        guard samples else { continue }
        for sample in kind.samples {
          lines.append("      \(SafeText(sample.key).text)")
          lines.append("        was  \(SafeText(sample.before, limit: 60).text)")
          lines.append(
            "        is   \(sample.before == sample.after ? "left" : SafeText(sample.after, limit: 60).text)")
        }
      }
    }
    return lines
  }

  private func row(_ name: String, _ width: Int, _ cells: [String]) -> String {
    let fill = String(repeating: " ", count: max(0, width - DisplayWidth.of(name)))
    return name + fill + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
  }

  var members: [JSONValue.Member] {
    [
      .init("place", .text(SafeText(name).text)), .init("profile", .text(profile)),
      .init("product_version", .text(SafeText(productVersion).text)), .init("rows", .integer(rows)),
      .init("damaged", .object(total.members)), .init("long_values", .integer(longValues)),
      .init("unreadable_rows", .integer(unreadableRows)),
      .init("wall_ms", .integer(Int64(wall.seconds * 1000))),
      .init(
        "columns",
        .array(
          columns.map { column in
            .object(
              [.init("entity", .text(column.entity)), .init("column", .text(SafeText(column.column).text))]
                + column.counts.members + [.init("kinds", .array(column.kinds.map(\.json)))])
          })),
    ]
  }
}

extension RepairSurvey.Counts {
  /// `55 texts are damaged: 50 can be repaired exactly, 3 by a rule, 1 only by a guess, 1 not.`
  var sentence: String {
    "\(Format.count(values, "text")) \(values == 1 ? "is" : "are") damaged: \(exactly.grouped) can be repaired "
      + "exactly, \(byRule.grouped) by a rule, \(byGuess.grouped) only by a guess, \(not.grouped) not."
  }

  var cells: [String] { [values, exactly, byRule, byGuess, not].map(\.grouped) }

  var members: [JSONValue.Member] {
    [
      .init("values", .integer(values)), .init("exactly", .integer(exactly)), .init("by_rule", .integer(byRule)),
      .init("by_guess", .integer(byGuess)), .init("not", .integer(not)),
    ]
  }
}

extension RepairSurvey.Kind {
  var name: String { damage.name }

  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [.init("kind", .text(name))] + counts.members
    if !samples.isEmpty {
      members.append(
        .init(
          "samples",
          .array(
            samples.map {
              .object([
                .init("key", .text(SafeText($0.key).text)), .init("before", .text(SafeText($0.before, limit: 60).text)),
                .init("after", .text(SafeText($0.after, limit: 60).text)),
              ])
            })))
    }
    return .object(members)
  }
}
