import DurableIO
import NoteModel
import NoteStore

// A rehearsal where there is no space: everything is read and digested, and nothing is kept but keys and digests.
extension Rehearsal {
  func readOnly() throws {
    try readBase()
  }

  private func readBase() throws {
  }
}
