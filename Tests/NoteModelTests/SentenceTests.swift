import NoteModel
import Testing

struct SentenceTests {
  private enum Words: String, Phrase {
    case roomLeft, nested, plain
    var words: (en: String, zh: String) {
      switch self {
      case .roomLeft: ("{1} free at {2}", "{2} 空闲 {1}")
      case .nested: ("found: {1}", "发现：{1}")
      case .plain: ("none", "无")
      }
    }
  }

  @Test func `each language has the values in places of its own`() {
    let sentence = Sentence(Words.roomLeft, [ByteCount.mebibytes(3), "/x"])
    #expect(sentence.code == "room-left" && sentence.parameters == ["3.0 MiB", "/x"])
    #expect(sentence.english == "3.0 MiB free at /x" && sentence.chinese == "/x 空闲 3.0 MiB")
  }

  @Test func `what stands in a sentence is in the language of the sentence`() {
    let sentence = Sentence(Words.nested, [SpokenList([Sentence(Words.plain), "x"])])
    #expect(sentence.english == "found: none, x" && sentence.chinese == "发现：无、x")
  }

  @Test func `a value with braces stays as it is`() {
    let sentence = Sentence(Words.roomLeft, ["{2}", "{1}{"])
    #expect(sentence.english == "{2} free at {1}{" && sentence.chinese == "{1}{ 空闲 {2}")
  }

  @Test(arguments: [
    (Duration.milliseconds(340), "340 ms", "340 毫秒"), (.milliseconds(12_540), "12.5 s", "12.5 秒"),
    (.milliseconds(59_990), "1 min 0 s", "1 分 0 秒"), (.seconds(7500), "2 h 5 min", "2 小时 5 分"),
  ])
  func `a time is said in both languages`(time: Duration, english: String, chinese: String) {
    #expect(SpokenTime(time).english == english && SpokenTime(time).chinese == chinese)
  }
}
