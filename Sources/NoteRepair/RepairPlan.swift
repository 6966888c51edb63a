/// How a text was repaired: enough to do it again and to undo it, byte for byte.
///
/// A plan has layers, applied one after another to the whole text. A layer's pieces cover its input from the first byte
/// to the last: bytes kept, bytes read by a chain of code pages, or bytes replaced by others, both of which are stored.
public struct RepairPlan: Sendable, Equatable {
  /// The version of the code page tables that the plan was made with.
  public static let tableVersion: UInt8 = 1

  /// One walk over the text.
  struct Layer: Sendable, Equatable {
    var pieces: [Piece] = []

    var inputCount: Int { pieces.reduce(0) { $0 + $1.inputCount } }
    var outputCount: Int { pieces.reduce(0) { $0 + $1.outputCount } }
  }

  struct Piece: Sendable, Equatable {
    enum Operation: Sendable, Equatable {
      case keep
      case recode(PageChain)
      case replace([UInt8], with: [UInt8])
    }

    let operation: Operation
    let inputCount: Int
    let outputCount: Int
  }

  /// The layers in the order they are applied; none for a text that needs no repair.
  let layers: [Layer]

  /// Repairs `original` again.
  ///
  /// - Returns: The repaired text, or nil if `original` is not the text the plan was made for.
  public func apply(to original: [UInt8]) -> [UInt8]? {
    layers.reduce(original) { bytes, layer in bytes.flatMap { layer.apply(to: $0) } }
  }

  /// Restores the original from the repaired text.
  ///
  /// - Returns: The original bytes, or nil if `text` is not the result of this plan.
  public func reverse(_ text: [UInt8]) -> [UInt8]? {
    layers.reversed().reduce(text) { bytes, layer in bytes.flatMap { layer.reverse($0) } }
  }
}

extension RepairPlan.Layer {
  func apply(to input: [UInt8]) -> [UInt8]? {
    walk(input, count: \.inputCount, resultCount: \.outputCount) { operation, bytes in
      switch operation {
      case .keep: Array(bytes)
      case .recode(let chain): chain.decode(bytes).flatMap(Self.utf8)
      case .replace(let old, let new): bytes.elementsEqual(old) ? new : nil
      }
    }
  }

  func reverse(_ output: [UInt8]) -> [UInt8]? {
    walk(output, count: \.outputCount, resultCount: \.inputCount) { operation, bytes in
      switch operation {
      case .keep: return Array(bytes)
      case .recode(let chain):
        var text: [UInt32] = []
        guard CodePage.utf8.decode(bytes, into: &text) == nil else { return nil }
        return chain.encode(text)
      case .replace(let old, let new): return bytes.elementsEqual(new) ? old : nil
      }
    }
  }

  private func walk(
    _ bytes: [UInt8], count: KeyPath<RepairPlan.Piece, Int>, resultCount: KeyPath<RepairPlan.Piece, Int>,
    _ body: (RepairPlan.Piece.Operation, UnsafeBufferPointer<UInt8>) -> [UInt8]?
  ) -> [UInt8]? {
    var result: [UInt8] = []
    var at = 0
    let isWhole = bytes.withUnsafeBufferPointer { bytes in
      for piece in pieces {
        let length = piece[keyPath: count]
        guard length <= bytes.count - at else { return false }
        let part = UnsafeBufferPointer(rebasing: bytes[at..<at + length])
        guard let made = body(piece.operation, part), made.count == piece[keyPath: resultCount] else { return false }
        result.append(contentsOf: made)
        at += length
      }
      return at == bytes.count
    }
    return isWhole ? result : nil
  }

  static func utf8(_ text: [UInt32]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3)
    return text.withUnsafeBufferPointer { CodePage.utf8.encode($0, into: &bytes) } == nil ? bytes : nil
  }
}
