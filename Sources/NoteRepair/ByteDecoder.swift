/// Finds the pages that bytes were written in, run by run, where they are not UTF-8.
///
/// The most likely path through all runs (Viterbi): a run's cost under a page is that of its text, and changing the page
/// costs more within a line than between lines, since a note is mostly of one piece.
struct ByteDecoder {
  /// The pages that stores meet, and what choosing them costs, in units of ``TextModel``; rare ones must earn it.
  static let pages: [(page: CodePage, prior: Int)] = [
    (.utf8, 0), (.gb18030, 0), (.big5, 2), (.shiftJIS, 2), (.eucJP, 2), (.eucKR, 2), (.windows1252, 0),
    (.windows1250, 4), (.windows1251, 2), (.windows1254, 10), (.windows1253, 6), (.windows1255, 6),
    (.windows1256, 5), (.windows1257, 10), (.windows1258, 12), (.windows874, 4), (.iso8859x2, 8), (.koi8r, 5),
    (.koi8u, 12), (.cp866, 8), (.iso8859x5, 14), (.iso8859x7, 12), (.iso8859x15, 12), (.cp850, 40), (.cp437, 40),
    (.cp852, 40), (.macRoman, 40), (.macCyrillic, 40), (.iso8859x6, 16), (.iso8859x8, 16),
  ]

  private static let lineSwitch = 30
  private static let runSwitch = 50
  /// A reading this much dearer than the best is never on the best path: it could change the page twice for less.
  private static let slack = 2 * runSwitch + 40

  let bytes: UnsafeBufferPointer<UInt8>
  let runs: [TextRun]
  let isCutOnce: Bool
  /// For each run the index of its page in ``pages``.
  private(set) var path: [Int] = []
  /// What the best path costs less than the next reading with one page, in units of ``TextModel``.
  private(set) var margin = Int.max

  init(_ bytes: UnsafeBufferPointer<UInt8>, bench: Workbench) {
    self.bytes = bytes
    let isCutOnce = LenientUTF8.isCutOnce(bytes)
    self.isCutOnce = isCutOnce
    var mixed = MixedRun(bytes, model: bench.engine.model, isCutOnce: isCutOnce)
    runs = TextRun.split(bytes).flatMap { mixed.parts(of: $0) }
    let isMostlyLatin = Self.isMostlyLatin(bytes)
    let priors = Self.pages.map { page, prior in
      bench.prior(of: page, otherwise: prior) + (isMostlyLatin ? page.foreignPrior : 0)
    }
    let costs = score(bench.engine)
    trace(costs, priors: priors)
  }

  /// Whether the text is written in Latin letters but for a few bytes: then these are hardly of another script.
  private static func isMostlyLatin(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var (letters, high) = (0, 0)
    for byte in bytes {
      if byte >= 0x80 { high += 1 } else if (0x41...0x5A).contains(byte & 0xDF) { letters += 1 }
    }
    return letters > 4 * high
  }

  // MARK: - Costs

  /// The cost of each run under each page, run by run.
  ///
  /// After some hundred bytes only the pages in question are tried; where none of them fits, all are again.
  private func score(_ engine: RepairEngine) -> [Int] {
    let count = Self.pages.count
    var costs = [Int](repeating: RunReader.impossible, count: runs.count * count)
    var order = Array(0..<count)
    var narrow = order
    var totals = [Int](repeating: 0, count: count)
    var (seen, isDoubtful, isSettled) = (0, false, false)
    var reader = RunReader(bytes, model: engine.model, isCutOnce: isCutOnce)
    for (number, run) in runs.enumerated() {
      let row = number * count
      if run.startsLine { isDoubtful = false }
      // Where only pages of single bytes are left besides UTF-8, or one other, three of four words are only decoded.
      let isPassedOver = isSettled && !run.startsLine && number % 4 != 0
      let sample = isDoubtful || !isSettled ? .max : isPassedOver ? 0 : Self.glance
      var best = score(run, narrow, engine, &reader, &costs, row, sample: sample)
      if narrow.count < count, best.cost * 2 > max(best.count, 3) * Self.poor {
        isDoubtful = true
        best = score(run, order, engine, &reader, &costs, row, sample: .max)
      }
      // The page that was best is tried first next time, so that the others are given up early.
      if order[0] != best.page, let index = order.firstIndex(of: best.page) {
        order.insert(order.remove(at: index), at: 0)
        narrow = narrow.filter { $0 != best.page }
        narrow.insert(best.page, at: 0)
      }
      guard seen < Self.sample else { continue }
      seen += run.range.count
      for page in order { totals[page] += min(costs[row + page], best.cost + Self.slack) }
      narrow = order
      guard seen >= Self.sample else { continue }
      let bar = totals.min()! + Self.slack * 3
      narrow = order.filter { totals[$0] <= bar || $0 == 0 }
      isSettled = narrow.count <= 2 || narrow.allSatisfy { $0 == 0 || Self.pages[$0].page.singleByteTable != nil }
    }
    return costs
  }

  /// Bytes in runs after which unlikely pages are no longer tried.
  private static let sample = 300
  /// Twice the cost of a character that asks for the other pages, in units of ``TextModel``.
  private static let poor = 90
  /// Characters of a run that are weighed where the page is settled.
  private static let glance = 40

  private func score(
    _ run: TextRun, _ order: [Int], _ engine: RepairEngine, _ reader: inout RunReader, _ costs: inout [Int], _ row: Int,
    sample: Int
  ) -> (page: Int, cost: Int, count: Int) {
    var best = (page: 0, cost: RunReader.impossible, count: 1)
    for page in order {
      let cost = reader.cost(run.range, by: Self.pages[page].page, limit: best.cost + Self.slack, sample: sample)
      guard cost < RunReader.impossible else { continue }
      costs[row + page] = cost
      if cost < best.cost { best = (page, cost, reader.text.count) }
    }
    return best
  }

  // MARK: - The path

  private mutating func trace(_ costs: [Int], priors: [Int]) {
    let count = Self.pages.count
    guard !runs.isEmpty else { return }
    var totals = (0..<count).map { costs[$0] + priors[$0] }
    var origins = [UInt8](repeating: 0, count: costs.count)
    costs.withUnsafeBufferPointer { costs in
      origins.withUnsafeMutableBufferPointer { origins in
        for number in 1..<max(1, runs.count) {
          advance(&totals, priors, .init(rebasing: costs[(number * count)...]), number, origins)
        }
      }
    }
    var page = totals.indices.min { totals[$0] < totals[$1] }!
    let best = totals[page]
    path = [Int](repeating: page, count: runs.count)
    for number in stride(from: runs.count - 1, to: 0, by: -1) {
      page = Int(origins[number * count + page])
      path[number - 1] = page
    }
    margin = min(runnerUp(costs, priors: priors) - best, leastOfParts(costs, priors: priors))
  }

  /// What the best reading of a part costs less than the next one of the same part: its neighbours without a delimiter
  /// say nothing of it.
  private func leastOfParts(_ costs: [Int], priors: [Int]) -> Int {
    var least = RunReader.impossible
    for (number, run) in runs.enumerated() where run.isPart && path[number] != 0 {
      let row = number * Self.pages.count
      let chosen = costs[row + path[number]]
      // A letter or two are of any page.
      if run.range.count < Self.leastPart { return 0 }
      for page in Self.pages.indices where costs[row + page] != chosen {
        least = min(least, costs[row + page] + priors[page] - chosen - priors[path[number]])
      }
    }
    return least
  }

  /// Bytes of a part from which on its text can tell its page.
  private static let leastPart = 4

  /// Takes the run `number`, whose costs are given, into the cost of the best path to each page.
  private func advance(
    _ totals: inout [Int], _ priors: [Int], _ costs: UnsafeBufferPointer<Int>, _ number: Int,
    _ origins: UnsafeMutableBufferPointer<UInt8>
  ) {
    var best = 0
    for page in totals.indices where totals[page] < totals[best] { best = page }
    let changed = totals[best] + (runs[number].startsLine ? Self.lineSwitch : Self.runSwitch)
    let row = number * totals.count
    for page in totals.indices {
      let entered = changed + priors[page]
      let isEntered = entered < totals[page]
      origins[row + page] = UInt8(isEntered ? best : page)
      totals[page] = (isEntered ? entered : totals[page]) + costs[page]
    }
  }

  /// The cost of the best reading by one page that reads differently.
  private func runnerUp(_ costs: [Int], priors: [Int]) -> Int {
    let count = Self.pages.count
    var (sums, differs) = (priors, [Bool](repeating: false, count: count))
    for number in runs.indices {
      let row = number * count
      let chosen = costs[row + path[number]]
      for page in 0..<count {
        let cost = costs[row + page]
        sums[page] += cost
        if cost != chosen { differs[page] = true }
      }
    }
    return (0..<count).filter { differs[$0] }.map { sums[$0] }.min() ?? RunReader.impossible
  }
}

extension Workbench {
  /// What choosing `page` costs here: less for the page that is declared or that the column's other notes had.
  func prior(of page: CodePage, otherwise usual: Int) -> Int {
    let learned = engine.evidence?.prior(of: page, kind: context.kind, usual: usual) ?? usual
    let isDeclared = context.declared == page || context.declared == .gbk && page == .gb18030
    return max(0, learned - (isDeclared ? 10 : 0))
  }
}

extension CodePage {
  /// What choosing the page costs more in a text of Latin letters.
  fileprivate var foreignPrior: Int {
    switch self {
    case .windows1251, .koi8r, .koi8u, .cp866, .iso8859x5, .macCyrillic, .windows1253, .iso8859x7, .windows1255,
      .iso8859x8, .windows1256, .iso8859x6, .windows874:
      40
    case .gb18030, .big5, .shiftJIS, .eucJP, .eucKR: 15
    default: 0
    }
  }
}
