import Testing

/// Runs whose operations on files are counted or disturbed, by the library in `Tests/FaultLayer`.
extension Scratch {
  private static let library = programDirectory().map { $0 + "/libFaultLayer.so" } ?? ""

  /// The library is for Linux.
  static var canDisturb: Bool { fileExists(library) }

  /// What stands before a command in a shell line.
  ///
  /// - Parameter plan: As `Tests/FaultLayer/Plan.c` describes it.
  func disturbing(_ plan: String, below root: String, log: String? = nil) -> String {
    let words = "LD_PRELOAD=\(Self.library) NOTEFERRY_FAULT_ROOT=\(root) NOTEFERRY_FAULT_PLAN=\(plan)"
    return words + (log.map { " NOTEFERRY_FAULT_LOG=\($0) " } ?? " ")
  }

  /// Runs a command undisturbed. Returns how many operations it took on the files below a directory.
  func operations(below root: String, of command: String) throws -> Int {
    let log = path("operations")
    let run = shell(disturbing("", below: root, log: log) + "$FERRY " + command)
    try #require(run.code == 0, "\(run.words)")
    return readFile(log).count { $0 == UInt8(ascii: "\n") }
  }
}

/// The machine under the programs of a test: its clock is set, it sleeps, its disk fills up, while they run.
struct Machine {
  private let file: String

  /// For all programs of a scratch directory that are started from now on, users too.
  init(under scratch: Scratch) {
    file = scratch.path("machine")
    writeFile(file, [UInt8](repeating: 0, count: 24))
    scratch.variables += scratch.disturbing("", below: scratch.directory).split(separator: " ").map(String.init)
    scratch.variables.append("NOTEFERRY_FAULT_CONTROL=\(file)")
  }

  /// By how much the clock of the day is wrong.
  func setClock(hours: Int64) { set(0, to: hours * 3600) }

  /// Sleeps so long altogether.
  func sleep(seconds: Int64) { set(1, to: seconds) }

  /// How many bytes each program may still write; `nil`: as many as it likes.
  func leaveRoom(_ bytes: Int64?) { set(2, to: bytes.map { $0 + 1 } ?? 0) }

  private func set(_ number: Int, to value: Int64) {
    overwrite(file, at: number * 8, withUnsafeBytes(of: value) { Array($0) })
  }
}
