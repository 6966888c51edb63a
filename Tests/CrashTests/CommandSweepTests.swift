import DurableIO
import NoteModel
import Testing

/// Every command disturbed at every operation, repeated, and compared with the undisturbed run.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct CommandSweepTests {
  /// Cases of one disturbance when not all are run.
  static let sample = 4

  @Test(arguments: SweptCommand.allCases)
  func `a command disturbed at any operation says so, and ends equal when it is repeated`(
    command: SweptCommand
  ) throws {
    try withWorkshop { directory in
      let fixture = try SweepFixture(directory)
      let operations = try fixture.operations(command)
      let cases = Disturbance.allCases.flatMap { disturbance in
        let name = "\(command.rawValue), \(disturbance.rawValue)"
        return Sweep.numbers(name, upTo: operations.count(disturbance), limit: Self.sample).map { (disturbance, $0) }
      }
      Sweep.run("\(command.rawValue), disturbed", cases) { disturbance, number in
        let place = try fixture.newPlace("\(command.rawValue)-\(disturbance.name)-\(number)")
        let fault = FaultPlan(plan: disturbance.plan(number), root: directory)
        let first = try fixture.perform(command, in: place, fault: fault)
        if let wrong = try Self.problem(fixture, command, disturbance, first, in: place) { return wrong }
        if let damage = try fixture.damage() { return damage }
        if first.status != 0 {
          if Self.tellsItself(first), command != .diff { try fixture.clear(place) }
          let second = try fixture.perform(command, in: place)
          if let wrong = try fixture.problem(command, second, in: place, isRepeated: true) {
            return "after \(first.summary)\nthe same command: \(wrong)"
          }
        }
        try Folder.removeTree(place)
        return nil
      }
    }
  }

  /// The command came to its end and found that not everything could be read, or is not equal: its result says so.
  private static func tellsItself(_ ending: ChildProcess.Ending) -> Bool {
    [NoteModel.ExitStatus.partial, .loss, .mismatch, .unproven].contains { $0.rawValue == ending.status }
      && !(ending.output + ending.words).isEmpty
  }

  /// What is wrong with the ending of a disturbed command.
  private static func problem(
    _ fixture: SweepFixture, _ command: SweptCommand, _ disturbance: Disturbance, _ ending: ChildProcess.Ending,
    in place: String
  ) throws -> String? {
    if ending.hung { return "it hung" }
    if ending.status == 0 {
      let wrong = try fixture.problem(
        command, ending, in: place, isByteForByte: disturbance.isHarmless, mayLeave: disturbance == .vanished)
      return wrong.map { "status 0, and \($0)" }
    }
    if disturbance.isHarmless { return "nothing was wrong: \(ending.summary)" }
    if ending.wasKilled { return disturbance.kills ? nil : "it was killed: \(ending.summary)" }
    guard let status = NoteModel.ExitStatus(rawValue: ending.status), status != .internal else {
      return "not a status that explains anything: \(ending.summary)"
    }
    return tellsItself(ending) ? nil : lack(ending).map { "\($0)\n\(ending.summary)" }
  }
}
