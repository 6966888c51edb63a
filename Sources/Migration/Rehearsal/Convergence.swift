import NoteModel

/// Whether passes over a live source shrink, and when to stop them.
///
/// t(n+1) = c0 + (r/R) t(n): what changes during a pass is carried by the next one. r is the rate of changes, R the rate
/// of copying, both in bytes of archive. Not in rows: where attachments are most of the bytes, a base has few rows a second.
public struct Convergence: Sendable, Hashable {
  public enum State: String, Sendable, CaseIterable {
    /// More passes are needed to tell.
    case open
    /// Three passes in a row each gained less than a tenth: no pass gets shorter.
    case atFloor = "at-floor"
    /// Nothing changed, and passes are equally long.
    case still
    /// The source changes at more than 0.7 of the rate of copying.
    case diverging
    /// So many passes were made that one more tells nothing.
    case exhausted
  }

  public var state: State
  /// r/R; `nil` while no delta was made.
  public var ratio: Double?

  /// The fewest deltas that are evidence for a prediction.
  public static let evidence = 5
  static let most = 12
  static let divergence = 0.7

  /// - Parameter passes: The base first.
  public init(_ passes: [RehearsedPass]) {
    let deltas = RehearsedPass.deltas(of: passes)
    guard let base = passes.first, !deltas.isEmpty else {
      (state, ratio) = (.open, nil)
      return
    }
    let ratio = Self.ratio(base, deltas.suffix(3))
    self.ratio = ratio
    let isStill = deltas.allSatisfy { $0.items == 0 }
    if deltas.count >= 3, isStill, Self.areAlike(deltas.suffix(3)) {
      state = .still
    } else if deltas.count >= 3 && ratio > Self.divergence || deltas.count == 2 && ratio > 1 {
      // Above 1 each delta is longer than the one before: a third one would not end.
      state = .diverging
    } else if deltas.count >= Self.evidence, Self.gainsLittle(deltas) {
      state = .atFloor
    } else {
      state = deltas.count >= Self.most ? .exhausted : .open
    }
  }

  private static func ratio(_ base: RehearsedPass, _ deltas: [RehearsedPass]) -> Double {
    let time = max(deltas.reduce(0) { $0 + $1.interval.inSeconds }, 1e-6)
    let changing = Double(deltas.reduce(0) { $0 + $1.bytes }) / time
    // Rests are not of the copying.
    let copying = Double(max(base.bytes, 1)) / max(base.work.inSeconds, 1e-6)
    return changing / copying
  }

  private static func areAlike(_ passes: [RehearsedPass]) -> Bool {
    let walls = passes.map(\.wall.inSeconds)
    // Below half a second it is the machine that varies.
    return (walls.max() ?? 0) <= max(1.5 * (walls.min() ?? 0), (walls.min() ?? 0) + 0.5)
  }

  /// Whether none of the last three passes was more than a tenth shorter than the shortest before it.
  private static func gainsLittle(_ deltas: [RehearsedPass]) -> Bool {
    guard deltas.count >= 4 else { return false }
    return deltas.indices.suffix(3).allSatisfy { index in
      let before = deltas[..<index].map(\.wall.inSeconds).min() ?? .infinity
      return deltas[index].wall.inSeconds > 0.9 * before
    }
  }
}
