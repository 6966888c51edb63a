/// What a store's own clean text says about its damaged text.
public struct StoreEvidence: Sendable {
  /// A text's bonus from what the store's clean notes hold, in units of ``TextModel``.
  func bonus(for text: [UInt32]) -> Int { 0 }

  func prior(of page: CodePage, kind: RepairContext.Kind) -> Int? { nil }
}
