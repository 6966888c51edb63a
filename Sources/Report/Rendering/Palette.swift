/// The colours of a page, in both schemes. Text and its ground differ by at least 4.5, marks and lines of drawings by 3.
struct Palette: Sendable {
  /// Names of custom properties and their values.
  var colours: [(name: String, value: String)]

  static let light = Palette(colours: [
    ("bg", "#ffffff"), ("soft", "#f3f5f7"), ("line", "#dde2e7"), ("ink", "#1a2027"), ("muted", "#566069"),
    ("link", "#1b5a94"), ("live", "#4f7aa3"), ("frozen", "#a84f0b"), ("band", "#fbf0e5"), ("go", "#14653a"),
    ("care", "#855000"), ("nogo", "#a5211b"), ("unproven", "#465467"), ("spare", "#e7ecf1"),
  ])

  static let dark = Palette(colours: [
    ("bg", "#14181c"), ("soft", "#1d2329"), ("line", "#333c45"), ("ink", "#e3e7eb"), ("muted", "#a0abb6"),
    ("link", "#8fc1f4"), ("live", "#6c9aca"), ("frozen", "#ee9850"), ("band", "#2d241b"), ("go", "#6fd19c"),
    ("care", "#f0b95f"), ("nogo", "#ff9990"), ("unproven", "#b4c0ce"), ("spare", "#28313a"),
  ])

  /// What is written on what.
  static let textPairs = [
    ("ink", "bg"), ("ink", "soft"), ("ink", "band"), ("muted", "bg"), ("muted", "soft"), ("muted", "band"),
    ("link", "bg"), ("link", "soft"), ("go", "bg"), ("care", "bg"), ("nogo", "bg"), ("unproven", "bg"),
    ("frozen", "bg"), ("frozen", "band"), ("care", "soft"), ("nogo", "soft"),
  ]

  /// What is drawn on what.
  static let drawingPairs = [
    ("live", "bg"), ("frozen", "bg"), ("frozen", "band"), ("live", "spare"), ("link", "spare"),
  ]

  var properties: String { colours.map { "--\($0.name):\($0.value)" }.joined(separator: ";") }

  subscript(name: String) -> String { colours.first { $0.name == name }!.value }

  /// The contrast of two colours as WCAG 2 defines it, 1 to 21.
  func contrast(_ first: String, _ second: String) -> Double {
    let (one, two) = (Self.luminance(self[first]), Self.luminance(self[second]))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)
  }

  private static func luminance(_ hex: String) -> Double {
    let number = Int(hex.dropFirst(), radix: 16)!
    let parts = [number >> 16 & 255, number >> 8 & 255, number & 255].map { part in
      let value = Double(part) / 255
      return value <= 0.04045 ? value / 12.92 : power((value + 0.055) / 1.055)
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }

  /// x to the power of 2.4, by Newton's method for the fifth root of x to the twelfth; exact to ten digits.
  private static func power(_ base: Double) -> Double {
    let twelfth = base * base * base * base * base * base * base * base * base * base * base * base
    var root = 1.0
    for _ in 0..<200 { root -= (root * root * root * root * root - twelfth) / (5 * root * root * root * root) }
    return root
  }
}
