import NoteModel
import NoteStore
import StoreConformance

/// A bench whose stores do one thing wrong.
struct FaultyBench: ConformanceBench {
  let base: any ConformanceBench
  var sourceFault: FaultySource.Fault?
  var targetFault: FaultyTarget.Fault?
  var fenceFault: FaultyFence.Fault?

  func makeStore() throws -> String { try base.makeStore() }
  func makePlace(isReachable: Bool) throws -> String { try base.makePlace(isReachable: isReachable) }
  func insert(_ rows: [[Value]], into table: String, of store: String) throws {
    try base.insert(rows, into: table, of: store)
  }
  func insertNumberedNote(into store: String) throws -> Int64 { try base.insertNumberedNote(into: store) }
  func rows(of table: String, in store: String) throws -> [[Value]] { try base.rows(of: table, in: store) }
  func holds(text: [UInt8]) -> Bool { base.holds(text: text) }

  func source(_ store: String) throws -> any SourceStore {
    let source = try base.source(store)
    return sourceFault.map { FaultySource(source, $0) } ?? source
  }

  func target(_ store: String) throws -> any TargetStore {
    let target = try base.target(store)
    return targetFault.map { FaultyTarget(target, $0) } ?? target
  }

  func fence(_ store: String) throws -> any WriteFence {
    let fence = try base.fence(store)
    return fenceFault.map { FaultyFence(fence, $0) } ?? fence
  }

  func lease(_ store: String) throws -> any StoreLease { try base.lease(store) }

  /// The first promise that these stores do not keep.
  func firstBroken(_ promises: [Promise]) -> String? {
    promises.first { promise in
      do {
        try promise.check(on: self)
        return false
      } catch { return true }
    }?.name
  }
}
