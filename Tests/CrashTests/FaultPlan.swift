import DurableIO

/// What is done to the operations of a program under test: `Tests/FaultLayer/Plan.c` has the words of a plan.
struct FaultPlan: Sendable {
  var plan: String
  /// Operations on files below this directory are counted, and those on pipes.
  var root: String
  /// A file that gets a line for each operation.
  var log: String?

  /// Only counts.
  static func count(below root: String, log: String) -> FaultPlan { FaultPlan(plan: "", root: root, log: log) }

  /// The library that stands between the program and the operating system.
  static let library = ChildProcess.built("libFaultLayer.so")

  func environment() throws -> [String] {
    guard let library = Self.library else { throw ChildProcess.CannotStart(reason: "no libFaultLayer.so") }
    let root = Folder.resolve(root) ?? root
    let words = ["LD_PRELOAD=\(library)", "NOTEFERRY_FAULT_ROOT=\(root)", "NOTEFERRY_FAULT_PLAN=\(plan)"]
    return words + (log.map { ["NOTEFERRY_FAULT_LOG=\($0)"] } ?? [])
  }
}

/// The operations of an undisturbed run.
struct Operations: Sendable {
  let lines: [String]

  /// Reads a log and removes it.
  init(log: String) throws {
    lines = String(decoding: try contents(log), as: UTF8.self).split(separator: "\n").map(String.init)
    try Folder.remove(log)
  }

  /// How many operations a disturbance can happen to.
  func count(_ disturbance: Disturbance) -> Int {
    guard let trait = disturbance.trait else { return lines.count }
    return lines.count { $0.prefix(5).contains(trait) }
  }
}

/// One way to disturb the n-th operation.
enum Disturbance: String, CaseIterable, Sendable {
  case kill, torn
  case ioError = "fail:EIO"
  case diskFull = "fail:ENOSPC"
  case forbidden = "fail:EACCES"
  case vanished = "fail:ENOENT"
  case stale = "fail:ESTALE"
  case interrupted = "fail:EINTR"
  case storm, short
  case delay = "delay:30"

  func plan(_ number: Int) -> String { "\(rawValue)@\(number)" }

  /// The letter in the log of the operations that it can happen to; `nil` for all.
  var trait: Character? {
    switch self {
    case .diskFull: "r"
    case .forbidden, .vanished: "n"
    case .interrupted, .storm: "i"
    case .short: "s"
    default: nil
    }
  }

  /// Every program must go on as if nothing had happened.
  var isHarmless: Bool {
    switch self {
    case .interrupted, .storm, .short, .delay: true
    default: false
    }
  }

  var kills: Bool { self == .kill || self == .torn }

  /// Part of a file's name.
  var name: String { rawValue.replacing(":", with: "-") }
}
