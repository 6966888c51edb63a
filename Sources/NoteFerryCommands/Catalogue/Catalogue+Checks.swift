import Migration

extension Catalogue {
  /// The checks of a preflight.
  static let checks: [Explanation] = PreflightCheck.all.map { check in
    Explanation(
      topic: .check, key: check.id,
      means: "\(check.name): \(check.measured)" + (check.isRequired ? " Without it there is no verdict." : ""),
      matters: check.purpose, act: "Well is: \(check.recommended). Else: \(check.fix).")
  }
}
