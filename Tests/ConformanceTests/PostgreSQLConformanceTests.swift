import PostgreSQLClusters
import StoreConformance
import Testing

@Suite(.enabled(if: PostgreSQLCluster.obstacle == nil)) struct PostgreSQLConformanceTests {
  @Test(arguments: StoreConformance.source) func `PostgreSQL as a source`(promise: Promise) throws {
    try promise.check(on: PostgreSQLBench())
  }

  @Test(arguments: StoreConformance.target) func `PostgreSQL as a target`(promise: Promise) throws {
    try promise.check(on: PostgreSQLBench())
  }

  @Test(arguments: StoreConformance.fence) func `PostgreSQL behind a fence`(promise: Promise) throws {
    try promise.check(on: PostgreSQLBench())
  }
}
