import DurableIO
import NoteModel
import NoteRepair
import NoteStore

/// What the damaged texts of a store or an archive are, and what could be done about them.
public struct RepairSurvey: Sendable {
  /// Damaged values by what a repair of them would be.
  public struct Counts: Sendable, Equatable {
    /// There is one right answer and the bytes give it.
    public var exactly: Int64 = 0
    /// The content is whole and its form is chosen by a rule.
    public var byRule: Int64 = 0
    /// Bytes are gone and a guess is possible.
    public var byGuess: Int64 = 0
    /// Characters are gone, or the repaired text could not take the place of the damaged one.
    public var not: Int64 = 0
    public var values: Int64 { exactly + byRule + byGuess + not }

    mutating func add(_ value: ValueRepair) {
      guard value.isApplied else {
        not += 1
        return
      }
      switch value.repair.appliedTier {
      case .lossless: exactly += 1
      case .policy: byRule += 1
      case .inferred: byGuess += 1
      case .clean, .unrecoverable: not += 1
      }
    }
  }

  /// Text of a note, only where samples were asked for.
  public struct Sample: Sendable {
    public var key: String
    /// The bytes round the first difference, before and after.
    public var before: [UInt8]
    public var after: [UInt8]
  }

  /// One kind of damage in one column. A value with several kinds counts in each.
  public struct Kind: Sendable {
    public var damage: Damage
    public var counts = Counts()
    public var samples: [Sample] = []
  }

  public struct ColumnSurvey: Sendable {
    public var entity: String
    public var column: String
    /// Each damaged value once.
    public var counts = Counts()
    public var kinds: [Kind] = []
  }

  public var name: String
  public var profile = ""
  public var productVersion = ""
  /// Rows of the tables that hold text which may be repaired.
  public var rows: Int64 = 0
  /// Columns with damage, in the order in which they were met.
  public var columns: [ColumnSurvey] = []
  /// Texts of more than 16 MiB, which are looked at and never repaired.
  public var longValues: Int64 = 0
  /// Rows of the store that could not be read.
  public var unreadableRows: Int64 = 0
  public var wall = Duration.zero

  public var total: Counts {
    columns.reduce(into: Counts()) {
      $0.exactly += $1.counts.exactly
      $0.byRule += $1.counts.byRule
      $0.byGuess += $1.counts.byGuess
      $0.not += $1.counts.not
    }
  }

  // MARK: - Counting

  mutating func add(_ value: ValueRepair, of page: RecordPage, samples limit: Int) {
    let column = page.entity.columns[value.column].name
    let place =
      columns.firstIndex { $0.entity == page.entity.name && $0.column == column }
      ?? {
        columns.append(ColumnSurvey(entity: page.entity.name, column: column))
        return columns.count - 1
      }()
    columns[place].counts.add(value)
    for damage in Set(value.repair.findings.map(\.damage)).sorted(by: { $0.rawValue < $1.rawValue }) {
      let kind =
        columns[place].kinds.firstIndex { $0.damage == damage }
        ?? {
          columns[place].kinds.append(Kind(damage: damage))
          return columns[place].kinds.count - 1
        }()
      columns[place].kinds[kind].counts.add(value)
      guard columns[place].kinds[kind].samples.count < limit else { continue }
      columns[place].kinds[kind].samples.append(
        Sample(value, key: page.key(ofRow: value.row).description, damage: damage))
    }
  }

  mutating func sort() {
    for index in columns.indices {
      columns[index].kinds.sort { ($1.counts.values, $0.damage.rawValue) < ($0.counts.values, $1.damage.rawValue) }
    }
  }
}

extension RepairSurvey.Sample {
  /// Bytes shown before the first difference, and in all.
  private static let lead = 24
  private static let length = 160

  init(_ value: ValueRepair, key: String, damage: Damage) {
    self.key = key
    let (old, new) = (value.original, value.repair.text)
    var at = 0
    if old == new {
      at = value.repair.findings.first { $0.damage == damage }?.range.lowerBound ?? 0
    } else {
      while at < old.count, at < new.count, old[at] == new[at] { at += 1 }
    }
    before = Self.window(of: old, at: at)
    after = Self.window(of: new, at: at)
  }

  /// Whole characters round an offset.
  private static func window(of text: [UInt8], at offset: Int) -> [UInt8] {
    var start = max(0, min(offset, text.count) - lead)
    while start > 0, text[start] & 0xC0 == 0x80, offset - start < lead * 2 { start -= 1 }
    return Array(text[start...].prefix(length))
  }
}

/// Learns from the sound texts of a store or an archive, then counts its damaged ones. Nothing is written.
///
/// - Parameter samples: Of each kind of damage in each column, how many texts are kept to be shown.
/// - Throws: What opening the store or the archive throws; `.archiveDamaged`, `.interrupted`.
/// - Complexity: two passes over the rows, of which the first ends after 16 MiB; both look closely only at texts that are
///   not plainly sound. Memory: see `RowReading`, and some hundred bytes for each kind of damage in each column.
public func surveyDamage(
  _ side: DiffSide, named name: String, samples: Int = 0, rate: ByteCount? = nil, stateDirectory: String,
  readProfile: @escaping (UnsafeRawBufferPointer) throws -> Profile, observer: any RunObserver, stop: StopRequest
) throws -> RepairSurvey {
  let start = ContinuousClock.now
  let reading = RowReading(
    rate: rate, stateDirectory: stateDirectory, readProfile: readProfile, observer: observer, stop: stop)
  var judge: TextJudge?
  var survey = RepairSurvey(name: name)
  survey.unreadableRows = try reading.run(side) { head in
    survey.profile = head.profile.name
    survey.productVersion = head.productVersion
    let made = TextJudge(head, directory: stateDirectory) { finding, page, _ in
      survey.add(finding.value, of: page, samples: samples)
    }
    judge = made
    return made
  } page: { page in
    survey.rows += judge?.isEmpty ?? true ? 0 : Int64(page.rowCount)
  }
  survey.longValues = judge?.longValueCount ?? 0
  survey.sort()
  survey.wall = .now - start
  return survey
}
