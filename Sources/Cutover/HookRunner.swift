import DurableIO
import Migration
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs a plan's hooks, each in a process group of its own, with a limit of time and of output.
///
/// A hook gets no standard input. Of this program's environment it gets `PATH`, `HOME` and `LANG`; what it learns of the run
/// is in `Hook.Context`, and `NOTEFERRY_STATE` holds the state of the cutover.
///
/// It ends when its first process has ended. What that leaves running goes on, as a service should, and must have its
/// output elsewhere; where the hook runs into its limit, or the run is stopped, all of its process group is killed.
public struct HookRunner: Sendable {
  /// What is kept of a hook's output; the rest is counted and thrown away.
  public static let outputLimit: Int64 = 1 << 20

  private let folder: String
  private let run: String
  private let plan: Plan

  /// - Parameter folder: The run's folder, where outputs are kept as `hook-NAME.txt`, a later one with a number.
  public init(folder: String, run: String, plan: Plan) {
    self.folder = folder
    self.run = run
    self.plan = plan
  }

  /// Runs a hook to its end.
  ///
  /// - Parameters:
  ///   - deadline: When the way forward ends; `nil` while users are not frozen.
  ///   - stop: Asked some hundred times a second; where it throws, the hook is killed and the result says so.
  /// - Throws: What keeps its output from being kept; then it was not started.
  public func run(
    _ name: HookName, _ hook: Hook, state: CutoverState, deadline: Timestamp? = nil, stop: () throws -> Void = {}
  ) throws -> HookResult {
    let output = try HookOutput(folder: folder, hook: name.rawValue, limit: Self.outputLimit)
    let clock = ContinuousClock()
    let start = clock.now
    let ending: HookEnding
    switch HookProcess.start(hook.command, environment(name, state, deadline), output: output.writingEnd) {
    case .failure(let refusal): ending = .notStarted(error: refusal.number)
    case .success(let process):
      output.closeWritingEnd()
      ending = watch(process, output, until: start + hook.limit, stop)
    }
    let bytes = output.finish()
    return HookResult(
      hook: name.rawValue, ending: ending, duration: clock.now - start, outputPath: output.path, outputBytes: bytes)
  }

  private func watch(
    _ process: HookProcess, _ output: HookOutput, until end: ContinuousClock.Instant, _ stop: () throws -> Void
  ) -> HookEnding {
    while true {
      output.drain()
      if let ending = process.ending() { return ending }
      if ContinuousClock.now >= end {
        process.killAndWait()
        return .timedOut
      }
      do { try stop() } catch {
        process.killAndWait()
        return .stopped
      }
      pauseBriefly()
    }
  }

  private func environment(_ name: HookName, _ state: CutoverState, _ deadline: Timestamp?) -> [String] {
    let context = Hook.Context(run: run, plan: plan, deadline: deadline?.rfc3339 ?? "")
    var variables = context.environment(for: name)
    variables["NOTEFERRY_STATE"] = state.rawValue
    let own = ProcessEnvironment.all
    for name in ["PATH", "HOME", "LANG"] where own[name] != nil { variables[name] = own[name] }
    return variables.map { $0.key + "=" + $0.value }
  }
}
