import NoteModel
import NoteStore

/// How the rows of one entity are read: what is asked for, and what each result becomes.
struct EntityPlan {
  /// One column of the entity.
  struct Step {
    var kind: Column.Kind
    var type: ColumnType
    /// The result column; -1 for a file.
    var result: Int
    /// The result column with the number of bytes; -1 where values cannot be long.
    var length = -1
    var isSecret = false
    var isSize = false
  }

  /// A value that is withheld.
  struct Secret {
    var column: Int
    /// The result column that is true where the rule applies; -1 where it always does.
    var condition: Int
    /// Empties one member of the JSON text; `nil`: the whole value is withheld.
    var eraser: JSONMemberEraser?
    /// Whether null is withheld, too: it is what a target has in the place of a secret.
    var hidesNull: Bool
  }

  var entity: Entity
  var shape: TableShape
  var steps: [Step]
  var secrets: [Secret]
  /// Result columns with conditions, and the one with a file's reference; -1 without a rule.
  var fileCondition: Int
  var externalCondition: Int
  var reference: Int
  /// The condition of files as SQL over the table.
  var fileExpression: String?
  /// Columns of the table as they are selected, under the names `c0`, `c1` …
  var columns: [String]
  /// What becomes of them: values while they are small, lengths, conditions.
  var results: [String]
  /// The same without the bytes of contents, and without their weight.
  var measuringResults: [String]
  var measuringSizes: String
  /// What a row takes in a page's rows, and what it takes beside them, in bytes; guessed from above.
  var sizes: String
  /// Expressions over the table that give the order; with `isRanked` all columns.
  var order: [String]
  /// Whether the key is the row's place in that order, because the table has none.
  var isRanked: Bool
  /// Whether an index keeps the key unique.
  var isGuarded: Bool
  /// Places in the key whose values are sent as bytes.
  var keysByBytes: [Bool]

  /// The statement for all rows behind a key, or all; the key's values are its parameters.
  ///
  /// The inner query ends in `OFFSET 0`, so that the server sorts the rows before it looks into long values.
  func statement(_ selection: String, isResumed: Bool) -> String {
    "SELECT \(selection) FROM (\(isRanked ? ranked(isResumed) : keyed(isResumed)) OFFSET 0) t"
  }

  /// The statement for the one row with a key, whose values are its parameters.
  var statementForKey: String {
    let selection = results.joined(separator: ", ")
    guard !isRanked else { return "SELECT \(selection) FROM (\(ranked(false))) t WHERE n = $1" }
    let parameters = order.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
    return "SELECT \(selection) FROM (SELECT \(columnList) FROM \(shape.source) "
      + "WHERE (\(order.joined(separator: ", "))) = (\(parameters)) OFFSET 0) t"
  }

  /// The statement for the place of the row with a key, and the length of one of its long values; `nil` where the key is
  /// the row's place in the order.
  func place(ofColumn column: Int) -> String? {
    guard !isRanked, steps[column].length >= 0 else { return nil }
    let parameters = order.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
    return "SELECT t.p, t.o, \(results[steps[column].length]) FROM (SELECT \(columnList) FROM \(shape.source) "
      + "WHERE (\(order.joined(separator: ", "))) = (\(parameters)) OFFSET 0) t"
  }

  private func keyed(_ isResumed: Bool) -> String {
    let parameters = order.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
    let test = isResumed ? " WHERE (\(order.joined(separator: ", "))) > (\(parameters))" : ""
    return "SELECT \(columnList) FROM \(shape.source)\(test) ORDER BY \(order.joined(separator: ", "))"
  }

  private func ranked(_ isResumed: Bool) -> String {
    let rank = "row_number() OVER (ORDER BY \(order.joined(separator: ", ")))"
    return "SELECT * FROM (SELECT \(rank) AS n, \(columnList) FROM \(shape.source)) r"
      + (isResumed ? " WHERE n > $1" : "") + " ORDER BY n"
  }

  private var columnList: String {
    (["ctid AS p", "tableoid AS o"] + columns.enumerated().map { "\($1) AS c\($0)" }).joined(separator: ", ")
  }

  /// The values of a key as parameters.
  func parameters(_ key: Key) -> [Parameter] {
    zip(key.values, isRanked ? [false] : keysByBytes).map { value, isBytes in
      switch value {
      case .integer(let number): .integer(number)
      case .real(let number): .real(number)
      case .text(let bytes): isBytes ? .bytes(bytes) : .text(bytes)
      case .bytes(let bytes): .bytes(bytes)
      case .null, .content, .withheld, .missing: .null
      }
    }
  }
}
