import NoteRepair

/// Answers requests for `Scripts/repair-measure`, one line each, in their order.
///
/// A request is an operation, an argument and bytes in hexadecimal, separated by tabs:
/// - `decode PAGE BYTES`, `encode PAGE BYTES` (UTF-8): bytes (UTF-8 or of the page) or `-`.
/// - `repair KIND BYTES`: the text's bytes, its tier, `reversed` or `not reversed`, the plan's size, the margin in nats,
///   and the damages found, separated by tabs.
/// - `guess KIND BYTES`: the same, with guesses applied where bytes are gone.
/// - `store KIND BYTES`: the same, but answered at the end, for all such notes as those of one store.
/// - `speed COUNT BYTES`: megabytes a second of the first look and of repairing, best of COUNT.
@main
struct RepairMeasure {
  private let engine = RepairEngine()
  private var store = StoreTrial()
  private var stored: [[UInt8]] = []

  static func main() {
    var measure = RepairMeasure()
    while let line = readLine() { measure.answer(line) }
    for (repair, bytes) in zip(measure.store.repairs(), measure.stored) { print(describe(repair, of: bytes)) }
  }

  private mutating func answer(_ line: String) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 3, let bytes = Hexadecimal.bytes(fields[2]) else {
      return print("? a request has three fields, the last in hexadecimal")
    }
    let argument = String(fields[1])
    switch fields[0] {
    case "repair": print(Self.describe(engine.repair(bytes, context: context(argument)), of: bytes))
    case "guess":
      var context = context(argument)
      context.appliesGuesses = true
      print(Self.describe(engine.repair(bytes, context: context), of: bytes))
    case "store":
      store.add(bytes, context(argument))
      stored.append(bytes)
    case "speed": print(Speed.answer(bytes, count: Int(argument) ?? 1))
    case "decode": print(Self.recode(bytes, from: CodePage(label: argument), to: .utf8))
    case "encode": print(Self.recode(bytes, from: .utf8, to: CodePage(label: argument)))
    default: print("? unknown operation")
    }
  }

  private func context(_ kind: String) -> RepairContext {
    let kinds: [String: RepairContext.Kind] = ["title": .title, "name": .name, "json": .json]
    return RepairContext(kind: kinds[kind] ?? .body)
  }

  private static func recode(_ bytes: [UInt8], from: CodePage?, to: CodePage?) -> String {
    guard let from, let to else { return "? unknown code page" }
    guard let scalars = try? from.decode(bytes), let result = to.encode(scalars) else { return "-" }
    return Hexadecimal.text(result)
  }

  private static func describe(_ result: Repair, of bytes: [UInt8]) -> String {
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
