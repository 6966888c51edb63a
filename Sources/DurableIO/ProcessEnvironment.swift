#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The environment of this process.
public enum ProcessEnvironment {
  /// Every variable by its name, as it is now. Call it while no other thread changes the environment.
  public static var all: [String: String] {
    var result: [String: String] = [:]
    #if canImport(Darwin)
      var entry = _NSGetEnviron().pointee
    #else
      // Optional in one C library, not in the other.
      let first: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
      guard var entry = first else { return [:] }
    #endif
    while let pointer = entry.pointee {
      let text = String(cString: pointer)
      if let mark = text.firstIndex(of: "=") {
        result[String(text[..<mark])] = String(text[text.index(after: mark)...])
      }
      entry += 1
    }
    return result
  }
}
