/// Undoes misreadings that were saved as sound UTF-8, line by line.
///
/// A path over the lines like that over runs of bytes: a line stays as it is or is undone by one of a few chains. To
/// begin with a chain costs its gate once, so that many lines of the same damage bear witness together.
enum ChainRepair {
  /// Chains that are weighed against each other over all lines.
  private static let maximumChains = 6
  /// Lines on which chains are looked for; what damaged them damaged the others too.
  private static let maximumSearched = 40
  /// Characters of a line on which chains are looked for.
  private static let searchedLength = 600
  /// What a chain must gain over its gate for a line to count as explained, in units of ``TextModel``.
  private static let explained = 60

  static func run(_ bench: inout Workbench) {
    let isShort = bench.context.kind.isShort && bench.bytes.contains { $0 >= 0x80 }
    guard isShort || !bench.flags.isDisjoint(with: [.rare, .upperControl]) else { return }
    let places = bench.linePlaces()
    // Of a name or title every line is worth a search.
    let chains = candidates(places.filter { $0.isSuspicious || isShort && !$0.isASCII }, bench)
    guard !chains.isEmpty else { return }
    let lines = places.map { Line($0, in: bench.bytes, model: bench.model) }
    let readings = lines.map { line in
      var readings: [Reading] = []
      if line.isASCII { return readings }
      for candidate in chains {
        readings.append(Reading(line, candidate.chain, candidate.rule, bench.model, isLast: line.isLast, readings))
      }
      return readings
    }
    let path = path(lines, chains, readings)
    write(lines, chains, readings, path, &bench)
  }

  // MARK: - Candidates

  private static func candidates(_ places: [LinePlace], _ bench: Workbench) -> [ChainCandidate] {
    var gains: [PageChain: (candidate: ChainCandidate, gain: Int)] = [:]
    for place in places.prefix(maximumSearched) {
      let line = Line(place, in: bench.bytes, model: bench.model)
      let isExplained = gains.values.contains { known in
        let reading = Reading(line, known.candidate.chain, known.candidate.rule, bench.model, isLast: false)
        return line.cost - reading.cost >= known.candidate.rule.gate + explained
      }
      if isExplained { continue }
      let text = sample(line.text)
      let search = ChainSearch(text, model: bench.model, isEnd: line.isLast && text.count == line.text.count)
      let cost = text.withUnsafeBufferPointer { bench.model.cost(of: $0) }
      for candidate in search.found where candidate.cost < cost {
        if bench.isDecoded, candidate.rule.damage == .singleByteAsOther { continue }
        gains[candidate.chain, default: (candidate, 0)].gain += cost - candidate.cost - candidate.rule.gate / 4
      }
    }
    // Chains of one gain come in a fixed order, so that the same text gives the same result.
    let best = gains.values.sorted {
      $0.gain != $1.gain
        ? $0.gain > $1.gain
        : $0.candidate.chain.pages.map(\.rawValue).lexicographicallyPrecedes($1.candidate.chain.pages.map(\.rawValue))
    }
    return best.prefix(maximumChains).filter { $0.gain * 4 > best[0].gain }.map(\.candidate)
  }

  /// The beginning of a long line, up to a character that no chain joins with the next.
  private static func sample(_ text: [UInt32]) -> [UInt32] {
    guard text.count > searchedLength else { return text }
    let end = text[(searchedLength / 2)..<searchedLength].lastIndex { $0 < 0x30 || (0x3A...0x3F).contains($0) }
    return Array(text.prefix(end ?? 8 * searchedLength))
  }

  // MARK: - The path

  /// For each line 0 (stays) or the number of its chain plus one.
  private static func path(_ lines: [Line], _ chains: [ChainCandidate], _ readings: [[Reading]]) -> [Int] {
    var totals = [0] + chains.map { $0.rule.gate + ($0.chain.steps - 1) * 5 }
    let gates = totals
    var origins: [[Int]] = []
    for (line, reading) in zip(lines, readings) {
      var origin = Array(totals.indices)
      let best = totals.indices.min { totals[$0] < totals[$1] }!
      var next = totals
      for state in totals.indices {
        let entered = totals[best] + gates[state]
        if entered < totals[state] {
          next[state] = entered
          origin[state] = best
        }
        if !line.isASCII { next[state] += state == 0 ? line.cost : reading[state - 1].cost }
      }
      origins.append(origin)
      totals = next
    }
    var state = totals.indices.min { totals[$0] < totals[$1] }!
    var path: [Int] = []
    for origin in origins.reversed() {
      path.append(state)
      state = origin[state]
    }
    return path.reversed()
  }

  // MARK: - Output

  private static func write(
    _ lines: [Line], _ chains: [ChainCandidate], _ readings: [[Reading]], _ path: [Int], _ bench: inout Workbench
  ) {
    var builder = LayerBuilder(bench.bytes)
    var first = 0
    while first < lines.count {
      var end = first + 1
      while end < lines.count, path[end] == path[first] { end += 1 }
      if path[first] > 0 {
        let number = path[first] - 1
        let group = (first..<end).filter { !lines[$0].isASCII }
        let before = group.flatMap { lines[$0].text }
        let after = group.flatMap { readings[$0][number].text }
        let gain = group.reduce(0) { $0 + lines[$1].cost - readings[$1][number].cost }
        if !group.isEmpty, chains[number].rule.accepts(before, after, gain: gain) {
          for index in group {
            builder.keep(upTo: lines[index].range.lowerBound)
            readings[index][number].write(lines[index], chains[number].chain, to: &builder)
          }
          note(chains[number], lines[first].range.lowerBound..<lines[end - 1].range.upperBound, gain, &bench)
          if readings[group.last!][number].cut > 0 {
            let last = lines[group.last!].range.upperBound
            bench.note(.cut, last..<last, tier: .policy)
          }
        }
      }
      first = end
    }
    bench.take(builder)
  }

  private static func note(_ chain: ChainCandidate, _ range: Range<Int>, _ gain: Int, _ bench: inout Workbench) {
    var damage = chain.rule.damage
    if damage == .doubleEncoded, chain.chain.steps > 1 { damage = .multiplyEncoded }
    bench.note(damage, range, tier: .lossless, pages: chain.chain.pages, margin: gain - chain.rule.gate)
  }
}

// MARK: -

/// Where a line of sound UTF-8 stands, without its line feed.
struct LinePlace {
  let range: Range<Int>
  let isASCII: Bool
  let isSuspicious: Bool
  /// Whether the text ends with this line.
  let isLast: Bool

  static func split(_ bytes: [UInt8], gate: Gate) -> [LinePlace] {
    var places: [LinePlace] = []
    bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      while start <= bytes.count {
        var (end, high) = (start, UInt8(0))
        while end < bytes.count, bytes[end] != 10 {
          high |= bytes[end]
          end += 1
        }
        let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
        let isSuspicious = high >= 0x80 && !gate.scan(part).isDisjoint(with: [.rare, .upperControl])
        places.append(
          LinePlace(range: start..<end, isASCII: high < 0x80, isSuspicious: isSuspicious, isLast: end == bytes.count))
        start = end + 1
      }
    }
    return places
  }
}

/// The text of a line and what it costs as it is.
struct Line {
  let range: Range<Int>
  let isASCII: Bool
  let isLast: Bool
  let text: [UInt32]
  let cost: Int

  init(_ place: LinePlace, in bytes: [UInt8], model: TextScorer) {
    (range, isASCII, isLast) = (place.range, place.isASCII, place.isLast)
    var text: [UInt32] = []
    if !place.isASCII {
      text.reserveCapacity(place.range.count)
      bytes.withUnsafeBufferPointer { _ = CodePage.utf8.decode(.init(rebasing: $0[place.range]), into: &text) }
    }
    self.text = text
    cost = text.withUnsafeBufferPointer { model.cost(of: $0) }
  }
}

/// A line as a chain reads it.
struct Reading {
  private(set) var cost = RunReader.impossible
  private(set) var text: [UInt32] = []
  private var isUTF8 = false
  /// What UTF-8 must gain for other pages not to be tried, in units of ``TextModel``.
  private static let explained = 120

  /// How many bytes of the stored line are a character that was cut off after the chain.
  private(set) var cut = 0

  /// Reads `line`; `others` are readings by other chains, which often give the same text.
  ///
  /// A reading that costs more than the line itself and the gate of its chain is ``RunReader/impossible``: no path would
  /// take it.
  init(
    _ line: Line, _ chain: PageChain, _ rule: ChainRule, _ model: TextScorer, isLast: Bool, _ others: [Reading] = []
  ) {
    // What is UTF-8 again and far likelier is no other page's text too.
    if rule.decode != .utf8, others.contains(where: { $0.isUTF8 && line.cost - $0.cost >= Self.explained }) { return }
    if let text = Self.run(chain, on: line.text) {
      if rule.decode == .utf8, let other = others.first(where: { $0.isUTF8 && $0.text == text }) {
        self = other
        return
      }
      isUTF8 = rule.decode == .utf8
      self.text = text
      if chain.steps == 1 {
        self.text = AlternateCodes.improve(
          line.text, text, encode: chain.pages[1], decode: chain.pages[2], model: model)
      }
      let bonus = rule.bonus(self.text)
      let limit = line.cost + 2 * rule.gate + bonus
      let whole = self.text.withUnsafeBufferPointer { model.cost(of: $0, limit: limit) }
      cost = whole > limit ? RunReader.impossible : whole - bonus
    } else if isLast, chain.pages.last == .utf8 {
      // The cut may have left a few characters that the chain cannot undo.
      for dropped in 1...max(1, min(4 * chain.steps - 1, line.text.count - 1)) where dropped < line.text.count {
        let (kept, rest) = (Array(line.text.dropLast(dropped)), line.text.suffix(dropped))
        guard rest.allSatisfy({ $0 > 0x7F }), let text = Self.run(chain, on: kept) else { continue }
        self.text = text + [0xFFFD]
        cut = rest.reduce(0) { $0 + UnicodeCoding.length($1) }
        cost = text.withUnsafeBufferPointer { model.cost(of: $0) } + 25 - rule.bonus(text)
        return
      }
    }
  }

  private static func run(_ chain: PageChain, on text: [UInt32]) -> [UInt32]? {
    var text = text
    for step in stride(from: 1, to: chain.pages.count, by: 2) {
      guard let next = PageChain.step(text, encode: chain.pages[step], decode: chain.pages[step + 1]) else {
        return nil
      }
      text = next
    }
    return text
  }

  func write(_ line: Line, _ chain: PageChain, to builder: inout LayerBuilder) {
    guard cut > 0 else { return builder.recode(upTo: line.range.upperBound, by: chain, to: text) }
    builder.recode(upTo: line.range.upperBound - cut, by: chain, to: Array(text.dropLast()))
    builder.replace(upTo: line.range.upperBound, with: [0xEF, 0xBF, 0xBD])
  }
}
