import NoteRepair

/// Repairs a store's notes twice: the second time with what the first pass learned.
struct StoreTrial {
  private var notes: [(bytes: [UInt8], context: RepairContext)] = []

  mutating func add(_ bytes: [UInt8], _ context: RepairContext) { notes.append((bytes, context)) }

  /// The second pass's repairs, in the order of the notes.
  func repairs() -> [Repair] {
    var evidence = StoreEvidence()
    let first = RepairEngine()
    for note in notes {
      let repair = first.repair(note.bytes, context: note.context)
      if repair.tier == .clean {
        note.bytes.withUnsafeBufferPointer { evidence.learn($0) }
      } else {
        evidence.learn(repair, kind: note.context.kind)
      }
    }
    let second = RepairEngine(evidence: evidence)
    return notes.map { second.repair($0.bytes, context: $0.context) }
  }
}
