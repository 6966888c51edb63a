/// Takes the values out of one TOML table, and reports the keys that nobody asked for.
///
/// A value of the wrong type is a problem and counts as absent, so that one slip does not hide the next.
package struct TableReader {
  package let path: String
  package let place: TOMLPositions.Place
  package let problems: ProfileProblems
  /// What the table is called in messages about its keys: `an entity`.
  private let noun: String
  package let members: [String: TOMLNode]
  private var known: [String] = []

  init(_ members: [String: TOMLNode], path: String, noun: String, place: TOMLPositions.Place, problems: ProfileProblems)
  {
    self.members = members
    self.path = path
    self.noun = noun
    self.place = place
    self.problems = problems
  }

  package func path(of key: String) -> String { path.isEmpty ? key : path + "." + key }

  /// Where a key stands; the table's own place when it is absent.
  package func place(of key: String) -> TOMLPositions.Place { members[key]?.place ?? place }

  package func problem(_ key: String, _ statement: String, suggestion: String? = nil) {
    problems.add(path(of: key), statement, at: place(of: key), suggestion: suggestion)
  }

  /// The value of a key, which is known from now on.
  package mutating func take(_ key: String, required: Bool) -> TOMLNode? {
    known.append(key)
    if let node = members[key] { return node }
    if required { problems.add(path(of: key), "is required and missing", at: place) }
    return nil
  }

  /// Reports the keys that nobody asked for. Call it after the last `take`.
  package func finish() {
    problems.note(known, of: noun)
    for (key, node) in members where !known.contains(key) {
      problems.add(
        path(of: ProfileProblems.printable(key)), "is not a key of \(noun)", at: node.place,
        suggestion: NearestName.find(key, in: known.filter { members[$0] == nil || $0 == key })
          ?? NearestName.find(key, in: known))
    }
  }

  // MARK: - Types

  package mutating func string(_ key: String, required: Bool = false) -> String? {
    guard let node = take(key, required: required) else { return nil }
    guard case .string(let text) = node.content else { return wrongType(key, node, "a text") }
    guard text.utf8.count <= 8192 else {
      problem(key, "is longer than 8192 bytes")
      return nil
    }
    return text
  }

  package mutating func boolean(_ key: String) -> Bool? {
    guard let node = take(key, required: false) else { return nil }
    guard case .boolean(let value) = node.content else { return wrongType(key, node, "true or false") }
    return value
  }

  package mutating func integer(_ key: String, required: Bool = false) -> Int? {
    guard let node = take(key, required: required) else { return nil }
    guard case .integer(let value) = node.content else { return wrongType(key, node, "a whole number") }
    return value
  }

  /// A list of texts with the place of each.
  package mutating func strings(_ key: String, required: Bool = false) -> [(text: String, place: TOMLPositions.Place)]?
  {
    guard let node = take(key, required: required) else { return nil }
    guard case .array(let elements) = node.content else { return wrongType(key, node, "a list of texts") }
    if elements.isEmpty, required { problem(key, "must have at least one text") }
    var texts: [(String, TOMLPositions.Place)] = []
    for (index, element) in elements.enumerated() {
      if case .string(let text) = element.content {
        texts.append((text, element.place))
      } else {
        problems.add("\(path(of: key))[\(index + 1)]", "must be a text, not \(element.kind)", at: element.place)
      }
    }
    return texts
  }

  package mutating func table(_ key: String, required: Bool = false, noun: String) -> TableReader? {
    guard let node = take(key, required: required) else { return nil }
    guard case .table(let members) = node.content else { return wrongType(key, node, "a table") }
    return TableReader(members, path: path(of: key), noun: noun, place: node.place, problems: problems)
  }

  /// A list of tables. Each is called by the text of its `label` in messages, else by its number, from 1.
  package mutating func tables(_ key: String, label: String, required: Bool = false, noun: String) -> [TableReader] {
    guard let node = take(key, required: required) else { return [] }
    guard case .array(let elements) = node.content else {
      problem(key, "must be a list of tables (`[[\(path(of: key))]]`), not \(node.kind)")
      return []
    }
    var readers: [TableReader] = []
    for (index, element) in elements.enumerated() {
      guard case .table(let members) = element.content else {
        problems.add("\(path(of: key))[\(index + 1)]", "must be a table, not \(element.kind)", at: element.place)
        continue
      }
      var name = String(index + 1)
      if case .string(let text)? = members[label]?.content, !text.isEmpty { name = ProfileProblems.printable(text) }
      readers.append(
        TableReader(
          members, path: "\(path(of: key))[\(name)]", noun: noun, place: element.place, problems: problems))
    }
    return readers
  }

  private func wrongType<T>(_ key: String, _ node: TOMLNode, _ expected: String) -> T? {
    problem(key, "must be \(expected), not \(node.kind)")
    return nil
  }
}
