import NoteModel
import NoteStore

extension StoreConformance {
  static let preparingPromises: [Promise] = [
    Promise("a fresh target has no watermark, and what is applied and approved is there") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let target = try bench.target(store)
      defer { target.close() }
      try require(try filling.prepare(target) == nil, "a fresh target has a watermark")
      try filling.apply(SampleProduct.manyNotes, of: "note", to: target)
      try filling.apply(SampleProduct.links, of: "link", to: target)
      try filling.apply(SampleProduct.settings + [SampleProduct.versionRow], of: "setting", to: target)
      try target.commit(filling.watermark(1))
      try target.finish(filling.schema)
      try target.approve()
      target.close()
      try filling.requireRows(SampleProduct.manyNotes, of: "note", in: store, bench)
      try filling.requireRows(SampleProduct.links, of: "link", in: store, bench)
      try filling.requireRows(SampleProduct.settings + [SampleProduct.versionRow], of: "setting", in: store, bench)
      // The engine's own source agrees, and finds no table that is not the product's.
      try withSnapshot(of: bench.source(store)) { snapshot in
        try requireEqual(
          try snapshot.rows(of: "note"), inKeyOrder(SampleProduct.manyNotes, snapshot.entity("note")), "the source")
        try require(
          Set(snapshot.schema.entities.map(\.table)) == Set(SampleProduct.tables), "other tables than the product's")
      }
    },
    Promise("a target that is not empty is refused and left as it was") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      try bench.insert([SampleProduct.note(7)], into: "note", of: store)
      for createSchema in [false, true] {
        try requireRefusal(.targetNotEmpty, because: "a store with a note") {
          let target = try bench.target(store)
          defer { target.close() }
          _ = try filling.prepare(target, createSchema: createSchema)
        }
      }
      try filling.requireRows([SampleProduct.note(7)], of: "note", in: store, bench)
      try withSnapshot(of: bench.source(store)) {
        try require($0.schema.entities.count == SampleProduct.tables.count, "the refused import left a table behind")
      }
    },
    Promise("a missing target is refused, or made where that is asked") { bench in
      let filling = try Filling(bench)
      let place = try bench.makePlace(isReachable: false)
      try requireRefusal(.targetMissing, because: "a place without a store") {
        let target = try bench.target(place)
        defer { target.close() }
        _ = try filling.prepare(target)
      }
    },
    Promise("the tables are created where that is asked, with keys, rules and numbers") { bench in
      let filling = try Filling(bench)
      let place = try bench.makePlace(isReachable: true)
      let rows = [
        SampleProduct.attachment(3, bytes: SampleProduct.bytes(70_000)), SampleProduct.attachment(9, bytes: nil),
      ]
      try fill(place, bench, filling, createSchema: true) { target in
        try filling.apply([SampleProduct.versionRow], of: "setting", to: target)
        try filling.apply([SampleProduct.note(41)], of: "note", to: target)
        try filling.apply(rows, of: "attachment", to: target)
      }
      try filling.requireRows([SampleProduct.note(41)], of: "note", in: place, bench)
      try filling.requireRows(rows, of: "attachment", in: place, bench)
      try require(try bench.insertNumberedNote(into: place) > 41, "the next note gets a number that is taken")
      try withSnapshot(of: bench.source(place)) {
        try require($0.schema.fingerprint == filling.schema.fingerprint, "the tables differ from the product's")
      }
    },
    Promise("a target of another version is refused") { bench in
      let filling = try Filling(bench)
      var schema = filling.schema
      schema.productVersion = "1.6"
      let store = try bench.makeStore()
      try requireRefusal(.storeVersion, because: "a target of version 1.5 for an archive of 1.6") {
        let target = try bench.target(store)
        defer { target.close() }
        _ = try target.prepare(
          for: schema, profile: SampleProduct.profile, origin: Filling.origin, options: TargetOptions())
      }
    },
    Promise("an unfinished import goes on, and one of another archive is refused") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let first = try bench.target(store)
      _ = try filling.prepare(first)
      try filling.apply([SampleProduct.note(1)], of: "note", to: first)
      try first.commit(filling.watermark(3))
      try filling.apply([SampleProduct.note(2)], of: "note", to: first)
      first.close()
      try requireRefusal(.targetUnfinished, because: "an unfinished import of another archive") {
        let other = try bench.target(store)
        defer { other.close() }
        _ = try filling.prepare(other, origin: "another-archive")
      }
      let second = try bench.target(store)
      defer { second.close() }
      let watermark = try filling.prepare(second)
      try require(watermark == filling.watermark(3), "the watermark is \(watermark?.groups ?? -1), not 3")
      second.close()
      try filling.requireRows([SampleProduct.note(1)], of: "note", in: store, bench)
    },
    Promise("unique columns are known") { bench in
      let filling = try Filling(bench)
      let target = try bench.target(try bench.makeStore())
      defer { target.close() }
      _ = try filling.prepare(target)
      let entity = filling.schema.entity(named: "attachment")!
      // Also in the middle of a batch, when the first row of the entity comes.
      try filling.apply([SampleProduct.note(1)], of: "note", to: target)
      let unique = try target.uniqueColumns(of: entity)
      try require(unique.contains(2), "name is unique, which is not known")
      try require(!unique.contains(1) && !unique.contains(4), "note_id and size are not unique")
    },
  ]

  static let batchPromises: [Promise] = [
    Promise("rows that are applied again are the same rows, the last one wins") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let rows = Array(SampleProduct.manyNotes[..<900])
      func with(_ body: String) -> [[Value]] {
        rows.map { row in row.enumerated().map { $0.offset == 2 ? SampleProduct.text(body) : $0.element } }
      }
      let target = try bench.target(store)
      _ = try filling.prepare(target)
      try filling.apply(with("old"), of: "note", to: target)
      try filling.apply(rows, of: "note", to: target)
      try target.commit(filling.watermark(1))
      try filling.apply(SampleProduct.links, of: "link", to: target)
      try filling.apply(with("lost"), of: "note", to: target)
      target.close()
      let other = try bench.target(store)
      defer { other.close() }
      _ = try filling.prepare(other)
      try filling.apply(with("stale"), of: "note", to: other)
      try filling.apply(with("new"), of: "note", to: other)
      try filling.apply(SampleProduct.links, of: "link", to: other)
      try other.commit(filling.watermark(2))
      try other.finish(filling.schema)
      try other.approve()
      try filling.requireRows(with("new"), of: "note", in: store, bench)
      try filling.requireRows(SampleProduct.links, of: "link", in: store, bench)
    },
    Promise("a row that is removed is gone with its batch, and comes back with another one") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let notes = (1...9).map { SampleProduct.note($0) }
      func key(_ numbers: Int64...) -> Key { Key(numbers.map { .integer($0) }) }
      try fill(store, bench, filling) { target in
        try filling.apply(notes, of: "note", to: target)
        try filling.apply(SampleProduct.links, of: "link", to: target)
        for number in [2, 4, 77] { try target.remove(key(Int64(number)), of: filling.schema.entity(named: "note")!) }
        try target.commit(filling.watermark(1))
        try target.remove(key(6), of: filling.schema.entity(named: "note")!)
        target.rollback()
        let links = filling.schema.entity(named: "link")!
        try target.remove(Key(links.key.map { SampleProduct.links[7][$0] }), of: links)
        try filling.apply([SampleProduct.note(4, body: "again")], of: "note", to: target)
      }
      let expected =
        notes.filter { $0[0] != .integer(2) && $0[0] != .integer(4) } + [SampleProduct.note(4, body: "again")]
      try filling.requireRows(
        inKeyOrder(expected, filling.schema.entity(named: "note")!), of: "note", in: store, bench)
      try filling.requireRows(
        SampleProduct.links.filter { $0 != SampleProduct.links[7] }, of: "link", in: store, bench)
    },
    Promise("a row of a delta takes its unique value from the row that has it") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let before = (1...4).map { SampleProduct.attachment(Int64($0), name: "name\($0)", bytes: [UInt8($0)]) }
      let after = [2, 1, 4, 3].enumerated().map { index, name in
        SampleProduct.attachment(Int64(index + 1), name: "name\(name)", bytes: [9])
      }
      try fill(store, bench, filling) { target in
        try filling.apply(before, of: "attachment", to: target)
        try target.commit(filling.watermark(1))
        try target.beginDelta()
        try filling.apply(after, of: "attachment", to: target)
      }
      try filling.requireRows(after, of: "attachment", in: store, bench)
    },
    Promise("what was not committed is gone after a rollback, and the batch before it stays") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      try fill(store, bench, filling) { target in
        try filling.apply([SampleProduct.note(1)], of: "note", to: target)
        try target.commit(filling.watermark(1))
        try filling.apply([SampleProduct.note(1, body: "other"), SampleProduct.note(2)], of: "note", to: target)
        target.rollback()
        target.rollback()
        try filling.apply([SampleProduct.note(3)], of: "note", to: target)
      }
      try filling.requireRows([SampleProduct.note(1), SampleProduct.note(3)], of: "note", in: store, bench)
    },
    Promise("the watermark is that of the last commit, also of one without rows") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      for groups in [Int64(4), 5, 11] {
        let target = try bench.target(store)
        defer { target.close() }
        let found = try filling.prepare(target)?.groups
        try require(groups == 4 ? found == nil : found == (groups == 5 ? 4 : 5), "the watermark is \(found ?? -1)")
        try target.commit(filling.watermark(groups))
      }
    },
    Promise("a row against a rule of its table is refused and the batch goes on without it") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let others = [SampleProduct.attachment(1, name: "same", bytes: nil), SampleProduct.attachment(4, bytes: [1, 2])]
      try fill(store, bench, filling) { target in
        try filling.apply([others[0]], of: "attachment", to: target)
        let taken = try filling.page([SampleProduct.attachment(2, name: "same", bytes: nil)], of: "attachment")
        try requireRefusal(.targetRefusedRow, because: "a unique name for the second time") {
          try target.applyRepaired(row: 0, of: taken, supplies: [])
        }
        let against = try filling.page([SampleProduct.note(5, changed: -1)], of: "note")
        try requireRefusal(.targetRefusedRow, because: "a row against a CHECK") {
          try target.applyRepaired(row: 0, of: against, supplies: [])
        }
        try filling.apply([others[1]], of: "attachment", to: target)
        try filling.apply([SampleProduct.note(5)], of: "note", to: target)
      }
      try filling.requireRows(others, of: "attachment", in: store, bench)
      try filling.requireRows([SampleProduct.note(5)], of: "note", in: store, bench)
    },
    Promise("a row never takes another row's unique value away") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let target = try bench.target(store)
      defer { target.close() }
      _ = try filling.prepare(target)
      let rows = [1, 2].map { SampleProduct.attachment($0, name: "same", bytes: nil) }
      try requireRefusal(.targetRefusedRow, because: "two rows with one unique name") {
        try filling.apply(rows, of: "attachment", to: target)
        try target.commit(filling.watermark(1))
        try target.finish(filling.schema)
      }
    },
  ]
}
