/// What each naive method lost beside noteferry, by family.
package struct BaselineTable: Sendable {
  /// The outcome of one scenario.
  package struct Row: Sendable {
    package var family: String
    package var notes = 0
    package var attachments = 0
    package var lost: [NaiveMethod: (notes: Int, attachments: Int)] = [:]
    package var lostByNoteferry = (notes: 0, attachments: 0)
    /// Of these, how many the import's own sum names.
    package var toldByNoteferry = (notes: 0, attachments: 0)
  }

  private var rows: [Row]

  package init(_ rows: [Row]) { self.rows = rows }

  /// Two tables in Markdown: notes, then attachments.
  package var markdown: String {
    let families = Set(rows.map(\.family)).sorted()
    return table("notes", families, total: { $0.notes }, lost: { $0.notes }) + "\n"
      + table("attachments", families, total: { $0.attachments }, lost: { $0.attachments })
  }

  private func table(
    _ noun: String, _ families: [String], total: (Row) -> Int, lost: ((notes: Int, attachments: Int)) -> Int
  ) -> String {
    let methods = NaiveMethod.allCases
    var text =
      "| lost or changed | \(noun) | \(methods.map(\.title).joined(separator: " | ")) | noteferry | of these told |\n"
    text += "| --- | ---: |" + String(repeating: " ---: |", count: methods.count + 2) + "\n"
    for family in families + ["all"] {
      let part = family == "all" ? rows : rows.filter { $0.family == family }
      let all = part.reduce(0) { $0 + total($1) }
      let naive = methods.map { method in String(part.reduce(0) { $0 + ($1.lost[method].map(lost) ?? 0) }) }
      let ours = part.reduce(0) { $0 + lost($1.lostByNoteferry) }
      let told = part.reduce(0) { $0 + lost($1.toldByNoteferry) }
      text += "| \(family) (\(part.count)) | \(all) | \(naive.joined(separator: " | ")) | \(ours) | \(told) |\n"
    }
    return text
  }
}
