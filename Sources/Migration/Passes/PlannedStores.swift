import NoteModel
import NoteStore

/// How the stores of a plan are opened, anew for every pass.
public struct PlannedStores: Sendable {
  /// Both nodes as one where the plan names two.
  public var source: @Sendable () throws -> any SourceStore
  /// The nodes to fill, the primary first.
  public var nodes: @Sendable () throws -> [ImportNode]
  /// What two nodes are to one another; `nil` for one. Gets the failures behind which the pass is repeated.
  public var pair: @Sendable ([ImportNode], Set<ErrorCode>) throws -> (any NodePair)?
  /// Makes a profile from the archive's copy.
  public var readProfile: @Sendable (UnsafeRawBufferPointer) throws -> Profile

  public init(
    source: @escaping @Sendable () throws -> any SourceStore, nodes: @escaping @Sendable () throws -> [ImportNode],
    pair: @escaping @Sendable ([ImportNode], Set<ErrorCode>) throws -> (any NodePair)?,
    readProfile: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Profile
  ) {
    self.source = source
    self.nodes = nodes
    self.pair = pair
    self.readProfile = readProfile
  }
}
