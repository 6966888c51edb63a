import DurableIO
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs hooks, each in a process group of its own, with a limit of time and of output.
///
/// A hook gets no standard input, and besides this program's environment these variables:
///
/// | variable | value |
/// | --- | --- |
/// | `NOTEFERRY_RUN` | the run's name |
/// | `NOTEFERRY_STATE` | the state of the cutover |
/// | `NOTEFERRY_PLAN_HASH` | the digest of the plan |
/// | `NOTEFERRY_HOOK` | the hook's name |
///
/// It ends when its first process has ended. What that leaves running goes on, as a service should, and must have its
/// output elsewhere; where the hook runs into its limit, or the run is stopped, all of its process group is killed.
public struct HookRunner: Sendable {
  /// What is kept of a hook's output; the rest is counted and thrown away.
  public static let outputLimit: Int64 = 1 << 20

  private let folder: String
  private let run: String
  private let plan: String

  /// - Parameter folder: The run's folder, where outputs are kept as `hook-NAME.txt`, a later one with a number.
  public init(folder: String, run: String, plan: String) {
    self.folder = folder
    self.run = run
    self.plan = plan
  }

  /// Runs a hook to its end.
  ///
  /// - Parameter stop: Asked some hundred times a second; where it throws, the hook is killed and the result says so.
  /// - Throws: What keeps its output from being kept; then it was not started.
  public func run(_ hook: Hook, state: CutoverState, stop: () throws -> Void = {}) throws -> HookResult {
    let output = try HookOutput(folder: folder, hook: hook.name, limit: Self.outputLimit)
    let clock = ContinuousClock()
    let start = clock.now
    let ending: HookEnding
    switch HookProcess.start(hook.arguments, environment(hook, state), output: output.writingEnd) {
    case .failure(let refusal): ending = .notStarted(error: refusal.number)
    case .success(let process):
      output.closeWritingEnd()
      ending = watch(process, output, until: start + hook.limit, stop)
    }
    let bytes = output.finish()
    return HookResult(
      hook: hook.name, ending: ending, duration: clock.now - start, outputPath: output.path, outputBytes: bytes)
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

  private func environment(_ hook: Hook, _ state: CutoverState) -> [String] {
    let own = [
      ("NOTEFERRY_RUN", run), ("NOTEFERRY_STATE", state.rawValue), ("NOTEFERRY_PLAN_HASH", plan),
      ("NOTEFERRY_HOOK", hook.name),
    ]
    let all = ProcessEnvironment.all.merging(own) { _, own in own }
    return all.map { $0.key + "=" + $0.value }
  }
}
