/// The version of this tool and of what it reads and writes.
public enum ToolVersion {
  public static let current = "0.1.0"
  /// The archive format, the event log and the JSON results, by their major versions.
  static let archiveFormat: Int64 = 1
  static let events: Int64 = 1
  static let results: Int64 = 1

  static var system: String {
    #if os(macOS)
      "macos"
    #elseif os(Linux)
      "linux"
    #else
      "other"
    #endif
  }

  static var processor: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }
}
