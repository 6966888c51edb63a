import DurableIO
import NoteModel
import Testing

/// Repairs in place, and the way back, disturbed at every operation.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct InPlaceRepairTests {
  /// Cases of one disturbance when not all are run.
  static let sample = 4

  @Test(arguments: InPlaceRepairFixture.Command.allCases, SampleStore.Journal.allCases)
  func `a repair in place disturbed at any operation loses no text, and ends when it is repeated`(
    command: InPlaceRepairFixture.Command, journal: SampleStore.Journal
  ) throws {
    try withWorkshop { directory in
      let fixture = try InPlaceRepairFixture(directory, journal: journal)
      let operations = try fixture.operations(command)
      let cases = Disturbance.allCases.flatMap { disturbance in
        let name = "\(command.rawValue) (\(journal)), \(disturbance.rawValue)"
        // Power cuts are what it is all about.
        let limit = disturbance.kills ? Self.sample * 3 : Self.sample
        return Sweep.numbers(name, upTo: operations.count(disturbance), limit: limit).map { (disturbance, $0) }
      }
      Sweep.run("\(command.rawValue) (\(journal)), disturbed", cases) { disturbance, number in
        let place = try fixture.newPlace(command, "\(command.rawValue)-\(disturbance.name)-\(number)")
        let fault = FaultPlan(plan: disturbance.plan(number), root: place)
        let first = try fixture.perform(command, in: place, fault: fault)
        if let wrong = Self.problem(first, disturbance) { return wrong }
        if let loss = try fixture.loss(in: place) { return "after \(first.summary)\n\(loss)" }
        let wanted = command == .apply ? fixture.repaired : fixture.damaged
        if first.status == 0, try fixture.texts(in: place) != wanted { return "status 0, and it is not done" }
        let second = try fixture.perform(command, in: place)
        guard second.status == 0 else { return "after \(first.summary)\nthe same command: \(second.summary)" }
        guard try fixture.texts(in: place) == wanted else { return "after \(first.summary)\nit is not done" }
        if let loss = try fixture.loss(in: place) { return "after \(first.summary)\nrepeated: \(loss)" }
        try Folder.removeTree(place)
        return nil
      }
    }
  }

  /// What is wrong with the ending of a disturbed command.
  private static func problem(_ ending: ChildProcess.Ending, _ disturbance: Disturbance) -> String? {
    if ending.hung { return "it hung" }
    if ending.status == 0 { return nil }
    if disturbance.isHarmless { return "nothing was wrong: \(ending.summary)" }
    if ending.wasKilled { return disturbance.kills ? nil : "it was killed: \(ending.summary)" }
    guard let status = NoteModel.ExitStatus(rawValue: ending.status), status != .internal else {
      return "not a status that explains anything: \(ending.summary)"
    }
    return lack(ending).map { "\($0)\n\(ending.summary)" }
  }
}
