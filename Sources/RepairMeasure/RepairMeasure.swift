import NoteRepair

/// Answers requests for `Scripts/repair-measure`, one line each, in their order.
///
/// A request is an operation, an argument and bytes in hexadecimal, separated by tabs:
/// - `decode PAGE BYTES`, `encode PAGE BYTES` (UTF-8): bytes (UTF-8 or of the page) or `-`.
/// - `repair KIND BYTES`: the text's bytes, its tier, `reversed` or `not reversed`, the plan's size, the margin in nats,
///   and the damages found, separated by tabs.
/// - `speed COUNT BYTES`: megabytes a second of the first look and of repairing, best of COUNT.
@main
struct RepairMeasure {
  static func main() {
    while let line = readLine() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3, let bytes = Hexadecimal.bytes(fields[2]) else {
        print("? a request has three fields, the last in hexadecimal")
        continue
      }
      print(answer(to: fields[0], argument: String(fields[1]), bytes))
    }
  }

  private static func answer(to operation: Substring, argument: String, _ bytes: [UInt8]) -> String {
    switch operation {
    case "repair": return repair(bytes, kind: argument)
    case "speed": return Speed.answer(bytes, count: Int(argument) ?? 1)
    default: break
    }
    guard let page = CodePage(label: argument) else { return "? unknown code page" }
    switch operation {
    case "decode":
      guard let scalars = try? page.decode(bytes), let text = CodePage.utf8.encode(scalars) else { return "-" }
      return Hexadecimal.text(text)
    case "encode":
      guard let scalars = try? CodePage.utf8.decode(bytes), let result = page.encode(scalars) else { return "-" }
      return Hexadecimal.text(result)
    default:
      return "? unknown operation"
    }
  }

  private static let engine = RepairEngine()

  private static func repair(_ bytes: [UInt8], kind: String) -> String {
    let kinds: [String: RepairContext.Kind] = ["title": .title, "name": .name, "json": .json]
    let result = engine.repair(bytes, context: RepairContext(kind: kinds[kind] ?? .body))
    let plan = result.plan.serialized()
    let isReversed = (try? RepairPlan(serialized: plan))?.reverse(result.text) == bytes
    let findings = result.findings.map { finding in
      "\(finding.damage)@\(finding.range.lowerBound)" + finding.pages.map { "/" + $0.name }.joined()
    }
    return [
      Hexadecimal.text(result.text), "\(result.tier)", isReversed ? "reversed" : "not reversed", "\(plan.count)",
      "\(result.margin)", findings.joined(separator: " "),
    ].joined(separator: "\t")
  }
}
