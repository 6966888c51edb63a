// The umbrella for programs that embed noteferry: one import for the model, the store contract, the archive and the
// journey.
@_exported import AllStores
@_exported import Cutover
@_exported import DurableIO
@_exported import Migration
@_exported import NoteArchive
@_exported import NoteModel
@_exported import NoteStore
