import NoteRepair

/// Answers requests for `Scripts/repair-measure`, one line each, in their order.
///
/// A request is an operation, an argument and bytes in hexadecimal, separated by tabs:
/// `decode PAGE BYTES` and `encode PAGE BYTES` (UTF-8) answer with bytes (UTF-8 or of the page) or `-`.
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
}
