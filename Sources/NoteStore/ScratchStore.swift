import NoteModel

/// A place on a server that was given for rehearsals: it is empty, is filled, and is empty again afterwards.
///
/// It is marked before anything is made in it, and only what has the mark is ever emptied. Used by one thread at a time.
public protocol ScratchStore: AnyObject {
  var name: String { get }

  /// Marks the place as ours, for as long as this value lives. What a rehearsal that died has left is removed first.
  ///
  /// - Throws: `.targetNotEmpty` where there are tables and no mark; `.locked` where another rehearsal uses it;
  ///   `.noPermission`, `.storeLost`.
  func claim() throws

  /// Removes every table and the mark. Harmless when repeated, and where there is no mark.
  func erase() throws

  /// Lets the place go. Harmless when repeated.
  func close()
}
