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
