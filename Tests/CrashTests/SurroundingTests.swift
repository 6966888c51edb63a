import DurableIO
import NoteModel
import Testing

/// What happens around a run: a disk that fills up, a clock that is set, a target that is somebody else's.
@Suite(.serialized, .enabled(if: FaultPlan.library != nil, "the fault layer is for Linux"))
struct SurroundingTests {
  /// Operations at which a disturbance begins: all of them, or a few by a seed.
  private func numbers(_ fixture: SweepFixture, _ command: SweptCommand, _ name: String) throws -> [Int] {
    Sweep.numbers("\(command.rawValue), \(name)", upTo: try fixture.operations(command).lines.count, limit: 5)
  }

  @Test(arguments: [SweptCommand.export, .importing, .importPipe])
  func `a run whose disk has no room from any operation on stops, and goes on when there is room`(
    command: SweptCommand
  ) throws {
    try withWorkshop { directory in
      let fixture = try SweepFixture(directory)
      let cases = try numbers(fixture, command, "no room").flatMap { number in
        [0, 5000, 60_000].map { (number: number, bytes: $0) }
      }
      Sweep.run("\(command.rawValue), no room", cases) { number, bytes in
        let place = try fixture.newPlace("\(command.rawValue)-space-\(bytes)-\(number)")
        let fault = FaultPlan(plan: "space:\(bytes)@\(number)", root: place)
        let full = try fixture.perform(command, in: place, fault: fault)
        if full.status == 0 {
          if let wrong = try fixture.problem(command, full, in: place) { return "status 0, and \(wrong)" }
        } else {
          // 25 before the first byte, 34 behind it.
          guard [25, 34].contains(full.status) else { return "status 25 or 34 was due: \(full.summary)" }
          if let lack = lack(full) { return lack }
          let again = try fixture.perform(command, in: place)
          if let wrong = try fixture.problem(command, again, in: place) { return "\(full.summary)\nagain: \(wrong)" }
        }
        if let damage = try fixture.damage() { return damage }
        try Folder.removeTree(place)
        return nil
      }
    }
  }

  @Test(arguments: [SweptCommand.export, .exportPipe, .verify, .importing, .diff])
  func `a clock that is set by a year, forward or back, changes nothing`(command: SweptCommand) throws {
    try withWorkshop { directory in
      let fixture = try SweepFixture(directory)
      let cases = try numbers(fixture, command, "clock").flatMap { number in
        [31_536_000, -31_536_000].map { (number: number, seconds: $0) }
      }
      Sweep.run("\(command.rawValue), clock", cases) { number, seconds in
        let place = try fixture.newPlace("\(command.rawValue)-clock-\(seconds)-\(number)")
        let fault = FaultPlan(plan: "clock:\(seconds)@\(number)", root: directory)
        let ending = try fixture.perform(command, in: place, fault: fault)
        if let wrong = try fixture.problem(command, ending, in: place) { return wrong }
        let words = (ending.output + ending.words).split(whereSeparator: \.isWhitespace)
        if words.contains(where: { $0.hasPrefix("-") && $0.dropFirst().first?.isNumber == true }) {
          return "a negative figure: \(ending.summary)"
        }
        try Folder.removeTree(place)
        return nil
      }
    }
  }

  @Test(arguments: ["EIO", "ESTALE"])
  func `a store that cannot be examined is never taken for a missing one and replaced`(error: String) throws {
    try withWorkshop { directory in
      let fixture = try SweepFixture(directory)
      let before = try fixture.store.fingerprint()
      Sweep.run("somebody's store, \(error)", Array(1...40)) { number in
        let place = try fixture.newPlace("foreign-\(error)-\(number)")
        let target = place + "/filled/memos_prod.db"
        try Folder.removeTree(place + "/filled")
        let foreign = try fixture.store.copy(to: place + "/filled")
        let fault = FaultPlan(plan: "fail:\(error)@\(number)", root: target)
        let refused = try fixture.perform(.importing, in: place, fault: fault)
        if refused.status == 0 { return try fixture.problem(.importing, refused, in: place) }
        guard refused.status != 1, !refused.wasKilled else { return "not explained: \(refused.summary)" }
        if let lack = lack(refused) { return lack }
        guard try foreign.fingerprint() == before else { return "the store was changed: \(refused.summary)" }
        try Folder.removeTree(place)
        return nil
      }
    }
  }
}
