import NoteModel

/// Who raises a fence or takes a lease.
public struct RunClaim: Sendable, Hashable {
  /// The run's name; the refusals that users get show it.
  public var run: String
  /// Who it is, for people: the program, its process and its machine.
  public var holder: String

  /// - Throws: `.usage` for a name that is not of 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
  public init(run: String, holder: String) throws {
    let isPlain = run.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || [0x2D, 0x2E, 0x5F].contains($0)
    }
    guard isPlain, (1...64).contains(run.utf8.count) else {
      throw MigrationError(
        .usage, "the run's name cannot be used", cause: "it is not of 1 to 64 letters, digits, dashes and dots",
        safeNow: "nothing was changed")
    }
    self.run = run
    self.holder = String(holder.prefix(200))
  }
}

/// What a store says about its fence.
public enum FenceStatus: Sendable, Hashable {
  /// There is none; users write.
  case none
  /// It holds, for so long by the store's clock; then users write again.
  case raised(RunClaim, remaining: Duration)
  /// It does not hold; users write. Its triggers are still there.
  ///
  /// `broken` says that a write has come through.
  case expired(RunClaim, broken: Bool)
  /// It holds for good.
  case sealed(RunClaim)

  public var claim: RunClaim? {
    switch self {
    case .none: nil
    case .raised(let claim, _), .expired(let claim, _), .sealed(let claim): claim
    }
  }

  /// Whether users cannot write.
  public var holds: Bool {
    switch self {
    case .raised, .sealed: true
    case .none, .expired: false
    }
  }
}

/// What a proven fence covers.
public struct FenceProof: Sendable, Hashable {
  /// Tables in which a write was attempted and refused.
  public var tables: [String]
  /// How many writes were attempted.
  public var attempts: Int
  /// What users can still write to, with the reason: virtual tables, tables on other servers.
  public var open: [OpenPlace]

  public struct OpenPlace: Sendable, Hashable {
    public var name: String
    public var reason: String

    public init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  public init(tables: [String], attempts: Int, open: [OpenPlace]) {
    self.tables = tables
    self.attempts = attempts
    self.open = open
  }
}

/// What a dropped fence left behind.
public struct FenceRemoval: Sendable, Hashable {
  /// Tables that still have triggers of the fence, which let everything through.
  public var remains: [String]
  public var isComplete: Bool { remains.isEmpty }

  public init(remains: [String] = []) { self.remains = remains }
}

/// A moment of a store, as far as its commits are counted. Worth something to the fence that gave it alone.
public struct ChangeMark: Sendable, Hashable {
  package var text: String
  package var counts: [String: Int64]

  package init(text: String, counts: [String: Int64] = [:]) {
    self.text = text
    self.counts = counts
  }
}

/// What was committed since a mark.
public enum ChangesSince: Sendable, Hashable {
  /// Nothing at all, for certain.
  case none
  /// Something; a scan of the rows tells what. It need not be in the store's tables.
  case possible
  /// Rows of these tables.
  case tables([String])
}

// MARK: - Refusals

extension WriteFence {
  package func held(by claim: RunClaim, _ words: String) -> MigrationError {
    MigrationError(
      .fenceHeld, "\(name) is fenced by another run", cause: "run \(claim.run) (\(claim.holder)) \(words)",
      safeNow: "the fence is as it was", next: ["wait until that run ends", "or end it from its own terminal"])
  }

  package func expired(_ cause: String) -> MigrationError {
    MigrationError(
      .fenceExpired, "the fence of \(name) does not hold any more", cause: cause,
      safeNow: "users can write to this store; it is in service",
      next: ["begin the cutover again; what was copied is kept"])
  }

  package func sealed(_ claim: RunClaim) -> MigrationError {
    MigrationError(
      .fenceSealed, "the fence of \(name) is sealed", cause: "run \(claim.run) has moved this store",
      safeNow: "the fence is as it was", next: ["roll the cutover back, which puts this store into service again"])
  }

  package func leaks(_ cause: String) -> MigrationError {
    MigrationError(
      .fenceLeaks, "the fence of \(name) does not stop every write", cause: cause,
      safeNow: "nothing was written; the fence is as it was",
      next: ["drop the fence, remove what it cannot stop, and begin the cutover again"])
  }
}

/// A store that is out of service and gets rows back.
package enum SealedStore {
  /// - Parameter fence: What the fence says that is there.
  package static func notSealed(_ name: String, by run: String, _ fence: String?) -> MigrationError {
    MigrationError(
      .fenceExpired, "\(name) is not sealed by run \(run), so users may write to it",
      cause: fence ?? "it has no fence", safeNow: "nothing was written to it",
      next: ["look which side is in service, and stop the other one"])
  }
}
