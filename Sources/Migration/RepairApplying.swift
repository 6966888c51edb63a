import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// Applies a plan of repairs to a store that is out of service.
///
/// The whole plan is read and compared with the store first. Then the originals of all values that will be exchanged
/// become durable in a repairs file beside the store, and only then is the first value exchanged, in transactions. A value
/// that does not hold the bytes that the plan was made from is left as it is. Interrupted at any point, the same command
/// goes on: a value that is repaired already is passed over.
///
/// - Parameter confirm: Called before anything is changed, also before the repairs file is written; throws to refuse.
/// - Throws: `.repairsDamaged`, `.repairsForeign`, what `IdleStore` throws, what `confirm` throws, `.interrupted`.
public func applyRepairs(
  _ plan: String, to store: any IdleStore, options: RepairExchangeOptions, observer: any RunObserver,
  stop: StopRequest, confirm: (RepairForecast) throws -> Void
) throws -> RepairExchangeResult {
  defer { store.close() }
  // Read to its end before the store is locked: a damaged plan is refused whatever the store is.
  try requireWhole(plan)
  let exchange = try RepairExchange(store, options, observer: observer, stop: stop)
  let policy = options.policy
  let destination = try RepairBooks.next(beside: store.name)
  let temporary = destination + ".new"
  var forecast = RepairForecast()
  do {
    let reader = try RepairBookReader(plan)
    var follower = try RepairBookFollower(RepairBooks.paths(beside: store.name).last)
    let book = RepairBook(temporary, header: .init(archive: reader.header?.archive ?? "", policy: policy))
    while let record = try reader.next() {
      try stop.check(safeNow: "nothing was changed")
      try exchange.require(record, in: plan, line: reader.line)
      guard policy.applies(record.tier) else {
        exchange.result.notAsked += 1
        try reader.eachPart(from: record) { _ = try follower.holds($0) }
        continue
      }
      let state = try exchange.state(record, isUndo: false)
      forecast.add(state)
      try reader.eachPart(from: record) { part in
        if try !follower.holds(part), state == .first { try book.append(part) }
      }
    }
    if forecast.due > 0 { try confirm(forecast) }
    if book.count > 0 {
      try book.synchronize()
      try Folder.rename(temporary, to: destination)
    }
  } catch {
    try? Folder.remove(temporary)
    throw error
  }
  exchange.result.books = try RepairBooks.paths(beside: store.name).suffix(1)
  let reader = try RepairBookReader(plan)
  while let record = try reader.next() {
    guard policy.applies(record.tier) else {
      try reader.eachPart(from: record) { _ in }
      continue
    }
    try exchange.exchange(record, of: reader, isUndo: false) { part in
      guard let text = part.repaired else {
        throw reader.damaged("line \(reader.line): its plan is not for its text")
      }
      return text
    }
  }
  return try exchange.finish()
}

/// Brings the stored bytes of repaired values back.
///
/// A value is exchanged only where it still holds the repaired text; one that was edited since is left as it is. The
/// repairs files stay, so that the same command may be repeated, after an interruption or without need.
///
/// - Parameters:
///   - path: The repairs file; `nil`: all that lie beside the store, the newest first.
///   - confirm: Called before anything is changed; throws to refuse.
/// - Throws: `.repairsMissing`, `.repairsDamaged`, `.repairsForeign`, what `IdleStore` throws, what `confirm` throws,
///   `.interrupted`.
public func undoRepairs(
  of store: any IdleStore, recordedIn path: String?, options: RepairExchangeOptions, observer: any RunObserver,
  stop: StopRequest, confirm: (RepairForecast) throws -> Void
) throws -> RepairExchangeResult {
  defer { store.close() }
  let books = try path.map { [$0] } ?? RepairBooks.paths(beside: store.name).reversed()
  guard !books.isEmpty else {
    throw MigrationError(
      .repairsMissing, "there is no repairs file of \(store.name)",
      cause: "\(RepairBook.path(beside: store.name)) does not exist: no repair was applied, or the file was moved",
      safeNow: "nothing was changed", next: ["name the file with --repairs FILE"])
  }
  for book in books { try requireWhole(book) }
  let exchange = try RepairExchange(store, options, observer: observer, stop: stop)
  var forecast = RepairForecast()
  for book in books {
    let reader = try RepairBookReader(book)
    while let record = try reader.next() {
      try stop.check(safeNow: "nothing was changed")
      try exchange.require(record, in: book, line: reader.line)
      forecast.add(try exchange.state(record, isUndo: true))
      try reader.eachPart(from: record) { _ in }
    }
  }
  if forecast.due > 0 { try confirm(forecast) }
  exchange.result.books = books
  for book in books {
    let reader = try RepairBookReader(book)
    while let record = try reader.next() { try exchange.exchange(record, of: reader, isUndo: true) { $0.original } }
  }
  return try exchange.finish()
}

/// Reads a repairs file to its end and checks that every plan in it gives the text that it names.
///
/// - Throws: `.repairsMissing`, `.repairsDamaged`.
private func requireWhole(_ path: String) throws {
  let reader: RepairBookReader
  do {
    reader = try RepairBookReader(path)
  } catch let error as MigrationError where error.code == .sourceMissing {
    throw MigrationError(
      .repairsMissing, "there is no repairs file at \(path)", cause: error.cause, safeNow: "nothing was changed",
      next: ["noteferry repair plan STORE -o FILE makes one"])
  }
  let digest = Digest(.sha256)
  while let record = try reader.next() {
    try reader.eachPart(from: record) { part in
      guard let text = part.repaired else {
        throw reader.damaged("line \(reader.line): its plan does not give the text that it names")
      }
      text.withUnsafeBytes { digest.update($0) }
    }
    guard digest.finish() == record.wholeRepairedDigest else {
      throw reader.damaged("line \(reader.line): the plans of its parts do not give the text that they name")
    }
  }
}
