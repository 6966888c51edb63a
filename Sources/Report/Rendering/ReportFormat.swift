/// What a report can be rendered as.
public enum ReportFormat: String, Sendable, CaseIterable {
  case text, html, markdown, junit
}

extension ReportDocument {
  /// The report in one format, as UTF-8.
  public func rendered(as format: ReportFormat, _ options: RenderOptions = RenderOptions()) -> [UInt8] {
    switch format {
    case .text: Array(text(options).utf8)
    case .html: Array(html(options).utf8)
    case .markdown: Array(markdown(options).utf8)
    case .junit: Array(junit(options).utf8)
    }
  }
}
