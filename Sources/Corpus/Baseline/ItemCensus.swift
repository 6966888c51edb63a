import DurableIO
import NoteModel

/// The notes and attachments of a store as their users see them: a digest of each of a note's texts and of each attachment's
/// bytes, by row number.
struct ItemCensus {
  var notes: [Int64: [Checksum]] = [:]
  /// Attachments that have bytes of their own: in the database, in a file or in chunks.
  var attachments: [Int64: Checksum] = [:]

  init() {}

  /// Reads a store with SQL of its own; the data directory is that of the file.
  init(_ recipe: StoreRecipe, _ path: String, _ access: SampleDatabase.Access = .reading) throws {
    let database = try SampleDatabase(path, access)
    let columns = recipe.product == "reference" ? "title, body" : "content"
    let notes = try SampleStatement(
      database, "SELECT rowid, \(columns) FROM \(SampleSchema.noteTable(of: recipe.product))")
    while try notes.step() {
      self.notes[notes.integer(0)] = (1..<notes.columnCount).map { Self.digest([notes.value($0)]) }
    }
    if recipe.product == "reference" {
      try readChunks(database)
    } else {
      try readAttachments(database, recipe, path)
    }
  }

  private mutating func readAttachments(_ database: SampleDatabase, _ recipe: StoreRecipe, _ path: String) throws {
    let table = SampleSchema.attachmentTable(of: recipe.product, version: recipe.version)
    let rows = try SampleStatement(database, "SELECT rowid, blob, storage_type = 'LOCAL', reference FROM \(table)")
    while try rows.step() {
      if rows.integer(2) == 1, case .text(let reference) = rows.value(3) {
        attachments[rows.integer(0)] = RawFile.digest(beside: path, reference)
      } else if rows.value(1) != .null {
        attachments[rows.integer(0)] = Self.digest([rows.value(1)])
      }
    }
  }

  private mutating func readChunks(_ database: SampleDatabase) throws {
    let chunks = try SampleStatement(database, "SELECT image_id, seq, bytes FROM image_chunk ORDER BY image_id, seq")
    var parts: [Int64: [Value]] = [:]
    while try chunks.step() { parts[chunks.integer(0), default: []].append(chunks.value(2)) }
    attachments = parts.mapValues { Self.digest($0) }
  }

  /// Of the bytes alone: that text became bytes on the way is no loss to its reader.
  static func digest(_ values: [Value]) -> Checksum {
    let digest = Digest(.sha256)
    for value in values {
      switch value {
      case .text(let bytes), .bytes(let bytes): bytes.withUnsafeBytes { digest.update($0) }
      case .integer(let number): Array(String(number).utf8).withUnsafeBytes { digest.update($0) }
      case .real(let number): Array(String(number).utf8).withUnsafeBytes { digest.update($0) }
      default: break
      }
    }
    return digest.finish()
  }

  /// How many items are not in the other store, or are other there.
  ///
  /// - Parameter twin: What a repair may make of them, text by text: a title may be too short to tell where the note is not.
  func losses(in other: ItemCensus, orMeant twin: ItemCensus? = nil) -> (notes: Int, attachments: Int) {
    (
      notes.count { row, texts in
        guard let arrived = other.notes[row], arrived.count == texts.count else { return true }
        let meant = twin?.notes[row] ?? texts
        return texts.indices.contains { arrived[$0] != texts[$0] && arrived[$0] != meant[$0] }
      },
      attachments.count { other.attachments[$0.key] != $0.value }
    )
  }
}
