/// A sentence that programs tell apart by its code and that people read in English or in Simplified Chinese.
///
/// Both texts are made at once from a `Phrase`, so neither can be without the other.
public struct Sentence: Sendable, Hashable, CustomStringConvertible {
  /// Which phrase it is: `space-free`. It stays what it is when the words are made better.
  public let code: String
  /// What stands in the places of the phrase, in English where it is words.
  public let parameters: [String]
  public let english: String
  public let chinese: String

  /// - Parameter values: What stands in the places, in their order.
  public init<P: Phrase>(_ phrase: P, _ values: [any Spoken] = []) {
    code = phrase.code
    parameters = values.map(\.parameter)
    let words = phrase.words
    english = Self.filled(words.en, values.map(\.english))
    chinese = Self.filled(words.zh, values.map(\.chinese))
  }

  /// A text without places for values.
  ///
  /// - Parameter words: The same in English and in Chinese; what a computer says (a name, a command) is both.
  public init(code: String, english: String, chinese: String) {
    (self.code, self.english, self.chinese, parameters) = (code, english, chinese, [])
  }

  public var description: String { english }

  /// A value is put in once and not looked at, so that braces in it stay as they are.
  private static func filled(_ words: String, _ values: [String]) -> String {
    var text = ""
    var rest = Substring(words)
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      text += rest[..<open]
      let place = Int(rest[rest.index(after: open)..<close]) ?? 0
      text += values.indices.contains(place - 1) ? values[place - 1] : ""
      rest = rest[rest.index(after: close)...]
    }
    return text + rest
  }
}

/// The words of one area, each with its code; the cases are the table.
public protocol Phrase: RawRepresentable<String>, CaseIterable, Sendable {
  /// English and Simplified Chinese. `{1}` is the place of the first value; both texts have the same places.
  var words: (en: String, zh: String) { get }
}

extension Phrase {
  /// The name of the case with hyphens: `spaceFree` is `space-free`.
  public var code: String {
    rawValue.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
  }
}

/// What can stand in a sentence: words in both languages, or something that is the same in both.
public protocol Spoken: Sendable {
  var english: String { get }
  var chinese: String { get }
  /// As programs get it.
  var parameter: String { get }
}

extension Spoken {
  public var parameter: String { english }
}

extension Sentence: Spoken {}

extension Spoken where Self: CustomStringConvertible {
  public var english: String { description }
  public var chinese: String { description }
}

extension String: Spoken {}
extension ByteCount: Spoken {}

extension Int: Spoken {}
extension Int64: Spoken {}

/// Numbers with their thousands apart; programs get the digits alone.
extension Spoken where Self: FixedWidthInteger {
  public var english: String { grouped }
  public var chinese: String { grouped }
  public var parameter: String { String(self) }
}

/// Several in one sentence, divided as each language does it.
public struct SpokenList: Spoken {
  public var items: [any Spoken]
  public init(_ items: [any Spoken]) { self.items = items }
  public var english: String { items.map(\.english).joined(separator: ", ") }
  public var chinese: String { items.map(\.chinese).joined(separator: "、") }
}

/// A time as a sentence has it: `340 ms`, `12.5 s`, `4 min 10 s`, `2 h 5 min`.
public struct SpokenTime: Spoken {
  public var time: Duration?
  /// - Parameter time: `nil`: nobody knows it.
  public init(_ time: Duration?) { self.time = time }

  public var english: String { time.map { Self.words($0, ("ms", "s", "min", "h")) } ?? "an unknown time" }
  public var chinese: String { time.map { Self.words($0, ("毫秒", "秒", "分", "小时")) } ?? "未知时间" }

  private static func words(_ time: Duration, _ unit: (ms: String, s: String, min: String, h: String)) -> String {
    let seconds = time.inSeconds
    if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) \(unit.ms)" }
    if seconds < 59.95 {
      let tenths = Int((seconds * 10).rounded())
      return "\(tenths / 10).\(tenths % 10) \(unit.s)"
    }
    let whole = Int(seconds.rounded())
    return whole < 3600
      ? "\(whole / 60) \(unit.min) \(whole % 60) \(unit.s)" : "\(whole / 3600) \(unit.h) \(whole / 60 % 60) \(unit.min)"
  }
}
