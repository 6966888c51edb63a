import StoreConformance
import Testing

@Suite struct SQLiteConformanceTests {
  @Test(arguments: StoreConformance.source) func `SQLite as a source`(promise: Promise) throws {
    try promise.check(on: SQLiteBench())
  }

  @Test(arguments: StoreConformance.target) func `SQLite as a target`(promise: Promise) throws {
    try promise.check(on: SQLiteBench())
  }

  @Test(arguments: StoreConformance.fence) func `SQLite behind a fence`(promise: Promise) throws {
    try promise.check(on: SQLiteBench())
  }
}

/// The suite is worth what it finds.
@Suite struct FaultyStoreTests {
  @Test(arguments: FaultySource.Fault.allCases)
  func `a source that does one thing wrong is found`(fault: FaultySource.Fault) throws {
    let broken = FaultyBench(base: try SQLiteBench(), sourceFault: fault).firstBroken(StoreConformance.source)
    #expect(broken != nil)
  }

  @Test(arguments: FaultyTarget.Fault.allCases)
  func `a target that does one thing wrong is found`(fault: FaultyTarget.Fault) throws {
    let broken = FaultyBench(base: try SQLiteBench(), targetFault: fault).firstBroken(StoreConformance.target)
    #expect(broken != nil)
  }

  @Test(arguments: FaultyFence.Fault.allCases)
  func `a fence that does one thing wrong is found`(fault: FaultyFence.Fault) throws {
    let broken = FaultyBench(base: try SQLiteBench(), fenceFault: fault).firstBroken(StoreConformance.fence)
    #expect(broken != nil)
  }
}
