import Migration
import NoteModel
import Testing

/// What preflight and rehearsal say, as a report has it in two languages.
struct PhraseTests {
  @Test func `every phrase of a preflight has the same places in both languages`() { check(PreflightPhrase.self) }
  @Test func `every phrase of a rehearsal has the same places in both languages`() { check(RehearsalPhrase.self) }

  @Test func `codes are words of small letters, and none is used twice`() {
    let codes = PreflightPhrase.allCases.map(\.code) + RehearsalPhrase.allCases.map(\.code)
    #expect(codes.allSatisfy { $0.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil }, "\(codes)")
    #expect(Set(codes).count == codes.count)
  }

  private func check<P: Phrase>(_ phrases: P.Type) {
    for phrase in P.allCases {
      let (english, chinese) = phrase.words
      #expect(places(english) == places(chinese), "\(phrase.code)")
      #expect(english.allSatisfy { $0.isASCII }, "\(phrase.code)")
      // Marks of English between Chinese characters; inside of commands and names they stay.
      #expect(chinese.firstMatch(of: /[一-龥][,;:!?]/) == nil, "\(phrase.code): \(chinese)")
    }
  }

  private func places(_ text: String) -> [String] { text.matches(of: /\{[0-9]\}/).map { String($0.output) }.sorted() }
}
