import CCrypto
import NoteModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A running digest of one message, by the C library `libcrypto`, which uses the processor's own instructions.
///
/// One thread at a time. `reset` makes it ready for the next message without new memory.
public final class Digest: @unchecked Sendable {
  public let algorithm: DigestAlgorithm
  private let context: OpaquePointer
  private let method: OpaquePointer

  public init(_ algorithm: DigestAlgorithm) {
    self.algorithm = algorithm
    context = EVP_MD_CTX_new()
    method = EVP_MD_fetch(nil, algorithm == .sha256 ? "SHA256" : "SHA512", nil)
    precondition(EVP_DigestInit_ex2(context, method, nil) == 1, "libcrypto has no \(algorithm.rawValue)")
  }

  deinit {
    EVP_MD_CTX_free(context)
    EVP_MD_free(method)
  }

  @inline(__always)
  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    EVP_DigestUpdate(context, start, bytes.count)
  }

  /// Ends the message, hands its digest (valid only inside `body`) over and gets ready for the next message.
  @inline(__always)
  public func finish<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { room in
      EVP_DigestFinal_ex(context, room.baseAddress!.assumingMemoryBound(to: UInt8.self), nil)
      EVP_DigestInit_ex2(context, nil, nil)
      return try body(UnsafeRawBufferPointer(rebasing: room[..<algorithm.byteCount]))
    }
  }

  public func finish() -> Checksum { finish { Checksum(algorithm, Array($0)) } }

  public static func checksum(_ algorithm: DigestAlgorithm, _ bytes: UnsafeRawBufferPointer) -> Checksum {
    let digest = Digest(algorithm)
    digest.update(bytes)
    return digest.finish()
  }
}

extension DigestAlgorithm {
  /// The algorithm that this machine computes faster, found by digesting 1 MiB with each (about 5 ms, once).
  ///
  /// With the processor's SHA instructions SHA-256 wins by far, without them SHA-512 does. Only the time that this thread
  /// had the processor counts, so that a busy machine does not change the answer.
  public static let fastest: DigestAlgorithm = {
    let sample = [UInt8](repeating: 0xA5, count: 256 << 10)
    var best: [DigestAlgorithm: Int64] = [:]
    for _ in 0..<4 {
      for algorithm in [DigestAlgorithm.sha256, .sha512] {
        let digest = Digest(algorithm)
        let start = threadNanoseconds()
        sample.withUnsafeBytes { digest.update($0) }
        digest.finish { _ in }
        best[algorithm] = min(best[algorithm] ?? .max, threadNanoseconds() - start)
      }
    }
    return best[.sha256]! < best[.sha512]! ? .sha256 : .sha512
  }()
}

/// The processor time of this thread.
private func threadNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
