import NoteModel
import NoteStore

extension StoreConformance {
  static let fillingPromises: [Promise] = [
    Promise("contents arrive whole, at once and in pieces of any size") { bench in
      let filling = try Filling(bench)
      for chunk in [nil, 1_021, 1 << 20] {
        let store = try bench.makeStore()
        let rows =
          [0, 1, 1_021, 4_096, 1 << 20, 9_000_001].enumerated().map { index, length in
            SampleProduct.attachment(Int64(index + 1), bytes: SampleProduct.bytes(length, seed: UInt64(length)))
          } + [SampleProduct.attachment(50, bytes: nil)]
        try fill(store, bench, filling) { try filling.apply(rows, of: "attachment", to: $0, chunk: chunk) }
        try filling.requireRows(rows, of: "attachment", in: store, bench)
      }
    },
    Promise("text of every kind arrives byte for byte") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let texts =
        [
          "", "\t\n\r\u{1}\u{1F}\u{7F}", "\\N \\. \\x41 \\", "'\"$$ ; --", "e\u{301} 漢字 🏳️‍🌈",
          String(repeating: "ä", count: 100_000),
        ].map { Array($0.utf8) } + [[0x61, 0, 0x62], [0xC3, 0x28]]
      let rows = texts.filter(bench.holds(text:)).enumerated().map { index, text in
        [.integer(Int64(index)), Value.text(text), .text(text), .real(-0.0), .integer(.max)]
      }
      try fill(store, bench, filling) { try filling.apply(rows, of: "note", to: $0) }
      try filling.requireRows(rows, of: "note", in: store, bench)
    },
    Promise("a content equal to an earlier one is taken from there") { bench in
      let filling = try Filling(bench)
      for length in [5, 9_000_000] {
        let store = try bench.makeStore()
        let bytes = SampleProduct.bytes(length)
        let rows = [1, 2, 3].map { SampleProduct.attachment($0, bytes: bytes) }
        try fill(store, bench, filling) { target in
          try filling.apply([rows[0]], of: "attachment", to: target, chunk: 64 << 10)
          let page = try filling.page(Array(rows[1...]), of: "attachment")
          try target.apply(row: 0, of: page, supplies: [.sameAs(Key([.integer(1)]))])
          try target.commit(filling.watermark(1))
          try target.apply(row: 1, of: page, supplies: [.sameAs(Key([.integer(2)]))])
          // A row that is applied again keeps what it has.
          try target.apply(row: 1, of: page, supplies: [.sameAs(Key([.integer(3)]))])
        }
        try filling.requireRows(rows, of: "attachment", in: store, bench)
      }
    },
    Promise("a content that is lost becomes null") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let row = SampleProduct.attachment(1, bytes: [1, 2, 3])
      try fill(store, bench, filling) { target in
        try target.apply(row: 0, of: filling.page([row], of: "attachment"), supplies: [.lost])
      }
      try filling.requireRows(
        [row.enumerated().map { $0.offset == 3 ? .null : $0.element }], of: "attachment", in: store, bench)
    },
    Promise("contents that do not come are given up and their row is applied again") { bench in
      let filling = try Filling(bench)
      for length in [40_000, 12_000_000] {
        let store = try bench.makeStore()
        let rows = [1, 2, 3].map { SampleProduct.attachment($0, bytes: SampleProduct.bytes(length, seed: UInt64($0))) }
        try fill(store, bench, filling) { target in
          try filling.apply([rows[0]], of: "attachment", to: target, chunk: 64 << 10)
          let page = try filling.page([rows[1]], of: "attachment")
          try target.apply(row: 0, of: page, supplies: [.stream])
          try target.beginContent(0)
          try SampleProduct.bytes(length / 2).withUnsafeBytes { try target.writeContent($0) }
          target.abandonContents()
          try target.apply(row: 0, of: page, supplies: [.lost])
          try filling.apply([rows[2]], of: "attachment", to: target, chunk: 64 << 10)
        }
        let lost = rows[1].enumerated().map { $0.offset == 3 ? Value.null : $0.element }
        try filling.requireRows([rows[0], lost, rows[2]], of: "attachment", in: store, bench)
      }
    },
    Promise("a batch does not end between a row and its contents") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let target = try bench.target(store)
      defer { target.close() }
      _ = try filling.prepare(target)
      let row = SampleProduct.attachment(1, bytes: SampleProduct.bytes(3_000))
      let page = try filling.page([row], of: "attachment")
      try target.apply(row: 0, of: page, supplies: [.stream])
      try requireRefusal(.internal, because: "the end of a batch in front of a content") {
        try target.commit(filling.watermark(1))
      }
      target.abandonContents()
    },
    Promise("a withheld value stays as the target has it, or gets its default") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let note: [Value] = [.integer(1), SampleProduct.text("t"), .withheld, .null, .integer(4)]
      try fill(store, bench, filling) { target in
        try filling.apply([note], of: "note", to: target)
        try filling.apply([[SampleProduct.text("version"), .withheld]], of: "setting", to: target)
      }
      let kept = note.enumerated().map { $0.offset == 2 ? SampleProduct.text("") : $0.element }
      try filling.requireRows([kept], of: "note", in: store, bench)
      try filling.requireRows([SampleProduct.versionRow], of: "setting", in: store, bench)
    },
    Promise("a withheld value that a new row must have is empty") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      func attachment(_ id: Int64, _ name: Value) -> [Value] {
        SampleProduct.attachment(id, bytes: [UInt8(id)]).enumerated().map { $0.offset == 2 ? name : $0.element }
      }
      try fill(store, bench, filling) { target in
        try filling.apply([attachment(5, SampleProduct.text("kept"))], of: "attachment", to: target)
        try target.commit(filling.watermark(1))
        try filling.apply([attachment(5, .withheld), attachment(9, .withheld)], of: "attachment", to: target)
      }
      try filling.requireRows(
        [attachment(5, SampleProduct.text("kept")), attachment(9, SampleProduct.text(""))], of: "attachment", in: store,
        bench)
    },
  ]

  static let endingPromises: [Promise] = [
    Promise("the mark stays until the approval, and then nothing of the import is left") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let target = try bench.target(store)
      _ = try filling.prepare(target)
      try filling.apply([SampleProduct.note(1)], of: "note", to: target)
      try target.commit(filling.watermark(2))
      try target.finish(filling.schema)
      target.close()
      let other = try bench.target(store)
      try require(try filling.prepare(other) == filling.watermark(2), "a finished target has lost its mark")
      try other.finish(filling.schema)
      try other.approve()
      other.close()
      other.close()
      try requireRefusal(.targetNotEmpty, because: "an approved target") {
        let third = try bench.target(store)
        defer { third.close() }
        _ = try filling.prepare(third)
      }
      try withSnapshot(of: bench.source(store)) {
        try require($0.schema.fingerprint == filling.schema.fingerprint, "the approved store has other tables")
      }
    },
    Promise("the product's next row gets a number that no row has") { bench in
      var filling = try Filling(bench)
      // Rows with higher numbers may have been there and gone.
      for (highest, sequences) in [(900, []), (5_000, [StoreSchema.Sequence(table: "note", value: 5_000)])] {
        let store = try bench.makeStore()
        filling.schema.sequences = sequences
        try fill(store, bench, filling) { try filling.apply([SampleProduct.note(900)], of: "note", to: $0) }
        let number = try bench.insertNumberedNote(into: store)
        try require(number > highest, "the next note gets the number \(number), not one above \(highest)")
      }
    },
    Promise("a filled target is read while it waits for its approval") { bench in
      let filling = try Filling(bench)
      let store = try bench.makeStore()
      let target = try bench.target(store)
      defer { target.close() }
      _ = try filling.prepare(target)
      try filling.apply(SampleProduct.manyNotes, of: "note", to: target)
      try target.commit(filling.watermark(1))
      try target.finish(filling.schema)
      try withSnapshot(of: bench.source(store)) { snapshot in
        try requireEqual(
          try snapshot.rows(of: "note"), inKeyOrder(SampleProduct.manyNotes, snapshot.entity("note")), "note")
        try require(
          Set(snapshot.schema.entities.map(\.table)) == Set(SampleProduct.tables), "the mark is taken for a table")
      }
      try target.approve()
    },
  ]
}
