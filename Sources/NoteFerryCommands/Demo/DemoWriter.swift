import Corpus
import DurableIO
import NoteModel
import Synchronization

/// Somebody who keeps using the demo's store: writes, changes and deletes notes until it is stopped.
///
/// Each transaction also sets the row `DEMO_NOTES` to the number of notes, so that any one moment of the store can be
/// told from a mixture of two: there the number is right.
final class DemoWriter: Sendable {
  private let stops = Atomic<Bool>(false)
  private let written = Atomic<Int64>(0)
  private let failed = Atomic<Bool>(false)
  private let path: String

  init(path: String) { self.path = path }

  var transactions: Int64 { written.load(ordering: .relaxed) }

  func start() -> WorkerThread {
    WorkerThread { [self] in
      do {
        try write(SampleDatabase(path))
      } catch {
        failed.store(true, ordering: .relaxed)
      }
    }
  }

  func stop(_ thread: WorkerThread) throws {
    stops.store(true, ordering: .relaxed)
    thread.join()
    if failed.load(ordering: .relaxed) {
      throw MigrationError(
        .internal, "the demo's writer was stopped by the store", safeNow: "only the demo's directory was written",
        next: ["noteferry demo"])
    }
  }

  private func write(_ database: SampleDatabase) throws {
    var random = SampleRandom(7)
    let insert = try SampleStatement(database, "INSERT INTO memo(uid, creator_id, content) VALUES(?,1,?)")
    let change = try SampleStatement(database, "UPDATE memo SET content = ?, updated_ts = updated_ts + 1 WHERE id = ?")
    let remove = try SampleStatement(database, "DELETE FROM memo WHERE id = ?")
    let count = try SampleStatement(
      database, "UPDATE system_setting SET value = (SELECT count(*) FROM memo) WHERE name = 'DEMO_NOTES'")
    while !stops.load(ordering: .relaxed) {
      let number = written.load(ordering: .relaxed)
      try database.run("BEGIN IMMEDIATE")
      try insert.run(.text(Array("written\(number)".utf8)), .text(random.sentence()))
      try change.run(.text(random.sentence()), .integer(Int64(1 + random.below(DemoStore.notes))))
      if number % 3 == 0 { try remove.run(.integer(Int64(1000 + random.below(1000)))) }
      try count.run()
      try database.run("COMMIT")
      written.add(1, ordering: .relaxed)
      pauseBriefly()
    }
  }
}
