import NoteRepair

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A repeatable source of randomness (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// The seed of this run: `NOTEFERRY_TEST_SEED`, else a new one. Tests show it when they fail.
  static let runSeed: UInt64 =
    getenv("NOTEFERRY_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 1...9999)
}

let engine = RepairEngine()

extension Repair {
  var string: String { String(decoding: text, as: UTF8.self) }

  func holds(_ damage: Damage) -> Bool { findings.contains { $0.damage == damage } }
}

func repair(_ text: String, kind: RepairContext.Kind = .body) -> Repair { repair(Array(text.utf8), kind: kind) }

func repair(_ bytes: [UInt8], kind: RepairContext.Kind = .body) -> Repair {
  engine.repair(bytes, context: RepairContext(kind: kind))
}

extension String {
  /// The text as bytes of a page.
  func bytes(_ page: CodePage) -> [UInt8] { page.encode(unicodeScalars)! }

  /// The text as somebody sees it who takes its bytes in one page for bytes in another.
  func misread(from: CodePage = .utf8, as page: CodePage) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: try! page.decode(bytes(from)))
    return text
  }
}

/// Clean notes, written for these tests.
enum Sample {
  static let chinese = "今天下午我们去图书馆借了三本关于海洋的书，回来的路上下起了大雨。"
  static let traditional = "昨天晚上弟弟在廚房裡做了一碗熱騰騰的牛肉麵，味道非常好。"
  static let japanese = "きのうの夜は友だちと一緒に駅の近くの新しい食堂で魚料理を食べました。"
  static let korean = "어제 저녁에는 동생과 함께 시장에서 사과와 배를 사서 집으로 돌아왔습니다."
  static let french = "Le garçon a mangé une pêche très mûre près de la fenêtre, où il faisait déjà plus frais."
  static let german = "Die Bäckerei in der Königstraße öffnet früh, und die Brötchen sind noch heiß."
  static let czech = "Příliš žluťoučký kůň stál včera večer u řeky a díval se na měsíc."
  static let russian = "Вчера вечером мы долго гуляли по набережной и говорили о летних каникулах."
  static let greek = "Χθες το βράδυ πήγαμε στην παραλία και φάγαμε ψάρι με τους φίλους μας."
  static let hebrew = "אתמול בערב הלכנו לים ואכלנו דגים טריים עם חברים."
  static let arabic = "ذهبنا مساء أمس إلى الشاطئ وأكلنا السمك مع الأصدقاء."
  static let thai = "เมื่อวานเย็นเราไปเดินเล่นที่ตลาดและกินข้าวกับเพื่อน"
  static let turkish = "Dün akşam arkadaşlarımla sahilde yürüdük ve güneşin batışını izledik."
  static let icelandic = "Í gær fórum við niður að höfn og borðuðum nýjan fisk með góðum vinum."
  static let vietnamese = "Tối hôm qua chúng tôi đi dạo bên bờ hồ và ăn phở với bạn bè."

  static let all = [
    chinese, traditional, japanese, korean, french, german, czech, russian, greek, hebrew, arabic, thai, turkish,
    icelandic, vietnamese, "Plain notes need no second look.", "",
  ]
}
