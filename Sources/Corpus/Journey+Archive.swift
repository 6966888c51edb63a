import DurableIO
import NoteModel

// The steps between the two stores.
extension Journey {
  func verify(_ report: inout Report) throws {
    // The archive brings its own profile.
    let against = scenario.damage.isEmpty ? ["--against", built.path] : []
    let result = try take(.verify, ["verify", archive, "--level", "full"] + against + common("verify"), &report)
    try result.check(status: expected(.verify), code: scenario.expectation.code, &report)
  }

  func salvage(_ report: inout Report) throws {
    let result = try take(
      .salvage,
      ["import", archive, "--to", salvaged, "--create-schema", "--salvage"] + importing + common("salvage"), &report)
    try result.check(status: expected(.salvage), code: nil, &report)
    // Its sum says what was carried, also where it ends with what is wrong with the archive.
    guard result.hasSum else { return }
    try checkArrival(
      result, in: salvaged, differing: scenario.expectation.salvagedDiffering, noun: "salvaged target", &report)
  }

  /// What was withheld must be in no member.
  func checkAbsence(_ report: inout Report) throws {
    let texts = scenario.expectation.absent
    guard !texts.isEmpty else { return }
    let image = TarImage(try FileBytes.read(ArchiveDamage.segment(of: archive)))
    for member in image.members {
      let held = try image.text(of: member)
      for (index, text) in texts.enumerated() where TarImage.find(Array(text.utf8), in: held, from: 0) != nil {
        report.surprises.append("\(member.name) holds the text \(index + 1) that the archive must not hold")
      }
    }
  }

  /// Both programs at once, as over ssh.
  func exportIntoImport(_ report: inout Report) throws -> Bool {
    let reading = reading + arguments(scenario.journey.export)
    let export = ["export", built.path, "-o", "-"] + reading + common("export").filter { $0 != "--json" }
    let receive = ["import", "-"] + targets + ["--create-schema"] + importing + common("import")
    let cut = scenario.journey.cut.map { "| head -c \($0) " } ?? ""
    let ending = try ChildProgram(directory: directory).run(
      "/bin/sh",
      [
        "-c",
        "{ \(ShellText.line([program] + export)); echo $? > \(ShellText.quoted(directory + "/status")); } "
          + "2> \(ShellText.quoted(directory + "/export.err")) \(cut)| \(ShellText.line([program] + receive))",
      ],
      name: "import")
    let status = String(decoding: try FileBytes.read(directory + "/status"), as: UTF8.self)
    let first = Int32(status.split(separator: "\n").first ?? "") ?? 1
    report.statuses += [(.export, first), (.import, ending.status)]
    if first != expected(.export) { report.surprises.append("export ended with \(first), not \(expected(.export))") }
    return try checkImport(StepResult(step: .import, ending: ending), &report)
  }
}
