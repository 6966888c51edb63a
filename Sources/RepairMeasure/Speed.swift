import Glibc
import NoteRepair

/// How fast a text is looked at and repaired, on one thread, in processor time.
enum Speed {
  static func answer(_ bytes: [UInt8], count: Int) -> String {
    let engine = RepairEngine()
    var (look, repair) = (Double.infinity, Double.infinity)
    var isClean = false
    for _ in 0..<count {
      look = min(look, seconds { isClean = bytes.withUnsafeBufferPointer { engine.isPlainlyClean($0) } })
      repair = min(repair, seconds { _ = engine.repair(bytes) })
    }
    let megabytes = Double(bytes.count) / 1e6
    return "\(megabytes / look)\t\(megabytes / repair)\t\(isClean ? "clean" : "suspicious")"
  }

  private static func seconds(_ body: () -> Void) -> Double {
    let start = now()
    body()
    return max(now() - start, 1e-9)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
