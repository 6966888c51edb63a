import DurableIO
import NoteModel
import NoteStore

/// Ties the import of one node to what happens elsewhere: to the other node of a pair, to the end of a stream.
public protocol ImportGate: Sendable {
  /// The target is prepared, so the other node may be.
  func prepared()

  /// Told what the import came to, in front of `mayApprove`.
  func found(_ conservation: Conservation, _ comparison: ComparisonResult?)

  /// Asked when everything was read back; may wait.
  ///
  /// - Parameters:
  ///   - isProven: Whether the node itself is complete.
  ///   - sums: What the node holds; nil where it was not read back.
  /// - Returns: Whether the mark of the import may be removed.
  func mayApprove(isProven: Bool, sums: ComparisonResult.Sums?) throws -> Bool
}

extension ImportGate {
  public func found(_ conservation: Conservation, _ comparison: ComparisonResult?) {}
}

/// The part that one node plays in a pair whose nodes are filled by imports of their own.
public struct ImportPart: Sendable {
  /// What the node is to the pair; nil for a store that stands alone.
  public var role: NodeRole?
  public var gate: any ImportGate

  public init(role: NodeRole?, gate: any ImportGate) {
    self.role = role
    self.gate = gate
  }
}
