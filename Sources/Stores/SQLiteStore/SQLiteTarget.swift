import DurableIO
import NoteModel
import NoteStore
public final class SQLiteTarget: TargetStore {
  public init(_ location: StoreLocation, profiles: [Profile]) {}
  public var name: String { "" }
  public var guardedPaths: [String] { [] }
  public func prepare(for schema: StoreSchema, profile: Profile, origin: String, options: TargetOptions) throws
    -> ImportWatermark? { nil }
  public func apply(row: Int, of page: RecordPage, supplies: [ContentSupply]) throws {}
  public func beginContent(_ index: Int) throws {}
  public func writeContent(_ bytes: UnsafeRawBufferPointer) throws {}
  public func endContent() throws {}
  public func commit(_ watermark: ImportWatermark) throws {}
  public func rollback() {}
  public func finish(_ schema: StoreSchema) throws {}
  public func approve() throws {}
  public func close() {}
}
