enum ImageRepair { static func run(_ bench: inout Workbench) {} }
enum DataImage {
  static func isMark(_ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Bool {
    at + 8 <= bytes.count && bytes[at + 1..<at + 8].elementsEqual("base64,".utf8)
  }
}
