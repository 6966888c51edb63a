import DurableIO
import NoteModel

/// The functions that a recipe's SQL may call, and the labels that it counts.
///
/// | function | gives |
/// | --- | --- |
/// | `sentence(seed)` | a clean sentence of many languages |
/// | `damaged(kind, seed[, phrases])` | a text with one kind of damage, see `DamagedText`; one phrase is a title |
/// | `meant(text, found)` | the second text, in place of which the first was meant |
/// | `encoded(page, text)` | the text in a legacy code page, as text |
/// | `bytes(count, seed)` | noise |
/// | `png(count, seed)` | a sound PNG of about that many bytes |
/// | `base64(blob)` | its Base64 text |
/// | `repeated(text, times)` | the text that many times |
/// | `file(path, blob)` | the path, after the file was written below the data directory |
/// | `copied(path, new)` | the new path, after the file was copied as it is at this moment, amid a transaction too |
/// | `flipped(path, offset, count)` | the path, after so many bytes of the file were inverted |
/// | `run(statements)` | the statements, after they were run: for statements that SQL puts together |
/// | `scaled(count)` | the count times the scale, at least 1 |
/// | `mark(label[, count])` | the count, after the label grew by it; labels stand in the expectations |
/// | `canary()` | words that no screen may show |
final class RecipeFunctions {
  static let canary = "CANARY-of-the-corpus"

  private(set) var labels: [String: Int64] = [:]
  private let directory: String
  private let scale: Double
  private let seed: UInt64
  /// Whether damaged texts are given as a repair ought to leave them, for the sound twin of the store.
  private let givesMeant: Bool
  /// Whether a text was asked for that a repair ought to change.
  private(set) var hasDamage = false

  init(directory: String, scale: Double, seed: UInt64, givesMeant: Bool = false) {
    self.directory = directory
    self.scale = scale
    self.seed = seed
    self.givesMeant = givesMeant
  }

  func install(in database: SampleDatabase) {
    database.define("sentence") { [self] values in .text(Self.sentence(try number(values, 0))) }
    database.define("damaged") { [self] values in
      let phrases = values.count > 2 ? try count(values, 2) : nil
      let kind = try text(values, 0)
      let seed = try number(values, 1)
      return chosen(
        meant: try DamagedText.meant(kind, seed: seed, phrases: phrases),
        found: try DamagedText.make(kind, seed: seed, phrases: phrases))
    }
    database.define("meant") { [self] values in chosen(meant: try bytes(values, 0), found: try bytes(values, 1)) }
    database.define("encoded") { [self] values in
      .text(try DamagedText.encoded(try bytes(values, 1), page: try text(values, 0)))
    }
    database.define("bytes") { [self] values in
      var random = SampleRandom(try number(values, 1))
      var bytes: [UInt8] = []
      random.append(try count(values, 0), to: &bytes)
      return .bytes(bytes)
    }
    database.define("png") { [self] values in .bytes(SampleImage.png(try count(values, 0), seed: try number(values, 1)))
    }
    database.define("base64") { [self] values in
      let text = GrowingBuffer(capacity: 64)
      try bytes(values, 0).withUnsafeBytes { Base64.append($0, to: text) }
      return .text(Array(text.bytes))
    }
    database.define("repeated") { [self] values in
      let part = try bytes(values, 0)
      return .text(Array(repeatElement(part, count: try count(values, 1)).joined()))
    }
    database.define("file") { [self] values in .text(try writeFile(try bytes(values, 0), try bytes(values, 1))) }
    database.define("copied") { [self] values in
      let source = directory + "/" + (try text(values, 0))
      return .text(try writeFile(try bytes(values, 1), try FileBytes.read(source)))
    }
    database.define("flipped") { [self] values in
      let path = try text(values, 0)
      try FileOperation.change(
        directory + "/" + path, at: Int64(try count(values, 1)), count: Int64(try count(values, 2))
      ) { ~$0 }
      return .text(Array(path.utf8))
    }
    database.define("run") { [self, unowned database] values in
      try database.run(try text(values, 0))
      return values[0]
    }
    database.define("scaled") { [self] values in .integer(Int64(scaled(try count(values, 0)))) }
    database.define("mark") { [self] values in
      let number = values.count > 1 ? Int64(try count(values, 1)) : 1
      labels[try text(values, 0), default: 0] += number
      return .integer(number)
    }
    database.define("canary") { _ in .text(Array(Self.canary.utf8)) }
  }

  private func chosen(meant: [UInt8], found: [UInt8]) -> Value {
    if meant != found { hasDamage = true }
    return .text(givesMeant ? meant : found)
  }

  static func sentence(_ seed: UInt64) -> [UInt8] {
    var random = SampleRandom(seed)
    return random.sentence()
  }

  func scaled(_ count: Int) -> Int { count == 0 ? 0 : max(1, Int(Double(count) * scale)) }

  /// Writes a file below the data directory; the path may be any bytes but must stay inside.
  private func writeFile(_ path: [UInt8], _ bytes: [UInt8]) throws -> [UInt8] {
    let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard path.first != UInt8(ascii: "/"), !parts.contains(Array("..".utf8)[...]) else {
      throw RecipeError("file() writes only below the data directory")
    }
    try RawFile.write(bytes, to: Array((directory + "/").utf8) + path)
    return path
  }

  // MARK: - Arguments

  private func value(_ values: [Value], _ index: Int) throws -> Value {
    guard index < values.count else { throw RecipeError("argument \(index + 1) is missing") }
    return values[index]
  }

  private func count(_ values: [Value], _ index: Int) throws -> Int {
    guard case .integer(let number) = try value(values, index), (0...1 << 30).contains(number) else {
      throw RecipeError("argument \(index + 1) must be a whole number from 0 to 1,073,741,824")
    }
    return Int(number)
  }

  /// A seed of the recipe, mixed with that of the run.
  private func number(_ values: [Value], _ index: Int) throws -> UInt64 {
    guard case .integer(let number) = try value(values, index) else {
      throw RecipeError("argument \(index + 1) must be a whole number")
    }
    return UInt64(bitPattern: number) &+ seed &* 1_000_003
  }

  private func bytes(_ values: [Value], _ index: Int) throws -> [UInt8] {
    switch try value(values, index) {
    case .text(let bytes), .bytes(let bytes): return bytes
    case .integer(let number): return Array(String(number).utf8)
    default: throw RecipeError("argument \(index + 1) must be a text or bytes")
    }
  }

  private func text(_ values: [Value], _ index: Int) throws -> String {
    String(decoding: try bytes(values, index), as: UTF8.self)
  }
}

/// A recipe that cannot be followed.
struct RecipeError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
