import DurableIO
import NoteModel
import NoteStore

/// What a run will write, by place: places of one file system share its room.
private struct SpaceNeeds {
  private var needs: [(path: String, bytes: Int64, what: PreflightPhrase)] = []
  private let floor: FreeFloor

  init(_ context: PreflightContext) throws {
    floor = context.floor
    let look = try context.look()
    if let archive = context.request.archive { needs.append((archive, look.bytes, .theArchive)) }
    needs.append((context.request.stateDirectory, Self.state, .theJournals))
    for place in context.plan.target.nodes {
      for part in (try? context.inspector(place).places()) ?? [] where part.use == .data {
        needs.append((part.path, look.bytes + look.bytes / 10, .theTarget))
      }
    }
  }

  /// Journals, spools and the stored bytes of repaired texts.
  static let state: Int64 = 256 << 20

  func judge(_ path: String, least: Int64) -> Judgement {
    guard let space = FreeSpace.at(path) else { return .notChecked(.diskUnknown, path) }
    let device = Self.device(path)
    let shared = needs.filter { Self.device($0.path) == device }
    let bytes = max(least, shared.reduce(0) { $0 + $1.bytes })
    let floor = floor.bytes(on: space)
    let others = SpokenList(shared.map { Sentence.said($0.what) })
    return Judgement(
      space.free.rawValue >= bytes + floor ? .pass : .block,
      shared.count > 1 ? .said(.spaceShared, space.free, path, others) : .said(.spaceFreeAt, space.free, path),
      recommended: .said(.spaceFree, ByteCount(bytes + floor)))
  }

  /// The file system on which a path is, or will be.
  static func device(_ path: String) -> UInt64? {
    var place = path
    while true {
      if let status = FileStatus.of(place) { return status.device }
      let parent = Folder.parent(of: place)
      if parent == place { return nil }
      place = parent
    }
  }
}

extension PreflightCheck {
  static let space: [PreflightCheck] = [
    PreflightCheck(
      "SPACE-01", "space for the archive", .machine, required: true,
      purpose: "The archive holds every byte of the store, and a full disk stops production too.",
      measured:
        "The bytes of store and attachments, with what else goes to the same disk, against its free space and the floor.",
      recommended: "store and floor fit", fix: "name a place on another disk: archive in the plan"
    ) { context in
      guard let archive = context.request.archive else { return .notApplicable(.pipeNoArchive) }
      var judgement = try SpaceNeeds(context).judge(archive, least: 0)
      judgement.fix =
        (context.request.isPlanned ? [.said(.fixArchivePlace)] : [.said(.fixPipe), .said(.fixOtherDisk)])
        + [.said(.fixFreeSpace)]
      return judgement
    },
    PreflightCheck(
      "SPACE-02", "space beside the source", .source, required: true,
      purpose: "While the store is read its log grows; production stops when the disk is full.",
      measured: "Free space of each disk that the source writes to, against the floor and the log's budget.",
      recommended: "floor and log budget are free", fix: "free space there, or lower the plan's wal budget"
    ) { context in
      let places = try context.source.places().filter { $0.use != .files || FileStatus.of($0.path) != nil }
      guard !places.isEmpty else {
        return .notApplicable(.disksElsewhere)
      }
      return .worst(
        places.map { place in
          guard let space = FreeSpace.at(place.path) else { return .notChecked(.placeUnknown, place.path) }
          let wal = context.plan.budget.wal?.rawValue ?? min(256 << 20, space.free.rawValue / 4)
          let floor = context.floor.bytes(on: space)
          let recommended = Sentence.said(.spaceFree, ByteCount(wal + floor))
          if space.free.rawValue < wal {
            return .block(.spaceFreeAt, space.free, place.path, recommended: recommended)
          }
          if space.free.rawValue < wal + floor {
            return .warn(.spaceBelowFloor, space.free, place.path, recommended: recommended)
          }
          return .pass(.spaceFreeAt, space.free, place.path, recommended: recommended)
        })
    },
    PreflightCheck(
      "SPACE-03", "space for journals", .machine, required: true,
      purpose: "Without its journal a run cannot be gone on with.",
      measured: "Free space where the state directory is, against 256 MiB and the floor.",
      recommended: "256 MiB and the floor", fix: "name another place with --state-dir"
    ) { context in
      let path = context.request.stateDirectory
      guard let space = FreeSpace.at(path) else { return .notChecked(.diskUnknown, path) }
      let least = SpaceNeeds.state + context.floor.bytes(on: space)
      let free = space.free.rawValue
      return Judgement(
        free < SpaceNeeds.state ? .block : free < least ? .warn : .pass, .said(.spaceFreeAt, space.free, path),
        recommended: .said(.spaceFree, ByteCount(least)))
    },
    PreflightCheck(
      "SPACE-04", "space for the target", .target, required: true,
      purpose: "A target that runs full in the night ends the cutover.",
      measured: "The source's bytes and a tenth more, against the free space of the disk of each node and the floor.",
      recommended: "the store and a tenth more", fix: "give the target a larger disk"
    ) { context in
      let needs = try SpaceNeeds(context)
      return try context.eachTarget { _, target in
        let places = try target.places().filter { $0.use == .data }
        guard let place = places.first else {
          return .notApplicable(.targetDiskUnseen)
        }
        return needs.judge(place.path, least: 0)
      }
    },
    PreflightCheck(
      "SPACE-05", "space for the target's log", .target,
      purpose: "Every byte passes the target's log; a server whose log runs full stops for all its databases.",
      measured:
        "Free space of the log's disk, where it is another than the data's, against twice the largest value and 1 GiB.",
      recommended: "1 GiB, or twice the largest attachment",
      fix: "give the log a larger disk, or empty it (archiving, slots)"
    ) { context in
      let largest = try LargestContent(context).bytes
      return try context.eachTarget { _, target in
        let places = try target.places()
        guard let log = places.first(where: { $0.use == .log }) else {
          return .notApplicable(.logDiskUnseen)
        }
        let data = places.first { $0.use == .data }
        guard SpaceNeeds.device(log.path) != data.flatMap({ SpaceNeeds.device($0.path) }) else {
          return .notApplicable(.onDataDisk)
        }
        guard let space = FreeSpace.at(log.path) else { return .notChecked(.placeUnknown, log.path) }
        let least = max(1 << 30, largest * 2)
        return Judgement(
          space.free.rawValue < least ? .block : .pass, .said(.spaceFreeAt, space.free, log.path),
          recommended: .said(.spaceFree, ByteCount(least)))
      }
    },
    PreflightCheck(
      "SPACE-06", "file numbers", .machine,
      purpose: "A disk without free file numbers takes no new file, however much space it has.",
      measured: "Free file numbers (inodes) where the archive, the state and a target's files go.",
      recommended: "one for each attachment, and 1,000",
      fix: "make the file system anew with more of them, or name another"
    ) { context in
      let look = try context.look()
      let files = look.entities(.attachment).reduce(Int64(0)) { $0 + (look.rows[$1.name] ?? 0) }
      var paths = [context.request.stateDirectory] + (context.request.archive.map { [$0] } ?? [])
      for place in context.plan.target.nodes {
        paths += ((try? context.inspector(place).places()) ?? []).filter { $0.use == .files }.map(\.path)
      }
      return .worst(
        paths.map { path in
          guard let free = FreeFiles.at(path) else { return .notApplicable(.noFileLimit, path) }
          let least = files + 1000
          return Judgement(
            free < least ? .block : .pass, .said(.filesFreeAt, free, path), recommended: .said(.atLeast, least))
        })
    },
  ]
}
