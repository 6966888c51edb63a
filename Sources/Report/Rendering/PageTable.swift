/// A column of a table: what its head says, and which metric stands in it.
struct Column: Sendable {
  var title: Wording
  var metric: Metric?
  var isNumber = false

  init(_ label: Label, metric: Metric? = nil, isNumber: Bool = false) {
    self.init(label.wording, metric: metric, isNumber: isNumber)
  }

  init(_ title: Wording, metric: Metric? = nil, isNumber: Bool = false) {
    self.title = title
    self.metric = metric
    self.isNumber = isNumber
  }
}

/// A row of a table: its cells, of which the first is the head.
struct Row: Sendable {
  var cells: [Markup]
  /// Attributes of the row; made by interpolation.
  var attributes: Markup = ""
}

/// How the caption of a table is shown: as it is, as a heading, or only to those who hear the page.
enum CaptionStyle { case plain, heading, unseen }

extension Page {
  /// A table with a caption, heads with their scope, and on narrow screens a card for each row.
  func table(
    _ id: String, caption: Wording, _ style: CaptionStyle = .plain, columns: [Column], rows: [Row]
  ) -> Markup {
    nameCards(id, columns)
    let head = columns.map { column -> Markup in
      let title = column.metric.map { link($0, column.title) } ?? "\(column.title)"
      return column.isNumber ? "<th scope=col class=r>\(title)</th>" : "<th scope=col>\(title)</th>"
    }
    let body = rows.map { line($0, columns) }
    let shown: Markup =
      switch style {
      case .plain: "<caption>\(caption)</caption>"
      case .heading: "<caption class=h>\(caption)</caption>"
      case .unseen: "<caption><span class=vh>\(caption)</span></caption>"
      }
    return """
      <table id=\(id) class=c>\(shown)<thead><tr>\(head)</tr></thead>
      <tbody>\(body)</tbody></table>

      """
  }

  private func line(_ row: Row, _ columns: [Column]) -> Markup {
    let cells = zip(row.cells, columns).enumerated().map { index, pair -> Markup in
      let (cell, column) = pair
      if index == 0 { return "<th scope=row><div>\(cell)</div></th>" }
      return column.isNumber ? "<td class=r><div>\(cell)</div></td>" : "<td><div>\(cell)</div></td>"
    }
    return "<tr\(row.attributes)>\(cells)</tr>\n"
  }

  /// On narrow screens the heads stand before the cells, by the style: rows stay as short as they are.
  private func nameCards(_ id: String, _ columns: [Column]) {
    for (index, column) in columns.enumerated() {
      let cell = "#\(id) tr>:nth-child(\(index + 1))::before"
      let (en, zh) = (column.title.text(.en), column.title.text(.zhHans))
      narrowStyle += "\(cell){content:\"\(en)\"}#l-zh:checked~* \(cell){content:\"\(zh)\"}"
      if en != zh { narrowStyle += "#l-both:checked~* \(cell){content:\"\(en) \(zh)\"}" }
    }
  }
}
