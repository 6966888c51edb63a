import DurableIO
import NoteModel

/// What happens to an archive between export and verify: one line each. Members are named by a part of their name.
///
/// | line | effect |
/// | --- | --- |
/// | `flip-header NAME` | a byte in the member's tar header is inverted |
/// | `flip NAME [OFFSET]` | a byte of the member's content is inverted, the middle one when none is said |
/// | `flip-padding NAME` | the last byte of the padding behind the member is inverted |
/// | `cut NAME` | the archive ends in the middle of the member |
/// | `cut-header NAME` | the archive ends in the middle of the member's header |
/// | `cut-after NAME` | the archive ends behind the member |
/// | `remove NAME` | the member is gone |
/// | `double NAME` | the member stands twice |
/// | `copy NAME NEW` | behind the member stands another one with its content |
/// | `swap NAME OTHER` | two members stand in each other's place |
/// | `rename NAME NEW` | the member has another name, with a right header checksum |
/// | `long-name NAME COUNT` | a pax header gives the member a name of so many bytes |
/// | `kind NAME TYPE` | the member's tar type is this digit |
/// | `size NAME BYTES` | the header says this size |
/// | `zero NAME` | the member's content is zero |
/// | `content NAME OTHER` | the member has the content of another one |
/// | `edit NAME OLD => NEW` | a text in the member is replaced everywhere; a compressed one is compressed again |
/// | `swap-lines NAME LINE OTHER` | two lines of the member, from 1, stand in each other's place |
/// | `double-line NAME LINE` | a line stands twice |
/// | `drop-line NAME LINE` | a line is gone |
/// | `deepen NAME LEVELS` | the first line is JSON of so many levels |
/// | `bomb NAME MEBIBYTES` | the member is a sound frame of so much empty text |
/// | `claim NAME BYTES` | the member is a frame that says that it has so many bytes |
/// | `append COUNT` | so many bytes of noise stand behind the end |
/// | `append-zero COUNT` | so many empty bytes stand behind the end |
/// | `twice` | the whole archive stands twice, one behind the other |
/// | `empty` | the archive has no bytes |
/// | `replace FILE` | the archive is this file of the scenario's folder |
/// | `reseal` | manifests and `Payload-Oxum` are made right again, as whoever forges an archive would |
enum ArchiveDamage {
  /// The file that a directory's archive consists of.
  static func segment(of archive: String) -> String { archive + "/0000-base.tar" }

  /// - Parameter directory: The scenario's folder, for `replace`.
  /// - Throws: `RecipeError` for a line that is not understood, or names what the archive does not have.
  static func perform(_ line: String, on archive: String, case directory: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let path = segment(of: archive)
    guard let verb = words.first else { throw RecipeError("an empty line is no damage") }
    if verb == "replace", words.count == 2, !words[1].contains("/") {
      return try FileBytes.write(try FileBytes.read(directory + "/" + words[1]), to: path)
    }
    var image = TarImage(try FileBytes.read(path))
    switch (verb, words.count) {
    case ("empty", 1): image.bytes = []
    case ("twice", 1): image.bytes += image.bytes
    case ("reseal", 1): try image.reseal()
    case ("append", 2):
      var random = SampleRandom(7)
      random.append(try number(words[1]), to: &image.bytes)
    case ("append-zero", 2): image.bytes += [UInt8](repeating: 0, count: try number(words[1]))
    case ("swap", 3): try image.swap(words[1], words[2])
    case ("edit", 3...): try image.edit(words[1], line)
    case (_, 2...): try image.damage(verb, Array(words.dropFirst()))
    default: throw RecipeError("'\(line)' is no damage")
    }
    try FileBytes.write(image.bytes, to: path)
  }

  static func number(_ word: String?) throws -> Int {
    guard let word, let number = Int(word), number >= 0 else { throw RecipeError("'\(word ?? "")' is not a number") }
    return number
  }
}
