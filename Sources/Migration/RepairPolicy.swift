import NoteRepair

/// Which repairs are applied on the way into a target; each value includes the ones before it.
public enum RepairPolicy: String, Sendable, CaseIterable {
  /// No text is changed.
  case none
  /// Only where there is one right answer and the bytes give it.
  case lossless
  /// Also where the content is whole and its form was chosen by a rule.
  case policy
  /// Also guesses where bytes are gone.
  case inferred

  /// Whether repairs of `tier` are applied.
  public func applies(_ tier: RepairTier) -> Bool {
    switch tier {
    case .clean, .unrecoverable: false
    case .lossless: self != .none
    case .policy: self == .policy || self == .inferred
    case .inferred: self == .inferred
    }
  }
}

extension RepairTier {
  /// The name in files and reports.
  public var name: String { "\(self)" }

  /// The tier of a name; nil for any other text.
  public init?(name: String) {
    guard let tier = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = tier
  }
}

extension Damage {
  /// The name in files and reports: `double-encoded`, `utf8-as-other-cjk`.
  public var name: String {
    var name = ""
    var isAfterCapital = true
    for letter in "\(self)" {
      if letter.isUppercase, !isAfterCapital { name += "-" }
      name += letter.lowercased()
      isAfterCapital = letter.isUppercase
    }
    return name
  }

  /// The damage of a name; nil for any other text.
  public init?(name: String) {
    guard let damage = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = damage
  }
}
