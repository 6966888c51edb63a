extension ByteDecoder {
  /// Least margin, in units of ``TextModel``, for a reading to count as certain.
  private static let certain = 5

  static func run(_ bench: inout Workbench) {
    let bytes = bench.bytes
    bytes.withUnsafeBufferPointer { buffer in
      let decoder = ByteDecoder(buffer, bench: bench)
      var builder = LayerBuilder(bytes)
      decoder.write(to: &builder, bench: &bench)
      bench.take(builder)
    }
  }

  /// The text by the best path; a cut character is U+FFFD.
  func text(_ model: TextScorer) -> [UInt32] {
    var text: [UInt32] = []
    var reader = RunReader(bytes, model: model, isCutOnce: isCutOnce)
    var at = 0
    for (run, page) in zip(runs, path) {
      text += bytes[at..<run.range.lowerBound].lazy.map { UInt32($0) }
      _ = reader.cost(run.range, by: Self.pages[page].page)
      text += reader.text
      at = run.range.upperBound
    }
    return text + bytes[at...].lazy.map { UInt32($0) }
  }

  private func write(to builder: inout LayerBuilder, bench: inout Workbench) {
    var first = 0
    while first < runs.count {
      var end = first + 1
      while end < runs.count, path[end] == path[first] { end += 1 }
      let page = Self.pages[path[first]].page
      let range = runs[first].range.lowerBound..<runs[end - 1].range.upperBound
      builder.keep(upTo: range.lowerBound)
      if page == .utf8 {
        for run in runs[first..<end] { writeUTF8(run.range, to: &builder, &bench) }
      } else {
        writeLegacy(first..<end, page, to: &builder, bench.model)
        bench.note(.legacyBytes, range, tier: certainty(bench), pages: [page], margin: margin)
        var last = RunReader(bytes, model: bench.model, isCutOnce: isCutOnce)
        if last.cost(runs[end - 1].range, by: page) < RunReader.impossible, last.cut > 0 {
          bench.note(.cut, range.upperBound - last.cut..<range.upperBound, tier: .policy)
        }
      }
      first = end
    }
    noteMixture(&bench)
  }

  private func certainty(_ bench: Workbench) -> RepairTier {
    if bench.isDoubtful || margin < Self.certain && runs.contains(where: \.isPart) { return .inferred }
    return margin >= Self.certain ? .lossless : .policy
  }

  private func noteMixture(_ bench: inout Workbench) {
    guard Set(path).count > 1 else { return }
    let isInLine = zip(runs, path).enumerated().contains { number, entry in
      number > 0 && !entry.0.startsLine && path[number - 1] != entry.1
    }
    bench.note(isInLine ? .mixedRuns : .mixedLines, 0..<bytes.count, tier: certainty(bench))
  }

  private func writeUTF8(_ range: Range<Int>, to builder: inout LayerBuilder, _ bench: inout Workbench) {
    let part = UnsafeBufferPointer(rebasing: bytes[range])
    guard let reading = LenientUTF8(part, isEnd: range.upperBound == bytes.count, isCutOnce: isCutOnce) else { return }
    for defect in reading.defects {
      builder.keep(upTo: range.lowerBound + defect.range.lowerBound)
      var replacement: [UInt8] = []
      if defect.scalar != 0 { UnicodeCoding.append(defect.scalar, to: &replacement) }
      builder.replace(upTo: range.lowerBound + defect.range.upperBound, with: replacement)
      let place = range.lowerBound + defect.range.lowerBound..<range.lowerBound + defect.range.upperBound
      bench.note(defect.damage, place, tier: defect.damage == .cesu8 ? .lossless : .policy)
    }
    builder.keep(upTo: range.upperBound)
  }

  /// Writes runs of one page as one piece, with the ASCII between them; a run that does not come back as it was makes
  /// pieces of their own.
  private func writeLegacy(
    _ numbers: Range<Int>, _ page: CodePage, to builder: inout LayerBuilder, _ model: TextScorer
  ) {
    let chain = PageChain(pages: [page])
    let range = runs[numbers.lowerBound].range.lowerBound..<runs[numbers.upperBound - 1].range.upperBound
    let part = UnsafeBufferPointer(rebasing: bytes[range])
    if let text = chain.decode(part), let back = chain.encode(text), back.elementsEqual(part) {
      return builder.recode(upTo: range.upperBound, by: chain, to: text)
    }
    var reader = RunReader(bytes, model: model, isCutOnce: isCutOnce)
    for run in runs[numbers] {
      builder.keep(upTo: run.range.lowerBound)
      _ = reader.cost(run.range, by: page)
      builder.recode(
        upTo: run.range.upperBound - reader.cut, by: chain, to: reader.cut > 0 ? reader.text.dropLast() : reader.text)
      if reader.cut > 0 { builder.replace(upTo: run.range.upperBound, with: [0xEF, 0xBF, 0xBD]) }
    }
  }
}
