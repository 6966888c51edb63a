import NoteModel
import NoteStore

extension StoreConformance {
  static let readingPromises: [Promise] = [
    Promise("every row comes once, in the order of the keys") { bench in
      let store = try filledStore(bench)
      try withSnapshot(of: bench.source(store)) { snapshot in
        for (table, rows) in filling {
          let entity = try snapshot.entity(table)
          let own = table == "setting" ? rows + [SampleProduct.versionRow] : rows
          try requireEqual(try snapshot.rows(of: table), inKeyOrder(own, entity), table)
        }
      }
    },
    Promise("reading goes on behind any key, also behind one that no row has") { bench in
      let store = try filledStore(bench)
      try withSnapshot(of: bench.source(store)) { snapshot in
        for table in ["note", "link", "setting"] {
          let entity = try snapshot.entity(table)
          let all = try snapshot.rows(of: table)
          for index in stride(from: 0, to: all.count, by: max(1, all.count / 9)) + [all.count - 1] {
            let key = Key(entity.key.map { all[index][$0] })
            try requireEqual(
              try snapshot.rows(of: table, after: key), Array(all[(index + 1)...]), "\(table) behind \(key)")
          }
        }
        let notes = try snapshot.rows(of: "note")
        let behind = notes.filter { $0[0] != notes[0][0] }
        guard case .integer(let first) = notes[0][0] else { throw Breach(explanation: "a key is not an integer") }
        try requireEqual(try snapshot.rows(of: "note", after: Key([.integer(first + 1)])), behind, "note behind a gap")
        try requireEqual(try snapshot.rows(of: "note", after: Key([.integer(first - 1)])), notes, "note behind nothing")
      }
    },
    Promise("rows are read by their keys, and a key without a row is left out") { bench in
      let store = try filledStore(bench)
      try withSnapshot(of: bench.source(store)) { snapshot in
        for table in ["note", "link", "setting"] {
          let entity = try snapshot.entity(table)
          let wanted = try snapshot.rows(of: table).enumerated().filter { $0.offset % 3 == 1 }.map(\.element)
          var keys = wanted.map { row in Key(entity.key.map { row[$0] }) }
          keys.append(
            Key(
              entity.key.map { column in
                if case .integer = wanted[0][column] { .integer(.max - 5) } else { SampleProduct.text("~") }
              }))
          var next = keys.makeIterator()
          try snapshot.startReading(entity) { next.next() }
          try requireEqual(try snapshot.rest(of: entity), wanted, "\(table) by keys")
        }
      }
    },
    Promise("a reading that begins ends the one that was under way") { bench in
      let store = try filledStore(bench)
      try withSnapshot(of: bench.source(store)) { snapshot in
        let page = RecordPage(entity: try snapshot.entity("note"), algorithm: .sha256)
        try snapshot.startReading(page.entity, after: nil)
        try require(try snapshot.readPage(into: page) { _ in }, "the notes fit into one page, so nothing is under way")
        try require(try snapshot.rows(of: "link").count == SampleProduct.links.count, "the other entity is not whole")
        try require(try snapshot.rows(of: "note").count == SampleProduct.manyNotes.count, "the first is not whole")
      }
    },
    Promise("rows are counted apart from the pages") { bench in
      let store = try filledStore(bench)
      try withSnapshot(of: bench.source(store)) { snapshot in
        for (table, rows) in filling {
          let count = try snapshot.count(of: snapshot.entity(table))
          try require(count == rows.count + (table == "setting" ? 1 : 0), "\(count) rows of \(table)")
        }
      }
    },
    Promise("text comes as the bytes that the store holds, and odd text is told") { bench in
      let store = try bench.makeStore()
      let texts: [(bytes: [UInt8], kind: Finding.Kind?)] = [
        ([], nil), (Array("ä\r\n\t\u{1}\u{7F}".utf8), nil), (Array("e\u{301} ﷽ 🏳️‍🌈".utf8), nil),
        ([0x61, 0, 0x62], .textContainsNUL), ([0xC3, 0x28], .textInvalidUTF8), ([0xED, 0xA0, 0x80], .textInvalidUTF8),
        (Array("'\"\\x00 $1 %s ; --".utf8), nil),
      ].filter { bench.holds(text: $0.bytes) }
      try require(texts.count >= 4, "the engine holds not even plain text")
      let rows = texts.enumerated().map { index, text in
        [.integer(Int64(index)), SampleProduct.text("t"), Value.text(text.bytes), .null, .integer(0)]
      }
      try bench.insert(rows, into: "note", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        var findings: [Finding] = []
        try requireEqual(try snapshot.rows(of: "note") { findings.append($0) }, rows, "note")
        for (index, text) in texts.enumerated() {
          let told = findings.filter { $0.key == "[\(index)]" }.map(\.kind)
          try require(told == (text.kind.map { [$0] } ?? []), "the text of note \(index) is told as \(told)")
        }
      }
    },
    Promise("numbers come with every bit") { bench in
      let store = try bench.makeStore()
      let reals = [0, 0.1, 1e300, .leastNonzeroMagnitude, 1.0 / 3, -2.5e-17]
      let rows = reals.enumerated().map { index, real -> [Value] in
        let number = index % 2 == 0 ? Int64.max - Int64(index) : Int64(index)
        return [.integer(Int64(index)), SampleProduct.text("t"), SampleProduct.text(""), .real(real), .integer(number)]
      }
      try bench.insert(rows, into: "note", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        let found = try snapshot.rows(of: "note")
        try requireEqual(found, rows, "note")
        for (row, real) in zip(found, reals) {
          guard case .real(let number) = row[3] else { throw Breach(explanation: "a real is none") }
          try require(number.bitPattern == real.bitPattern, "\(real) became \(number)")
        }
      }
    },
  ]

  private static let filling: [(table: String, rows: [[Value]])] = [
    ("note", SampleProduct.manyNotes), ("link", SampleProduct.links), ("setting", SampleProduct.settings),
  ]

  static func filledStore(_ bench: any ConformanceBench) throws -> String {
    let store = try bench.makeStore()
    for (table, rows) in filling { try bench.insert(rows, into: table, of: store) }
    return store
  }

  static let contentPromises: [Promise] = [
    Promise("attachments are measured without being read, and read by their keys") { bench in
      let store = try bench.makeStore()
      let lengths = [0, 1, 70_000, 1 << 20, 2_500_001]
      let rows =
        lengths.enumerated().map { index, length in
          SampleProduct.attachment(Int64(index), bytes: SampleProduct.bytes(length, seed: UInt64(index)))
        } + [SampleProduct.attachment(99, bytes: nil)]
      try bench.insert(rows, into: "attachment", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        let entity = try snapshot.entity("attachment")
        let page = RecordPage(entity: entity, algorithm: .sha256)
        try snapshot.startMeasuring(entity, after: nil, since: nil)
        _ = try snapshot.readPage(into: page) { _ in }
        try require(page.rowCount == rows.count, "\(page.rowCount) of \(rows.count) rows are measured")
        try require(page.contents.map(\.byteCount) == lengths.map(Int64.init), "the lengths are other ones")
        for content in page.contents {
          guard case .unread(isSuspect: false) = content.place else { throw Breach(explanation: "a content is read") }
        }
        var next = [3, 1, 4].map { Key([.integer(Int64($0))]) }.makeIterator()
        try snapshot.startReading(entity) { next.next() }
        try requireEqual(try snapshot.rest(of: entity), [rows[3], rows[1], rows[4]], "attachments by keys")
      }
    },
    Promise("contents of any length come whole, in reads of any size") { bench in
      let store = try bench.makeStore()
      let lengths = [0, 1, 4_095, 1 << 20, 1 << 20 + 1, 2_500_001]
      let rows =
        lengths.enumerated().map { index, length in
          SampleProduct.attachment(Int64(index), bytes: SampleProduct.bytes(length, seed: UInt64(index)))
        } + [SampleProduct.attachment(99, bytes: nil)]
      try bench.insert(rows, into: "attachment", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        for chunk in [997, 64 << 10, 4 << 20] {
          try requireEqual(try snapshot.rows(of: "attachment", chunk: chunk), rows, "reads of \(chunk) bytes")
        }
      }
    },
    Promise("a content has a column of its own even when it is empty, and none when it is null") { bench in
      let store = try bench.makeStore()
      let rows = [SampleProduct.attachment(1, bytes: []), SampleProduct.attachment(2, bytes: nil)]
      try bench.insert(rows, into: "attachment", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        let page = RecordPage(entity: try snapshot.entity("attachment"), algorithm: .sha256)
        try snapshot.startReading(page.entity, after: nil)
        _ = try snapshot.readPage(into: page) { _ in }
        try require(page.contents.map(\.row) == [0], "contents in rows \(page.contents.map(\.row))")
      }
    },
    Promise("a text too long for its row is a text content") { bench in
      let store = try bench.makeStore()
      let body = String(repeating: "ä long text. ", count: RecordPage.inlineLimit / 10)
      try bench.insert([SampleProduct.note(1, body: body)], into: "note", of: store)
      try withSnapshot(of: bench.source(store)) { snapshot in
        try requireEqual(try snapshot.rows(of: "note"), [SampleProduct.note(1, body: body)], "note")
        let page = RecordPage(entity: try snapshot.entity("note"), algorithm: .sha256)
        try snapshot.startReading(page.entity, after: nil)
        _ = try snapshot.readPage(into: page) { _ in }
        try require(page.contents.map(\.isText) == [true], "the text is not one text content")
      }
    },
  ]

  static let viewPromises: [Promise] = [
    Promise("a view is one moment while the product writes") { bench in
      let store = try filledStore(bench)
      let source = try bench.source(store)
      try withSnapshot(of: source) { snapshot in
        let page = RecordPage(entity: try snapshot.entity("note"), algorithm: .sha256)
        try snapshot.startReading(page.entity, after: nil)
        _ = try snapshot.readPage(into: page) { _ in }
        try bench.insert([SampleProduct.note(100_000)], into: "note", of: store)
        try bench.insert([[.integer(90), .integer(90), SampleProduct.text("new")]], into: "link", of: store)
        try require(try snapshot.rows(of: "note").count == SampleProduct.manyNotes.count, "a later note is in the view")
        try require(try snapshot.rows(of: "link").count == SampleProduct.links.count, "a later link is in the view")
        let count = try snapshot.count(of: page.entity)
        try require(count == SampleProduct.manyNotes.count, "a later note is in the count")
      }
      try withSnapshot(of: source) { snapshot in
        let count = try snapshot.count(of: snapshot.entity("note"))
        try require(count == SampleProduct.manyNotes.count + 1, "a new view has not what was committed before")
      }
    },
    Promise("two views with a commit between them never have the same identity") { bench in
      let store = try bench.makeStore()
      let source = try bench.source(store)
      let first = try withSnapshot(of: source) { $0.identity }
      try bench.insert([SampleProduct.note(1)], into: "note", of: store)
      let second = try withSnapshot(of: source) { $0.identity }
      try require(first == nil || first != second, "both are \(first ?? "")")
    },
    Promise("reading changes nothing, and letting go twice is harmless") { bench in
      let store = try filledStore(bench)
      let source = try bench.source(store)
      let before = try SampleProduct.tables.map { Set(try bench.rows(of: $0, in: store)) }
      let snapshot = try source.openSnapshot(SnapshotOptions(secrets: .include))
      for table in SampleProduct.tables { _ = try snapshot.rows(of: table) }
      snapshot.close()
      snapshot.close()
      let after = try SampleProduct.tables.map { Set(try bench.rows(of: $0, in: store)) }
      try require(before == after, "rows differ after they were read")
      _ = try bench.insertNumberedNote(into: store)
    },
    Promise("the schema says version, tables and keys") { bench in
      let store = try bench.makeStore()
      try withSnapshot(of: bench.source(store)) { snapshot in
        try require(snapshot.schema.productVersion == "1.5", "version \(snapshot.schema.productVersion)")
        try require(snapshot.schema.profile == "sample" && snapshot.profile.name == "sample", "another profile")
        for (table, key) in [("note", ["id"]), ("link", ["note_id", "other_id", "kind"]), ("setting", ["name"])] {
          let entity = try snapshot.entity(table)
          try require(entity.key.map { entity.columns[$0].name } == key, "another key of \(table)")
        }
        let attachment = try snapshot.entity("attachment")
        let kinds = attachment.columns.filter { $0.kind == .content }.map(\.name)
        try require(kinds == ["bytes"], "contents are in \(kinds)")
      }
    },
    Promise("a place without a store is refused as missing") { bench in
      let place = try bench.makePlace(isReachable: false)
      try requireRefusal(.sourceMissing, because: "a place without a store") {
        try withSnapshot(of: bench.source(place)) { _ in }
      }
    },
  ]
}

private func + (strides: StrideTo<Int>, more: [Int]) -> [Int] { Array(strides) + more }
