import Migration
import NoteModel
import Report

/// The night that a rehearsal leads to, step by step.
struct RehearsalRunSheet {
  var result: RehearsalResult
  var run: RehearsedRun

  var sheet: RunSheet {
    let plan = run.planPath
    var steps: [RunSheet.Step] = []
    func add(
      _ offset: Duration?, _ action: Wording, _ command: [String] = [], abort: Wording? = nil, isFinal: Bool? = nil,
      who: String = "person"
    ) {
      var step = RunSheet.Step(action)
      step.offsetMs = offset?.milliseconds
      step.command = command.isEmpty ? nil : CommandLineText.noteferry(command)
      step.who = who
      step.abort = abort
      step.pointOfNoReturn = isFinal
      if offset == .zero { step.clock = run.plan.window.map { String($0.text.prefix { $0 != "-" }) } }
      steps.append(step)
    }
    let free = Wording("at any time: the source is in service", "随时可放弃：源库仍在服务")
    let before = result.passes.reduce(Duration.zero) { $0 + $1.wall }
    add(.zero - before - .seconds(3600), Wording("look once more", "再次预检"), ["preflight", plan], abort: free)
    add(
      .zero - before, Wording("begin: base and deltas, while users write", "开始：用户使用期间进行预拷贝和增量"),
      ["cutover", "run", plan], abort: free)
    add(
      .zero, Wording("confirm at the gate: users cannot write from here", "在放行点确认：此后用户不能写入"),
      abort: Wording("until the seal: users write to the source again at once", "封存之前：用户可立即恢复写入源库"))
    let terms = result.prediction?.terms ?? []
    func end(of name: String) -> Duration? {
      guard let index = terms.firstIndex(where: { $0.name == name }) else { return nil }
      return terms[...index].reduce(Duration.zero) { $0 + $1.p90 }
    }
    add(
      end(of: "seal"), Wording("the source is sealed and the target is opened", "封存源库，打开目标库"),
      abort: Wording("by rollback, which takes new notes along", "之后通过回退，并带回新笔记"), isFinal: true, who: "noteferry")
    if run.plan.hooks[.switch] != nil {
      add(end(of: "switch"), Wording("the switch hook runs", "运行切换钩子"), who: "noteferry")
    }
    if run.plan.hooks[.smoke] != nil {
      add(nil, Wording("the smoke hook tries the target", "冒烟钩子检验目标库"), who: "noteferry")
    }
    add(nil, Wording("when it does not serve: go back", "若服务不正常：回退"), ["cutover", "rollback", "RUN"])
    add(nil, Wording("after the soak: close the way back", "观察期结束后：收尾"), ["cutover", "finish", "RUN"])
    return RunSheet(steps: steps, timeZone: run.plan.window?.zone.text)
  }
}
