import NoteModel

/// What one command of a journey said.
struct StepResult {
  static let bucketNames = ["identical", "repaired", "degraded", "quarantined", "skipped_by_rule", "missing"]

  var step: Journey.Step
  var ending: ChildProgram.Ending
  private var document: JSONValue?

  init(step: Journey.Step, ending: ChildProgram.Ending) {
    self.step = step
    self.ending = ending
    document = try? JSONReader.parse(ending.output)
  }

  /// Compares with what must hold of every command, and with the status and code that the case says.
  func check(status: Int32, code: String?, _ report: inout Journey.Report) throws {
    func surprise(_ text: String) { report.surprises.append("\(step.rawValue) \(text)") }
    if ending.status != status {
      surprise("ended with \(ending.status), not \(status)\(failureText.map { ": \($0)" } ?? "")")
    }
    if ending.status == 124 { surprise("did not end in time") }
    if ExitStatus(rawValue: ending.status) == nil { surprise("ended with \(ending.status), which is not documented") }
    guard let document else { return surprise("did not print one JSON document") }
    if document["exit_code"]?.integer != Int64(ending.status) { surprise("says another exit code than it ended with") }
    if let error = document["error"] {
      if let code, error["code"]?.string != code {
        surprise("failed with \(error["code"]?.string ?? "?"), not \(code)")
      }
      if error["safe_now"]?.string?.isEmpty ?? true { surprise("does not say what is safe now") }
      if error["next"]?.array?.isEmpty ?? true { surprise("does not say what to do next") }
    }
    for problem in ScreenCheck.problems(ending.output + ending.words) { surprise("prints \(problem)") }
  }

  private var failureText: String? {
    guard let error = document?["error"] else { return nil }
    return [error["code"], error["text"], error["cause"]].compactMap { $0?.string }.joined(separator: ", ")
  }

  /// How often each kind of finding occurred.
  var findings: [String: Int64] {
    let list = document?["summary"]?["findings"]?.array ?? document?["findings"]?.array ?? []
    return Dictionary(
      list.map { ($0["kind"]?.string ?? "", $0["count"]?.integer ?? 0) }, uniquingKeysWith: +)
  }

  /// The accounts of one role, added up; `nil` when there is none.
  func buckets(_ role: String) -> [String: Int64]? {
    let accounts = (document?["conservation"]?.array ?? []).filter { $0["role"]?.string == role }
    guard !accounts.isEmpty else { return nil }
    var sums: [String: Int64] = [:]
    for name in Self.bucketNames + ["source"] { sums[name] = accounts.reduce(0) { $0 + ($1[name]?.integer ?? 0) } }
    return sums
  }

  /// How many texts an import repaired by its own account; `nil` when it gives none.
  var repairedValues: Int64? { counts(document?["repairs"]?["repaired"])?.values.reduce(0, +) }

  /// How many damaged texts an import left as they were found, by reason; `nil` when it gives no account.
  var unrepaired: [String: Int64]? { counts(document?["repairs"]?["left_as_found"]) }

  private func counts(_ value: JSONValue?) -> [String: Int64]? {
    guard case .object(let members)? = value else { return nil }
    return Dictionary(members.map { ($0.name, $0.value.integer ?? 0) }, uniquingKeysWith: +)
  }

  var hasSum: Bool { document?["conservation"] != nil }

  var isUnbalanced: Bool {
    (document?["conservation"]?.array ?? []).contains { $0["balanced"]?.bool != true }
  }
}
