import AllStores
import Cutover
import DurableIO
import Foundation
import Migration
import NoteModel
import NoteStore
import Testing

/// Cutovers from one store to another with the real parts, killed at every step.
@Suite struct CutoverRunTests {
  /// What a kill leaves: nobody does anything any more.
  private struct Killed: Error {}

  /// A source with notes, and a user who writes whenever the source lets him.
  private final class Site {
    let scratch: Scratch
    let source: BenchPlace
    var acknowledged: Set<Int64> = []
    private var number: Int64 = 0

    init() throws {
      scratch = try Scratch()
      source = .file(scratch.file("source.db"))
      try source.make()
      for _ in 0..<20 { #expect(write()) }
    }

    /// Whether the source took a note.
    @discardableResult func write() -> Bool {
      number += 1
      let before = (try? source.numbers().count) ?? 0
      _ = try? source.run("INSERT INTO note VALUES (\(number), 'text')")
      guard let after = try? source.numbers().count, after > before else { return false }
      acknowledged.insert(number)
      return true
    }

    /// Runs a cutover, or goes on with it, as a process of its own would.
    func run(
      _ run: String = "c-1", budget: Duration = .seconds(600), hooks: [HookName: Hook] = [:],
      gate: GateAnswer = .freeze(by: "a test"), givesUp: Bool = false, patience: Duration = .seconds(60),
      late: Int64? = nil, finish: Bool? = nil,
      pass: @escaping (String) throws -> Void = { _ in }
    ) throws -> CutoverState {
      let header = CutoverJournal.Header(
        run: run, plan: "9f3c", tool: "t", source: "source.db", targets: ["\(run).db"])
      let journal = try withLock {
        try CutoverJournal(scratch.file(run + ".journal"), header: header, holder: "a test")
      }
      let fence = try AllStores.fence(
        source.url, profiles: [WholeStoreWork.profile],
        limits: FenceLimits(blocking: .milliseconds(50), patience: patience))
      let lease = try AllStores.lease(source.url, profiles: [WholeStoreWork.profile])
      defer {
        fence.close()
        lease.close()
      }
      let pass: (String) throws -> Void = { [weak self] step in
        try pass(step)
        self?.write()
      }
      let work = WholeStoreWork(
        source: source.url, target: scratch.file(run + ".db"), folder: scratch.file(run), pass: pass)
      work.late = late
      var plan = Plan(
        source: .init(place: source.url), target: .init(nodes: [scratch.file(run + ".db")]), freeze: .both,
        confirmName: "bench")
      plan.hooks = hooks
      let cutover = try CutoverRun(
        journal, fence: fence, leases: [lease], work: work, plan: plan, folder: scratch.file(run),
        budget: CutoverBudget(frozen: budget, reserve: .zero, lastDelta: .seconds(1)), holder: "a test",
        gate: { gate }, stop: {}, observe: { try pass($0.state.rawValue) })
      if let acceptsLate = finish {
        try cutover.finish(acceptsLate: acceptsLate)
        return journal.state
      }
      return givesUp ? try cutover.giveUp("a test") : try cutover.go()
    }

    func requireCarried(_ run: String) throws {
      #expect(!write(), "the source takes notes although it was moved")
      let target = try BenchPlace.file(scratch.file(run + ".db")).numbers()
      #expect(target.isSuperset(of: acknowledged), "notes are lost")
    }

    func requireReleased() throws {
      #expect(write(), "the source takes no notes")
      #expect(try source.numbers() == acknowledged)
      #expect(try source.run("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'noteferry%'") == ["0"])
    }
  }

  @Test func `a cutover carries every acknowledged note, and the source is closed`() throws {
    let site = try Site()
    var steps: [String] = []
    #expect(try site.run(pass: { steps.append($0) }) == .soak)
    try site.requireCarried("c-1")
    #expect(
      steps.filter { CutoverState(rawValue: $0) != nil }
        == CutoverState.allCases.map(\.rawValue).filter {
          !["idle", "finished", "aborting", "returning", "rolledBack", "stuck"].contains($0)
        })
  }

  @Test func `behind a glance the source is looked at once more, and nobody closes the way back over late rows`() throws
  {
    let site = try Site()
    var looks = 0
    func look(_ step: String) throws {
      guard step == "behind 3" else { return }
      looks += 1
      if looks < 3 { throw MigrationError(.interrupted, "a test") }
    }
    for _ in 0..<2 {
      #expect(throws: MigrationError.self) { try site.run(late: 2, pass: look) }
      #expect(!site.write())
    }
    #expect(try site.run(late: 2, pass: look) == .soak)
    #expect(try site.run(late: 2, pass: look) == .soak)
    #expect(looks == 3)
    let error = #expect(throws: MigrationError.self) { try site.run(late: 2, finish: false, pass: look) }
    #expect(error?.code == .cutoverLate && error?.exitStatus == .mismatch)
    #expect(try site.run(late: 2, finish: true, pass: look) == .finished)
  }

  @Test func `a rollback that comes before that look begins with it`() throws {
    let site = try Site()
    var steps: [String] = []
    #expect(throws: MigrationError.self) {
      try site.run(late: 1) { if $0 == "behind 3" { throw MigrationError(.interrupted, "a test") } }
    }
    #expect(try site.run(givesUp: true, late: 1, pass: { steps.append($0) }) == .rolledBack)
    #expect(steps.firstIndex(of: "behind 3")! < steps.firstIndex(of: "carried back")!)
    try site.requireReleased()
  }

  @Test func `killed at any step, it is gone on with or given up, and no note is lost`() throws {
    var step = 0
    while true {
      let site = try Site()
      var passed = 0
      var last = ""
      do {
        _ = try site.run { name in
          passed += 1
          last = name
          if passed > step { throw Killed() }
        }
        #expect(step >= 20, "only \(step) steps")
        return
      } catch is Killed {}
      let stopped = try CutoverJournal.read(site.scratch.file("c-1.journal")).entries.last?.state ?? .idle
      // Whoever asks is told what is so.
      let takes = site.write()
      switch stopped.service {
      case .source: #expect(takes, "\(last)")
      case .target, .neither: #expect(!takes, "\(last)")
      case .asTheFencesSay: break
      }
      let resumed = try? site.run()
      let end = try resumed ?? CutoverJournal.read(site.scratch.file("c-1.journal")).entries.last?.state ?? .idle
      switch end {
      case .soak: try site.requireCarried("c-1")
      case .rolledBack:
        try site.requireReleased()
        // A second cutover after the first was given up.
        #expect(try site.run("c-2") == .soak, "\(last)")
        try site.requireCarried("c-2")
      default: Issue.record("\(last): it ended as \(end)")
      }
      step += 1
    }
  }

  @Test func `killed at any step, it is given up by the next one, and the source is in service`() throws {
    var step = 0
    while true {
      let site = try Site()
      var passed = 0
      do {
        _ = try site.run { _ in
          passed += 1
          if passed > step { throw Killed() }
        }
        return
      } catch is Killed {}
      #expect(try site.run(givesUp: true) == .rolledBack, "step \(step)")
      try site.requireReleased()
      step += 3
    }
  }

  @Test func `a failing hook, a hanging one and too little time lead back to the source`() throws {
    func hook(_ script: String, _ limit: Duration = .seconds(60)) -> Hook {
      Hook(command: ["/bin/sh", "-c", script], limit: limit)
    }
    let cases: [([HookName: Hook], Duration, ErrorCode)] = [
      ([.freeze: hook("exit 3")], .seconds(600), .hookFailed),
      ([.freeze: hook("sleep 1000", .milliseconds(200))], .seconds(600), .hookFailed),
      ([.switch: hook("exit 3")], .seconds(600), .hookFailed),
      ([.smoke: hook("exit 3")], .seconds(600), .hookFailed),
      // The time is over while the hook runs; it is ended.
      ([.freeze: hook("sleep 1000")], .milliseconds(900), .fenceExpired),
    ]
    for (hooks, budget, code) in cases {
      let site = try Site()
      #expect(failure { _ = try site.run(budget: budget, hooks: hooks) }?.code == code)
      try site.requireReleased()
    }
  }

  @Test(
    arguments: [
      "freezing", "frozen", "delta", "exported", "imported", "verifying", "compared", "verified", "sealing",
    ])
  func `time that runs out in any step in front of the seal leads back to the source`(_ late: String) throws {
    let site = try Site()
    var start: ContinuousClock.Instant?
    let refusal = failure {
      _ = try site.run(budget: .seconds(1)) { step in
        if step == "freezing" { start = .now }
        guard step == late, let start else { return }
        while ContinuousClock.now < start + .milliseconds(1100) { pauseBriefly() }
      }
    }
    // A note that came through the fence that has expired is one that the target lacks.
    #expect([.fenceExpired, .targetMismatch].contains(refusal?.code))
    try site.requireReleased()
  }

  @Test func `at the gate it waits, goes on, or is given up, and a second run is refused`() throws {
    let site = try Site()
    #expect(try site.run(gate: .postpone) == .ready)
    #expect(site.write())
    #expect(failure { _ = try site.run("c-2") }?.code == .leaseHeld)
    #expect(try site.run() == .soak)
    try site.requireCarried("c-1")
    let other = try Site()
    #expect(try other.run(gate: .giveUp) == .rolledBack)
    try other.requireReleased()
  }

  @Test func `a cutover whose lease another run has taken stops while users still write`() throws {
    let site = try Site()
    let other = try AllStores.lease(site.source.url, profiles: [WholeStoreWork.profile])
    defer { other.close() }
    let refusal = failure {
      _ = try site.run { step in
        guard step == "base" else { return }
        // As if the first run had been silent for longer than its lease.
        try site.source.run("UPDATE noteferry_lease SET ends = 0")
        try other.take(RunClaim(run: "c-9", holder: "another machine"), lasting: .seconds(600))
      }
    }
    #expect(refusal?.code == .leaseHeld)
    #expect(site.write())
    try other.give(run: "c-9")
    #expect(try site.run() == .soak)
    try site.requireCarried("c-1")
  }

  @Test func `a reader that keeps the seal out leads back to the source`() throws {
    let site = try Site()
    try site.source.run("PRAGMA journal_mode = delete")
    var reader: BenchReader?
    let refusal = failure {
      _ = try site.run(patience: .milliseconds(200)) { step in
        if step == "sealing" { reader = try BenchReader(site.scratch.file("source.db")) }
        if step == "aborting" { reader = nil }
      }
    }
    #expect(refusal?.code == .storeLocked)
    #expect(reader == nil)
    try site.requireReleased()
  }

  @Test func `a source that somebody opened behind the switch needs a person`() throws {
    let site = try Site()
    _ = try? site.run { if $0 == "switching" { throw Killed() } }
    try site.source.run("DROP TABLE noteferry_fence_row")
    #expect(failure { _ = try site.run() }?.code == .cutoverUnclear)
  }
}
