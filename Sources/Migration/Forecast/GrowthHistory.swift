import NoteModel
import NoteStore

/// What a store grew by, day by day, as the rows that it still has tell. Rows that were removed since are not seen.
public struct GrowthHistory: Sendable {
  /// Bytes that came on each day, the oldest first; whole days, today not among them.
  public var text: [Double] = []
  public var attachments: [Double] = []
  /// Of `attachments`, those longer than the length that was asked about.
  public var large: [Double] = []
  /// Rows whose time is missing, in the future or before 2000.
  public var undated: Int64 = 0

  public var days: Int { text.count }

  public init() {}

  /// - Parameters:
  ///   - today: Days since 1970-01-01.
  public init(_ text: [DayGrowth], attachments: [DayGrowth], today: Int64) {
    let earliest: Int64 = 10_957
    let sound = { (day: DayGrowth) in day.day.map { $0 >= earliest && $0 <= today } ?? false }
    undated = (text + attachments).filter { !sound($0) }.reduce(0) { $0 + $1.rows }
    let known = (text + attachments).filter(sound).compactMap(\.day)
    guard let first = known.min(), first < today else { return }
    let count = Int(today - first)
    func series(_ growth: [DayGrowth], _ bytes: (DayGrowth) -> Int64) -> [Double] {
      var series = [Double](repeating: 0, count: count)
      for entry in growth where sound(entry) {
        guard let day = entry.day, day < today else { continue }
        series[Int(day - first)] += Double(bytes(entry))
      }
      return series
    }
    self.text = series(text, \.bytes)
    self.attachments = series(attachments, \.bytes)
    large = series(attachments, \.largeBytes)
  }

  /// The last `limit` days, cut to whole weeks that end yesterday.
  func recent(_ limit: Int) -> GrowthHistory {
    let count = min(days, limit) / 7 * 7
    var recent = self
    recent.text = Array(text.suffix(count))
    recent.attachments = Array(attachments.suffix(count))
    recent.large = Array(large.suffix(count))
    return recent
  }
}
