import NoteModel
import Testing

/// The whole journey of one store: inspect, export, verify, import, diff.
struct Walk {
  var inspect: Run
  var export: Run
  var verify: Run
  var `import`: Run
  var diff: Run
  let archive: String
  let target: String

  /// Walks to the end and expects each step to end as named.
  ///
  /// - Parameters:
  ///   - export: How the export ends; the import ends in the same way unless another is named.
  init(
    _ scratch: Scratch, _ store: String, profile: String? = nil, export: Status = .ok, import: Status? = nil,
    verify: Status = .ok, diff: Status = .ok, flags: [String] = [], importFlags: [String] = [],
    diffFlags: [String] = [], name: String = "walk",
    location: SourceLocation = #_sourceLocation
  ) {
    archive = scratch.path(name + "-archive")
    target = scratch.folder(name + "-target") + "/notes.db"
    let profile = profile.map { ["--profile", $0] } ?? []
    func step(_ arguments: [String], _ status: Status) -> Run {
      let run = scratch.start(arguments).wait(location: location)
      #expect(
        run.status == status, "\(arguments.joined(separator: " ")): \(run.code)\n\(run.words)", sourceLocation: location
      )
      return run
    }
    inspect = step(["inspect", store, "--json", "--deep"] + profile, .ok)
    self.export = step(["export", store, "-o", archive] + profile + flags, export)
    self.verify = step(["verify", archive, "--against", store, "--level", "full"], verify)
    self.import = step(["import", archive, "--to", target, "--create-schema"] + importFlags, `import` ?? export)
    self.diff = step(["diff", store, target] + profile + diffFlags, diff)
  }

  /// Expects every table of the target to hold the same rows as the source, apart from `exceptions`.
  func expectEqual(
    _ source: Database, except exceptions: Set<String> = [], location: SourceLocation = #_sourceLocation
  ) throws {
    try expectEqualStores(source, try Database(target, readOnly: true), except: exceptions, location: location)
  }
}

func expectEqualStores(
  _ source: Database, _ target: Database, except exceptions: Set<String> = [],
  location: SourceLocation = #_sourceLocation
) throws {
  let tables = try source.tables().filter { !exceptions.contains($0) }
  #expect(try target.tables().filter { !exceptions.contains($0) } == tables, sourceLocation: location)
  for table in tables {
    let expected = try source.dump(table)
    let found = try target.dump(table)
    #expect(found.count == expected.count, "rows of \(table)", sourceLocation: location)
    for (left, right) in zip(expected, found) where left != right {
      Issue.record("\(table):\n  \(left.prefix(500))\n  \(right.prefix(500))", sourceLocation: location)
      break
    }
  }
}

/// Expects a refusal that says what is safe and what to do.
func expectRefusal(
  _ run: Run, _ code: ErrorCode, says parts: String..., location: SourceLocation = #_sourceLocation
) {
  #expect(run.status == code.exitStatus, "\(run.code)\n\(run.words)", sourceLocation: location)
  #expect(run.errors.contains(code.rawValue), "\(run.errors)", sourceLocation: location)
  #expect(run.errors.contains("safe now"), "\(run.errors)", sourceLocation: location)
  #expect(run.errors.contains("next"), "\(run.errors)", sourceLocation: location)
  // Words are wrapped at the width of the screen.
  let words = run.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  for part in parts { #expect(words.contains(part), "\(part) in:\n\(run.errors)", sourceLocation: location) }
}
