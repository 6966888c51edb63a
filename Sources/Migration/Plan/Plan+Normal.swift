import DurableIO
import NoteModel

extension Plan {
  /// One setting in its normal form.
  public struct Setting: Sendable, Hashable {
    /// `budget.downtime`.
    public var key: String
    /// As TOML writes it: `"1h"`, `true`, `["/a", "/b"]`.
    public var value: String
  }

  /// Every setting that has a value, also those that the file leaves to their default, in the order of Plan.md.
  ///
  /// This is what a plan means. How it is written down is not in it: comments, spaces, the order of keys, the unit of a
  /// size or of a span, and whether a default stands in the file.
  public var settings: [Setting] {
    var list: [Setting] = []
    func add(_ key: String, _ value: String?) { if let value { list.append(Setting(key: key, value: value)) } }
    add("schema", "1")
    add("confirm-name", Self.text(confirmName))
    add("tool-version", toolVersion.map(Self.text))
    add("archive", Self.text(archive ?? "-"))
    add("source.place", Self.text(source.place))
    add("source.node", source.node.map(Self.text))
    add("source.profile", source.profile.map(Self.text))
    add("source.profile-file", source.profileFile.map(Self.text))
    add("target.nodes", Self.texts(target.nodes))
    add("target.node-policy", Self.text(target.nodePolicy.rawValue))
    add("target.create-schema", String(target.createsSchema))
    add("carry.select", Self.text("all"))
    add("carry.secrets", Self.text(carry.secrets.rawValue))
    add("carry.attachments", Self.text(carry.attachments.rawValue))
    add("carry.repair", Self.text(carry.repair.rawValue))
    add("budget.downtime", Self.text(budget.downtime.span))
    add("budget.rollback-reserve", Self.text(budget.rollbackReserve.span))
    add("budget.free-floor", budget.freeFloor.map { Self.text("\($0.rawValue)B") })
    add("budget.rate", budget.rate.map { Self.text("\($0.rawValue)B/s") })
    add("budget.wal", budget.wal.map { Self.text("\($0.rawValue)B") })
    add("budget.snapshot-age", Self.text(budget.snapshotAge.span))
    for (name, limit) in loss.limits { add("loss." + name, Self.limit(limit)) }
    add("freeze.method", Self.text(freeze.rawValue))
    for name in HookName.allCases {
      guard let hook = hooks[name] else { continue }
      add("hooks.\(name.rawValue).command", Self.texts(hook.command))
      add("hooks.\(name.rawValue).limit", Self.text(hook.limit.span))
    }
    add("schedule.window", window.map { Self.text($0.text) })
    add("schedule.time-zone", window.map { Self.text($0.zone.text) })
    add("schedule.rehearsal-max-age", Self.text(rehearsalMaximumAge.span))
    return list
  }

  /// The plan as TOML, one setting a line, without tables: what the hash is taken of.
  public var normalText: String { settings.map { "\($0.key) = \($0.value)\n" }.joined() }

  /// SHA-256 over the UTF-8 of `normalText`.
  public var hash: Checksum {
    var text = normalText
    return text.withUTF8 { Digest.checksum(.sha256, UnsafeRawBufferPointer($0)) }
  }

  /// The hash as people compare it: its first eight digits, `9f3c-21ab`.
  public var shortHash: String {
    let digits = hash.description.prefix(8)
    return digits.prefix(4) + "-" + digits.suffix(4)
  }

  /// A difference in what two plans mean.
  public struct Difference: Sendable, Hashable {
    public var key: String
    /// `nil`: without such a setting.
    public var first: String?
    public var second: String?
  }

  /// Every setting in which another plan differs, in the order of Plan.md; empty exactly when the hashes are equal.
  public func differences(from other: Plan) -> [Difference] {
    let (mine, theirs) = (settings, other.settings)
    let values = Dictionary(uniqueKeysWithValues: theirs.map { ($0.key, $0.value) })
    let known = Set(mine.map(\.key))
    let changed = mine.filter { values[$0.key] != $0.value }
      .map { Difference(key: $0.key, first: $0.value, second: values[$0.key]) }
    return changed
      + theirs.filter { !known.contains($0.key) }.map { Difference(key: $0.key, first: nil, second: $0.value) }
  }

  // MARK: - Values

  /// A text as a basic string of TOML; everything beyond printable ASCII and letters of other scripts is escaped.
  static func text(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case _
      where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isDefaultIgnorableCodePoint:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func texts(_ texts: [String]) -> String { "[" + texts.map(text).joined(separator: ", ") + "]" }

  private static func limit(_ limit: LossAllowance.Limit) -> String {
    switch limit {
    case .any: text("any")
    case .atMost(let most): String(most)
    }
  }
}

extension LossAllowance {
  /// The buckets by their keys.
  public var limits: [(name: String, limit: Limit)] {
    [
      ("repaired", repaired), ("adapted", adapted), ("skipped-by-rule", skippedByRule), ("degraded", degraded),
      ("quarantined", quarantined), ("missing", missing),
    ]
  }
}
