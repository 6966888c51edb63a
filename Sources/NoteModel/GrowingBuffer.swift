#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes that are appended to, read in place and reused without being freed.
///
/// One owner at a time writes; ownership passes between threads with the value (a queue hand-over), never shared.
/// Growing doubles the room, so appending costs O(1) a byte in the mean. `removeAll` keeps the room.
public final class GrowingBuffer: @unchecked Sendable {
  public private(set) var base: UnsafeMutableRawPointer
  public private(set) var count = 0
  public private(set) var capacity: Int

  public init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = malloc(self.capacity)!
  }

  deinit { free(base) }

  /// The bytes written so far; valid until the next append.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  public func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  public func removeAll() { count = 0 }

  /// Forgets everything behind the first `newCount` bytes.
  public func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count)
    count = newCount
  }

  /// Gives memory above `limit` bytes back, when the buffer is empty and had to grow for one large value.
  public func shrink(to limit: Int) {
    guard count == 0, capacity > limit else { return }
    base = realloc(base, limit)!
    capacity = limit
  }

  @inline(__always)
  public func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never)
  private func grow(_ more: Int) {
    var wanted = capacity
    while wanted - count < more { wanted *= 2 }
    base = realloc(base, wanted)!
    capacity = wanted
  }

  @inline(__always)
  public func append(_ byte: UInt8) {
    reserve(1)
    (base + count).storeBytes(of: byte, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  public func append(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress, source.count > 0 else { return }
    reserve(source.count)
    memcpy(base + count, start, source.count)
    count += source.count
  }

  public func append(_ source: [UInt8]) { source.withUnsafeBytes { append($0) } }

  public func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public func append(text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends an integer in little-endian order.
  @inline(__always)
  public func append<T: FixedWidthInteger>(littleEndian value: T) {
    reserve(MemoryLayout<T>.size)
    (base + count).storeBytes(of: value.littleEndian, as: T.self)
    count += MemoryLayout<T>.size
  }

  /// Appends an integer in decimal digits.
  public func append(decimal value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  public func append(decimal value: UInt64) {
    withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
      var rest = value
      var first = 20
      repeat {
        first -= 1
        digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      append(UnsafeRawBufferPointer(rebasing: digits[first...]))
    }
  }

  private static let hexDigits: [UInt8] = Array("0123456789abcdef".utf8)

  /// Appends bytes as lower-case hexadecimal digits.
  public func append(hex source: UnsafeRawBufferPointer) {
    reserve(source.count * 2)
    Self.hexDigits.withUnsafeBufferPointer { digits in
      for byte in source {
        base.storeBytes(of: digits[Int(byte >> 4)], toByteOffset: count, as: UInt8.self)
        base.storeBytes(of: digits[Int(byte & 15)], toByteOffset: count + 1, as: UInt8.self)
        count += 2
      }
    }
  }

  /// Appends room for `length` bytes and returns where it begins; the bytes are zero.
  public func appendZeros(_ length: Int) -> Int {
    reserve(length)
    memset(base + count, 0, length)
    count += length
    return count - length
  }

  /// Appends room for `length` bytes whose content the caller writes through the pointer.
  public func appendUninitialized(
    _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Int
  ) rethrows {
    reserve(length)
    count += try body(UnsafeMutableRawBufferPointer(start: base + count, count: length))
  }

  public func overwrite(at offset: Int, with source: UnsafeRawBufferPointer) {
    precondition(offset >= 0 && offset + source.count <= count)
    guard let start = source.baseAddress else { return }
    memcpy(base + offset, start, source.count)
  }
}
