import NoteModel

/// A failure for people: title and code, cause, what is safe now, what to do next, where to read more.
///
/// The code ends at the last column of 80, or of a narrower terminal; where title and code do not fit side by side it
/// stands on a line of its own. Long parts are wrapped, commands are not.
enum ErrorText {
  /// - Parameter width: The terminal's columns; more than 80 are not used.
  static func render(_ error: MigrationError, width: Int) -> String {
    let columns = min(80, max(20, width))
    var lines = title("noteferry: " + clean(error.message), code: error.code.rawValue, columns: columns)
    for (index, line) in causes(error).enumerated() {
      lines += index == 0 ? part("cause", clean(line), columns) : further(clean(line), columns)
    }
    if !error.safeNow.isEmpty { lines += part("safe now", clean(error.safeNow), columns) }
    lines += next(error.next.map(clean), columns)
    lines += part("more", "noteferry explain \(error.code.rawValue)", columns, wraps: false)
    return lines.joined(separator: "\n")
  }

  /// A profile and a plan have a problem a line, whose parts their reader has made printable. Elsewhere a line feed is hostile.
  private static func causes(_ error: MigrationError) -> [String] {
    guard error.code == .profileInvalid || error.code == .planInvalid else {
      return error.cause.isEmpty ? [] : [error.cause]
    }
    return error.cause.split(separator: "\n").map(String.init)
  }

  private static func clean(_ text: String) -> String { SafeText(text).text }

  private static func title(_ title: String, code: String, columns: Int) -> [String] {
    let room = columns - DisplayWidth.of(title) - DisplayWidth.of(code)
    if room >= 2 { return [title + spaces(room) + code] }
    let indent = spaces(max(0, columns - code.count))
    return Wrap.lines(title, width: columns, next: "  ") + [indent + code]
  }

  private static func part(_ label: String, _ text: String, _ columns: Int, wraps: Bool = true) -> [String] {
    let head = "  " + label + spaces(10 - label.count)
    guard wraps else { return [head + text] }
    return Wrap.lines(text, width: columns, first: head, next: spaces(12))
  }

  /// The first step stands beside the label, commands below it and indented.
  private static func next(_ steps: [String], _ columns: Int) -> [String] {
    var lines: [String] = []
    for (index, step) in steps.enumerated() {
      let isCommand = step.hasPrefix("noteferry ")
      if index == 0 {
        lines += part("next", step, columns, wraps: !isCommand)
      } else if isCommand {
        lines.append(spaces(12) + step)
      } else {
        lines += further(step, columns)
      }
    }
    return lines
  }

  private static func further(_ text: String, _ columns: Int) -> [String] {
    Wrap.lines(text, width: columns, first: spaces(12), next: spaces(12))
  }

  private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}

/// Breaks text into lines by display width.
enum Wrap {
  /// - Parameters:
  ///   - first: What stands before the first line.
  ///   - next: What stands before the others.
  static func lines(_ text: String, width: Int, first: String = "", next: String = "") -> [String] {
    var lines: [String] = []
    var line = first
    var columns = DisplayWidth.of(first)
    var isFresh = true
    for word in text.split(separator: " ") {
      let length = DisplayWidth.of(String(word))
      if !isFresh, columns + 1 + length > width {
        lines.append(line)
        line = next
        columns = DisplayWidth.of(next)
        isFresh = true
      }
      if !isFresh {
        line += " "
        columns += 1
      }
      line += word
      columns += length
      isFresh = false
    }
    return lines + [line]
  }
}
