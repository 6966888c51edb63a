import DurableIO
import NoteModel

extension ReportDocument {
  /// The longest document that is read, in bytes.
  public static let byteLimit = 64 << 20

  /// The document as JSON, one line and its end; the same document gives the same bytes.
  ///
  /// - Throws: `.internal` when a number is not finite.
  public func json() throws -> [UInt8] {
    do {
      let buffer = GrowingBuffer(capacity: 64 << 10)
      try DocumentEncoder.value(self).append(to: buffer)
      buffer.append(UInt8(ascii: "\n"))
      return Array(buffer.bytes)
    } catch let error as EncodingError {
      throw MigrationError(
        .internal, "the report cannot be written", cause: String(describing: error),
        safeNow: "the run itself ended; no store was changed by its report")
    }
  }

  /// Reads a document of any minor version.
  ///
  /// - Throws: `.reportVersion` for another major version, `.reportInvalid` for anything that is no report.
  public init(json: [UInt8]) throws {
    let value: JSONValue
    do { value = try JSONReader.parse(json) } catch {
      throw Self.invalid("it is not JSON: \(error.description)")
    }
    guard let version = value["schema_version"]?.string else { throw Self.invalid("it has no schema_version") }
    let major = version.prefix { $0 != "." }
    guard major == Self.currentVersion.prefix(while: { $0 != "." }) else {
      throw MigrationError(
        .reportVersion, "this report is of a version that this program does not read",
        cause: "its schema_version is \(SafeText(version, limit: 20).text), and 1.x is read here",
        safeNow: "nothing was written", next: ["render it with the version of noteferry that made it"])
    }
    do { self = try DocumentDecoder(value: value).scalarDocument() } catch let error as DecodingError {
      throw Self.invalid(Self.words(of: error))
    }
  }

  /// Reads a document from a file.
  ///
  /// - Returns: The document and the SHA-256 of the file.
  /// - Throws: `.sourceMissing`, `.noPermission`, `.reportVersion`, `.reportInvalid`.
  public static func read(_ path: String) throws -> (document: ReportDocument, checksum: Checksum) {
    let file = try File.read(path)
    let size = try file.status().byteCount
    guard size <= byteLimit else { throw invalid("it has \(size) bytes, and \(byteLimit) is the most that is read") }
    var room = [UInt8](repeating: 0, count: Int(size))
    let count = try room.withUnsafeMutableBytes { try file.read(into: $0) }
    room.removeLast(room.count - count)
    return (try ReportDocument(json: room), room.withUnsafeBytes { Digest.checksum(.sha256, $0) })
  }

  private static func invalid(_ cause: String) -> MigrationError {
    MigrationError(
      .reportInvalid, "this is no report of noteferry", cause: cause, safeNow: "nothing was written",
      next: ["noteferry schema report", "name the JSON document that the run wrote"])
  }

  private static func words(of error: DecodingError) -> String {
    func place(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = context.codingPath + (last.map { [$0] } ?? [])
      return keys.map { $0.intValue == nil ? MemberName.of($0) : $0.stringValue }.joined(separator: ".")
    }
    return switch error {
    case .keyNotFound(let key, let context): "\(place(context, key)) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(place(context)): \(context.debugDescription)"
    @unknown default: "a member has another form than the schema says"
    }
  }
}

extension DocumentDecoder {
  func scalarDocument() throws -> ReportDocument { try ReportDocument(from: self) }
}

/// Bytes as Base64.
func base64(_ bytes: [UInt8]) -> String {
  let buffer = GrowingBuffer(capacity: bytes.count * 4 / 3 + 4)
  bytes.withUnsafeBytes { Base64.append($0, to: buffer) }
  return String(decoding: buffer.bytes, as: UTF8.self)
}

func decodedBase64(_ text: String) -> [UInt8]? {
  Array(text.utf8).withUnsafeBytes { Base64.decode($0) }
}
