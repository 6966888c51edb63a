import Migration
import NoteModel

/// The survey as text and as JSON.
extension Survey {
  var text: String {
    var lines: [String] = []
    lines.append("Store    \(SafeText(name).text)")
    lines.append("Product  \(profileTitle), \(versionText)   engine \(engine)")
    lines.append("Size     \(ByteCount(bytes))\(freeSpace.map { "   free on its disk \($0.free)" } ?? "")")
    lines.append("")
    let width = max(6, entities.map(\.entity.count).max() ?? 0)
    lines.append(
      "  \(pad("ENTITY", width))  \(pad("ROLE", 10))  \(right("ROWS", 12))\(isDeep ? right("CONTENTS", 12) + right("BYTES", 12) : "")"
    )
    for entity in entities {
      var line =
        "  \(pad(entity.entity, width))  \(pad(entity.role.rawValue, 10))  \(right(entity.rows.grouped, 12))"
      if isDeep {
        line += right((entity.contents ?? 0).grouped, 12)
        line += right((entity.contents ?? 0) > 0 ? ByteCount(entity.contentBytes ?? 0).description : "", 12)
      }
      lines.append(line)
    }
    if !findings.isEmpty {
      lines.append("")
      lines.append("  FINDINGS")
      for group in findings {
        lines.append(
          "  \(pad(group.severity.rawValue, 8))\(right(group.count.grouped, 9))  \(group.kind.rawValue)")
        for example in group.examples.prefix(3) { lines.append("      \(ResultText.line(example))") }
      }
    }
    for invariant in brokenInvariants {
      lines.append(
        "  warning  invariant '\(SafeText(invariant.name).text)' does not hold for \(Format.count(invariant.rows, "row"))"
      )
    }
    lines.append("")
    lines.append(
      isDeep
        ? "Every row was read in \(Format.duration(wall)). The store was not changed."
        : "Rows were counted, not read; --deep reads them. The store was not changed.")
    return lines.joined(separator: "\n")
  }

  private var versionText: String {
    productVersion.isEmpty ? "no version marker (recognised by its tables)" : "schema \(SafeText(productVersion).text)"
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  var members: [JSONValue.Member] {
    [
      .init("store", .text(SafeText(name).text)), .init("profile", .text(profile)),
      .init("product_version", .text(SafeText(productVersion).text)), .init("engine", .text(engine)),
      .init("fingerprint", .text(fingerprint)), .init("bytes", .integer(bytes)), .init("deep", .bool(isDeep)),
      .init(
        "entities",
        .array(
          entities.map { entity in
            var members: [JSONValue.Member] = [
              .init("entity", .text(entity.entity)), .init("role", .text(entity.role.rawValue)),
              .init("rows", .integer(entity.rows)), .init("columns", .integer(Int64(entity.columns))),
            ]
            if let contents = entity.contents, let bytes = entity.contentBytes {
              members.append(.init("contents", .integer(contents)))
              members.append(.init("content_bytes", .integer(bytes)))
              members.append(.init("largest_content_bytes", .integer(entity.largestContent ?? 0)))
            }
            return .object(members)
          })),
      .init(
        "findings",
        .array(
          findings.map { group in
            .object([
              .init("kind", .text(group.kind.rawValue)), .init("severity", .text(group.severity.rawValue)),
              .init("count", .integer(group.count)),
              .init(
                "examples",
                .array(
                  group.examples.map {
                    .object([
                      .init("entity", .text($0.entity)), .init("key", .text($0.key)),
                      .init("column", .text($0.column)), .init("explanation", .text($0.explanation)),
                    ])
                  })),
            ])
          })),
      .init(
        "broken_invariants",
        .array(brokenInvariants.map { .object([.init("name", .text($0.name)), .init("rows", .integer($0.rows))]) })),
    ]
  }
}
