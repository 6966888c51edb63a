import AllStores
import DurableIO
import Migration
import NoteModel
import NoteRepair
import NoteStore
import Report

/// The damaged texts of a run, out of the repairs file of a target: which encodings were met, and some of each.
///
/// Memory: as many places as a report lists.
struct RepairedTexts {
  struct Place {
    /// Of the first damage, in bytes of the stored text.
    var offset: Int64
    /// Both from a little before the first damage on.
    var before: StoredText
    var after: StoredText?
  }

  /// The most samples of one encoding.
  private static let samples = 3
  /// How many bytes of sound text are shown before the damage.
  private static let lead = 16

  private var places: [String: Place] = [:]
  private var found: [EncodingRecord] = []

  /// - Returns: `nil` where the file cannot be read to its end; a file that does not exist says that nothing was repaired.
  init?(_ path: String) {
    guard FileStatus.of(path) != nil else { return }
    do {
      let reader = try RepairBookReader(path, isCutOffAllowed: true)
      while let record = try reader.next() { if record.isFirst { add(record) } }
    } catch { return nil }
  }

  /// The repairs of a node.
  ///
  /// - Parameter stateDirectory: Where the import kept its own files.
  static func of(_ place: String, profiles: [Profile], stateDirectory: String) -> RepairedTexts? {
    guard let target = try? AllStores.target(place, profiles: profiles) else { return nil }
    return RepairedTexts(
      RepairBook.path(of: target.name, filePath: target.filePath, stateDirectory: stateDirectory))
  }

  /// By the count of texts, the largest first.
  var encodings: [EncodingRecord] { found.sorted { $0.items > $1.items } }

  func place(_ entity: String, _ key: String, _ field: String) -> Place? { places["\(entity) \(key) \(field)"] }

  private mutating func add(_ record: RepairRecord) {
    let name = record.plan.encodings ?? record.damage.first?.damage.name ?? Finding.Kind.textSubstituted.rawValue
    let rule = record.tier.name
    let index =
      found.firstIndex { $0.encoding == name && $0.rule == rule }
      ?? {
        var made = EncodingRecord(encoding: name, items: 0)
        (made.rule, made.repaired, made.reversible, made.samples) = (rule, 0, true, [])
        found.append(made)
        return found.count - 1
      }()
    found[index].items += 1
    found[index].repaired = found[index].items
    let isSample = (found[index].samples?.count ?? 0) < Self.samples
    guard isSample || places.count < LossLedger.defaultLimit else { return }
    let place = Self.place(of: record)
    if isSample {
      found[index].samples?.append(
        .init(item: SafeText(record.entity + record.key.description).text, before: place.before, after: place.after))
    }
    if places.count < LossLedger.defaultLimit {
      places["\(record.entity) \(record.key.description) \(record.column)"] = place
    }
  }

  private static func place(of record: RepairRecord) -> Place {
    let offset = record.damage.first?.range.lowerBound ?? 0
    var start = offset <= 2 * lead ? 0 : min(offset - lead, record.original.count)
    // Not inside a character; what stands before the first damage is sound, and the same on both sides.
    while start > 0, start < record.original.count, record.original[start] & 0xC0 == 0x80 { start -= 1 }
    return Place(
      offset: Int64(offset), before: StoredText(record.original[start...]),
      after: record.repaired.map { StoredText($0.dropFirst(start)) })
  }
}
