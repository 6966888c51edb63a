import NoteModel
import NoteStore

/// What a rehearsal and a cutover are to do, said in one file before the night: from where, to where, what is carried,
/// what it may cost, and how writing is stopped.
///
/// A plan is read by `PlanReader`; Plan.md describes every key. It holds no secrets. Two plans that mean the same have
/// the same `hash`, however they are written down.
public struct Plan: Sendable, Hashable {
  public var source: Source
  public var target: Target
  /// Where the archive is made; `nil`: below `archives(in:)`. A cutover that is interrupted goes on from it.
  public var archive: String?
  public var carry = Carry()
  public var budget: Budget
  public var loss = LossAllowance()
  public var freeze: FreezeMethod
  /// Programs of the operator, by what they are for.
  public var hooks: [HookName: Hook] = [:]
  /// What has to be typed before the store is frozen, rolled back or given up: ASCII, so that it can be typed anywhere.
  public var confirmName: String
  /// When users may be frozen; `nil`: whenever the operator says so.
  public var window: PlanWindow?
  /// The age up to which a rehearsal counts for a cutover.
  public var rehearsalMaximumAge: Duration = .seconds(86_400)
  /// The version of noteferry that the plan is for; `nil`: any that reads it.
  public var toolVersion: String?

  public init(
    source: Source, target: Target, archive: String? = nil, budget: Budget = Budget(), freeze: FreezeMethod,
    confirmName: String
  ) {
    self.source = source
    self.target = target
    self.archive = archive
    self.budget = budget
    self.freeze = freeze
    self.confirmName = confirmName
  }

  /// Where the archives of plans are that name no place, each in a directory of its own.
  public static func archives(in stateDirectory: String) -> String { stateDirectory + "/archives" }

  /// The store that is in service now.
  public struct Source: Sendable, Hashable {
    /// As on the command line: a path, `postgresql://USER@HOST/DATABASE`, `ssh://HOST/PATH`.
    public var place: String
    /// The second node of a store of two.
    public var node: String?
    /// The name of a profile; `nil`: the store is probed.
    public var profile: String?
    /// A file with a profile.
    public var profileFile: String?

    public init(place: String, node: String? = nil, profile: String? = nil, profileFile: String? = nil) {
      self.place = place
      self.node = node
      self.profile = profile
      self.profileFile = profileFile
    }
  }

  /// The store that is in service afterwards.
  public struct Target: Sendable, Hashable {
    /// One place or two, the primary first.
    public var nodes: [String]
    public var nodePolicy = NodePolicy.both
    /// Whether its tables are made where there are none.
    public var createsSchema = false

    public init(nodes: [String], createsSchema: Bool = false) {
      self.nodes = nodes
      self.createsSchema = createsSchema
    }
  }

  /// What is carried and how.
  public struct Carry: Sendable, Hashable {
    public var secrets = SecretsPolicy.withhold
    public var attachments = AttachmentPlace.keep
    public var repair = RepairPolicy.policy
    public init() {}
  }

  /// The most that a run may use.
  public struct Budget: Sendable, Hashable {
    /// The longest that users cannot write.
    public var downtime: Duration = .seconds(3600)
    /// The part of `downtime` that is kept for the way back. The fence ends when the rest is used up.
    public var rollbackReserve: Duration = .seconds(600)
    /// The free space that stays on every file system; `nil`: the larger of 2 GiB and 5 %.
    public var freeFloor: ByteCount?
    /// Bytes a second that are read from the source; `nil`: as fast as it goes.
    public var rate: ByteCount?
    /// How far the source's log may grow for one view; `nil`: the smaller of 256 MiB and a quarter of the free space.
    public var wal: ByteCount?
    /// The longest that a server is asked to hold one view.
    public var snapshotAge: Duration = .seconds(3600)
    public init() {}

    /// How long users may be frozen before the run goes back by itself.
    public var forwardTime: Duration { downtime - rollbackReserve }
  }

  /// How writing to the source is stopped.
  public enum FreezeMethod: String, Sendable, CaseIterable {
    /// By the operator's program alone.
    case hook
    /// By triggers in the source's tables that refuse to write until they expire.
    case fence
    /// By the program first, then by the triggers.
    case both

    public var usesHook: Bool { self != .fence }
    public var usesFence: Bool { self != .hook }
  }
}

/// How many items may end in each bucket of the sum before the result counts as loss.
public struct LossAllowance: Sendable, Hashable {
  public enum Limit: Sendable, Hashable {
    case any
    case atMost(Int64)

    public func admits(_ count: Int64) -> Bool {
      switch self {
      case .any: true
      case .atMost(let most): count <= most
      }
    }
  }

  public var repaired = Limit.any
  public var adapted = Limit.any
  public var skippedByRule = Limit.any
  public var degraded = Limit.atMost(0)
  public var quarantined = Limit.atMost(0)
  public var missing = Limit.atMost(0)
  public init() {}
}
