import DurableIO
import NoteModel
import NoteStore

extension StoreConformance {
  /// What `WriteFence` promises.
  public static let fence: [Promise] = raisingPromises + endingFencePromises

  private static let raisingPromises: [Promise] = [
    Promise("a raised fence refuses every write and names its run, and readers go on") { bench in
      try withFence(bench) { store, fence in
        try require(try fence.status() == .none, "a store has a fence from the start")
        let before = try bench.rows(of: "note", in: store)
        let left = try fence.raise(claim("run-a"), lasting: .seconds(600))
        try require(left > .seconds(590), "the fence holds for less than was asked")
        for (table, row) in refusedRows {
          let words = try refusal("a write to \(table)") { try bench.insert([row], into: table, of: store) }
          try require(words.contains("run-a"), "the refusal does not name the run: \(words)")
        }
        try require(try bench.rows(of: "note", in: store) == before, "the product does not read what it did")
        guard case .raised(let holder, let remaining) = try fence.status() else {
          throw Breach(explanation: "the fence does not say that it holds")
        }
        try require(holder == claim("run-a") && remaining <= .seconds(600), "the fence names another holder or time")
      }
    },
    Promise("a fence is no part of the store's tables") { bench in
      try withFence(bench) { store, fence in
        let source = try bench.source(store)
        let before = try withSnapshot(of: source) { ($0.schema, $0.openingFindings) }
        try fence.raise(claim("run-a"), lasting: .seconds(600))
        let during = try withSnapshot(of: source) { snapshot in
          try requireEqual(try snapshot.rows(of: "note"), bench.rows(of: "note", in: store), "the rows under the fence")
          return (snapshot.schema, snapshot.openingFindings)
        }
        try require(before.0.fingerprint == during.0.fingerprint, "the fence changes the fingerprint")
        try require(before.0.entities == during.0.entities, "the fence is an entity")
        try require(before.0.definitions == during.0.definitions, "the fence is a definition")
        try require(before.1.count == during.1.count, "the fence is a finding")
        _ = try fence.drop(run: "run-a", unsealing: false)
        let after = try withSnapshot(of: source) { $0.schema.definitions }
        try require(before.0.definitions == after, "a dropped fence left something behind")
      }
    },
    Promise("every table is proven by a write that is refused") { bench in
      try withFence(bench) { store, fence in
        try requireRefusal(.fenceExpired, because: "a proof without a fence") { _ = try fence.prove(run: "run-a") }
        try fence.raise(claim("run-a"), lasting: .seconds(600))
        let tables = try SampleProduct.tables.map { try bench.rows(of: $0, in: store) }
        let mark = try fence.changeMark()
        let proof = try fence.prove(run: "run-a")
        try require(Set(proof.tables) == Set(SampleProduct.tables), "other tables were proven: \(proof.tables)")
        try require(proof.attempts >= 2 * proof.tables.count, "only \(proof.attempts) writes were attempted")
        try require(try SampleProduct.tables.map { try bench.rows(of: $0, in: store) } == tables, "the proof wrote")
        try require(try fence.changes(since: mark) != .tables(["note"]), "the proof is counted as a change")
      }
    },
    Promise("a second run is refused with the name of the first") { bench in
      try withFence(bench) { store, fence in
        try fence.raise(claim("run-a"), lasting: .seconds(600))
        let other = try bench.fence(store)
        defer { other.close() }
        let words = try refusal("the fence of a second run") { try other.raise(claim("run-b"), lasting: .seconds(1)) }
        try require(words.contains("run-a"), "the refusal does not name the holder: \(words)")
        try requireRefusal(.fenceHeld, because: "another run's seal") { try other.seal(run: "run-b") }
        try requireRefusal(.fenceHeld, because: "another run's extension") {
          try other.extend(run: "run-b", lasting: .seconds(1))
        }
        try requireRefusal(.fenceHeld, because: "another run's drop") {
          _ = try other.drop(run: "run-b", unsealing: true)
        }
        try require(try fence.status().claim == claim("run-a"), "the first run lost its fence")
      }
    },
    Promise("what was committed since a mark is not overlooked") { bench in
      try withFence(bench) { store, fence in
        let mark = try fence.changeMark()
        // Other databases of a server may have moved its snapshot.
        let nothing = try fence.changes(since: mark)
        try require([.none, .possible].contains(nothing), "a change where there was none")
        try bench.insert([SampleProduct.note(77)], into: "note", of: store)
        try require(try fence.changes(since: mark) != .none, "a committed row is no change")
      }
    },
  ]

  private static let endingFencePromises: [Promise] = [
    Promise("behind its deadline a fence lets writes through, and cannot be sealed any more") { bench in
      try withFence(bench) { store, fence in
        try fence.raise(claim("run-a"), lasting: .milliseconds(1))
        try waitUntil("the deadline") { try !fence.status().holds }
        try require(try fence.status() == .expired(claim("run-a"), broken: false), "an expired fence is broken")
        try bench.insert([SampleProduct.note(78)], into: "note", of: store)
        try require(
          try fence.status() == .expired(claim("run-a"), broken: true), "a write that came through left no mark")
        try requireRefusal(.fenceExpired, because: "the seal of an expired fence") { try fence.seal(run: "run-a") }
        try requireRefusal(.fenceExpired, because: "the extension of an expired fence") {
          try fence.extend(run: "run-a", lasting: .seconds(600))
        }
        try requireRefusal(.fenceExpired, because: "the proof of an expired fence") {
          _ = try fence.prove(run: "run-a")
        }
      }
    },
    Promise("an expired fence is taken over, and raised anew it holds") { bench in
      try withFence(bench) { store, fence in
        try fence.raise(claim("run-a"), lasting: .milliseconds(1))
        try waitUntil("the deadline") { try !fence.status().holds }
        try bench.insert([SampleProduct.note(79)], into: "note", of: store)
        try fence.raise(claim("run-b"), lasting: .seconds(600))
        let words = try refusal("a write") { try bench.insert([SampleProduct.note(80)], into: "note", of: store) }
        try require(words.contains("run-b"), "the refusal names another run: \(words)")
        _ = try fence.prove(run: "run-b")
        try fence.seal(run: "run-b")
        _ = try fence.drop(run: "run-b", unsealing: true)
      }
    },
    Promise("a fence is extended from now on") { bench in
      try withFence(bench) { store, fence in
        try fence.raise(claim("run-a"), lasting: .seconds(300))
        try fence.extend(run: "run-a", lasting: .seconds(900))
        guard case .raised(_, let remaining) = try fence.status() else {
          throw Breach(explanation: "an extended fence does not hold")
        }
        try require(remaining > .seconds(600) && remaining <= .seconds(900), "it holds for \(remaining)")
        _ = try fence.prove(run: "run-a")
      }
    },
    Promise("a sealed fence holds behind its deadline, and is dropped only where that is asked") { bench in
      try withFence(bench) { store, fence in
        // However slow the machine is, one of these is sealed in time.
        var lasting = 200
        while true {
          try fence.raise(claim("run-a"), lasting: .milliseconds(lasting))
          do {
            try fence.seal(run: "run-a")
            break
          } catch let error as MigrationError where error.code == .fenceExpired { lasting *= 4 }
        }
        try fence.seal(run: "run-a")
        try pause(milliseconds: lasting)
        try require(try fence.status() == .sealed(claim("run-a")), "the seal went with the deadline")
        _ = try refusal("a write") { try bench.insert([SampleProduct.note(81)], into: "note", of: store) }
        try requireRefusal(.fenceHeld, because: "another run's fence") {
          try fence.raise(claim("run-b"), lasting: .seconds(1))
        }
        try requireRefusal(.fenceSealed, because: "dropping a sealed fence") {
          _ = try fence.drop(run: "run-a", unsealing: false)
        }
        try require(try fence.drop(run: "run-a", unsealing: true).isComplete, "something was left behind")
        try bench.insert([SampleProduct.note(81)], into: "note", of: store)
      }
    },
    Promise("a dropped fence lets users write, and dropping is harmless when repeated") { bench in
      try withFence(bench) { store, fence in
        _ = try fence.drop(run: "run-a", unsealing: false)
        try fence.raise(claim("run-a"), lasting: .seconds(600))
        for _ in 0..<2 {
          try require(try fence.drop(run: "run-a", unsealing: false).isComplete, "something was left behind")
        }
        try bench.insert([SampleProduct.note(82)], into: "note", of: store)
        try require(try fence.status() == .none, "a dropped fence is still there")
      }
    },
    Promise("a lease is held by one run, runs out, and is given back") { bench in
      let store = try bench.makeStore()
      let (first, second) = (try bench.lease(store), try bench.lease(store))
      defer {
        first.close()
        second.close()
      }
      try require(try first.holder() == nil, "a store has a lease from the start")
      try first.take(claim("run-a"), lasting: .seconds(600))
      try first.take(claim("run-a"), lasting: .seconds(600))
      try require(try second.holder()?.claim == claim("run-a"), "the lease names another holder")
      let words = try refusal("the lease of a second run") { try second.take(claim("run-b"), lasting: .seconds(600)) }
      try require(words.contains("run-a"), "the refusal does not name the holder: \(words)")
      try second.give(run: "run-b")
      try require(try first.holder()?.claim == claim("run-a"), "another run gave the lease back")
      try withSnapshot(of: bench.source(store)) {
        try require($0.schema.entities.count == SampleProduct.tables.count, "the lease is an entity")
      }
      try bench.insert([SampleProduct.note(83)], into: "note", of: store)
      try first.take(claim("run-a"), lasting: .milliseconds(1))
      try waitUntil("the end of the lease") { try second.holder() == nil }
      try second.take(claim("run-b"), lasting: .seconds(600))
      try second.give(run: "run-b")
      try require(try second.holder() == nil, "a lease that was given back is held")
    },
  ]

  private static let refusedRows: [(String, [Value])] = [
    ("setting", [SampleProduct.text("k"), SampleProduct.text("v")]), ("note", SampleProduct.note(5)),
    ("link", [.integer(1), .integer(2), SampleProduct.text("x")]),
    ("attachment", SampleProduct.attachment(6, bytes: [1])),
  ]

  private static func claim(_ run: String) -> RunClaim { try! RunClaim(run: run, holder: "a test") }

  /// A store with a note and a fence on it that is not raised.
  private static func withFence(_ bench: any ConformanceBench, _ body: (String, any WriteFence) throws -> Void) throws {
    let store = try bench.makeStore()
    try bench.insert([SampleProduct.note(4)], into: "note", of: store)
    let fence = try bench.fence(store)
    defer { fence.close() }
    try body(store, fence)
  }

  /// What was said to something that must be refused.
  private static func refusal(_ what: String, _ body: () throws -> Void) throws -> String {
    do { try body() } catch let error as MigrationError {
      return "\(error.message) \(error.cause)"
    } catch { return "\(error)" }
    throw Breach(explanation: "\(what) was not refused")
  }
}

/// Waits for a condition, at most two minutes.
private func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
  let clock = ContinuousClock()
  let end = clock.now + .seconds(120)
  while try !condition() {
    try require(clock.now < end, "\(what) did not come")
    try pause(milliseconds: 5)
  }
}

private func pause(milliseconds: Int) throws {
  let clock = ContinuousClock()
  let end = clock.now + .milliseconds(milliseconds)
  while clock.now < end { pauseBriefly() }
}
