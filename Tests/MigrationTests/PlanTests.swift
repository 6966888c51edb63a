import DurableIO
import Migration
import NoteModel
import NoteStore
import Testing

struct PlanTests {
  static let smallest = """
    schema = 1
    confirm-name = "notes-prod"
    [source]
    place = "/srv/notes.db"
    [target]
    nodes = ["/new/notes.db"]
    [budget]
    downtime = "1h"
    [freeze]
    method = "fence"
    """

  static let full = """
    # a comment
    schema = 1
    confirm-name = "notes-prod"
    tool-version = "0.1.0"
    archive = "/srv/archive"
    [source]
    place = "/srv/a.db"
    node = "/srv/b.db"
    profile = "memos"
    [target]
    nodes = ["postgresql://m@a/memos", "postgresql://m@b/memos"]
    node-policy = "primary-first"
    create-schema = true
    [carry]
    select = "all"
    secrets = "include"
    attachments = "files"
    repair = "lossless"
    [budget]
    downtime = "2h"
    rollback-reserve = "20min"
    free-floor = "5GiB"
    rate = "20MiB/s"
    wal = "256MiB"
    snapshot-age = "30min"
    [loss]
    repaired = 7
    degraded = "any"
    [freeze]
    method = "both"
    [hooks.freeze]
    command = ["/bin/stop", "a b"]
    limit = "30s"
    [hooks.thaw]
    command = ["/bin/start"]
    [hooks.switch]
    command = ["/bin/new"]
    [hooks.switch-back]
    command = ["/bin/old"]
    [hooks.smoke]
    command = ["/bin/try"]
    [schedule]
    window = "22:00-23:30"
    time-zone = "+08:00"
    rehearsal-max-age = "6h"
    """

  private func problems(_ text: String) -> String {
    do {
      _ = try PlanReader.read(text, fileName: "p.toml")
      return ""
    } catch {
      let error = error as? MigrationError
      #expect(error?.code == .planInvalid)
      return error?.cause ?? "\(String(describing: error))"
    }
  }

  @Test func `a plan says what its file says, and the rest has its defaults`() throws {
    let plan = try PlanReader.read(Self.full, fileName: "p.toml")
    #expect(plan.archive == "/srv/archive" && plan.source.node == "/srv/b.db")
    #expect(plan.target.nodePolicy == .primaryFirst && plan.target.createsSchema)
    #expect(plan.budget.forwardTime == .seconds(6000) && plan.budget.rate == .mebibytes(20))
    #expect(plan.loss.repaired == .atMost(7) && plan.loss.degraded == .any && plan.loss.missing == .atMost(0))
    #expect(plan.hooks[.freeze] == Hook(command: ["/bin/stop", "a b"], limit: .seconds(30)))
    #expect(plan.window == PlanWindow(start: 1320, end: 1410, zone: .offset(480)))
    let small = try PlanReader.read(Self.smallest, fileName: "p.toml")
    #expect(small.archive == nil && small.budget.rollbackReserve == .seconds(600) && small.window == nil)
    #expect(small.carry.secrets == .withhold && small.carry.repair == .policy)
  }

  @Test func `comments, spaces, order, units and stated defaults do not change the hash`() throws {
    let plan = try PlanReader.read(Self.smallest, fileName: "p.toml")
    let other = """
      # written by somebody else
      confirm-name   =   'notes-prod'
      schema=1
      archive = "-"
      freeze.method = "fence"
      budget = { downtime = "60min", rollback-reserve = "600s", snapshot-age = "3600s" }
      [target]
      nodes = [
        "/new/notes.db",   # the new one
      ]
      [source]
      place = "/srv/notes.db"
      [loss]
      missing = 0
      """
    #expect(try PlanReader.read(other, fileName: "q.toml").hash == plan.hash)
    #expect(try PlanReader.read(other, fileName: "q.toml").differences(from: plan).isEmpty)
  }

  @Test func `every setting is part of the hash, and the normal text means the same plan`() throws {
    let plan = try PlanReader.read(Self.full, fileName: "p.toml")
    #expect(try PlanReader.read(plan.normalText, fileName: "n.toml") == plan)
    // Changes of one setting each, made in the file's text.
    let changes = [
      ("notes-prod", "notes-test"), ("tool-version = \"0.1.0\"", ""), ("/srv/archive", "/srv/other"),
      ("/srv/a.db", "/srv/c.db"),
      ("node = \"/srv/b.db\"", ""), ("profile = \"memos\"", "profile-file = \"v.toml\""), ("m@b", "m@c"),
      ("primary-first", "both"), ("create-schema = true", ""), ("\"include\"", "\"withhold\""),
      ("\"files\"", "\"keep\""),
      ("lossless", "none"), ("\"2h\"", "\"3h\""), ("20min", "21min"), ("5GiB", "6GiB"), ("20MiB/s", "21MiB/s"),
      ("256MiB", "257MiB"), ("snapshot-age = \"30min\"", ""), ("repaired = 7", "repaired = 8"),
      ("degraded = \"any\"", "degraded = 1"), ("\"both\"", "\"hook\""), ("\"a b\"", "\"a\", \"b\""),
      ("\"30s\"", "\"31s\""),
      ("/bin/try", "/bin/see"), ("22:00", "21:00"), ("+08:00", "+09:00"), ("\"6h\"", "\"7h\""),
    ]
    for (old, new) in changes {
      let text = Self.full.replacing(old, with: new)
      #expect(text != Self.full, "\(old)")
      let changed = try PlanReader.read(text, fileName: "p.toml")
      #expect(changed.hash != plan.hash, "\(old)")
      #expect(changed.differences(from: plan).count >= 1)
      #expect(try PlanReader.read(changed.normalText, fileName: "n.toml") == changed)
    }
  }

  @Test func `what is not known is refused with its place and what was probably meant`() {
    let cause = problems(
      Self.smallest.replacing("downtime", with: "down-time") + "\n[schedul]\nwindow = \"22:00-23:00\"\n")
    #expect(cause.contains("p.toml:8:1: budget.down-time is not a key of a budget; did you mean `downtime`?"))
    #expect(cause.contains("p.toml:7:1: budget.downtime is required and missing"))
    #expect(cause.contains("p.toml:11:1: schedul is not a key of a plan; did you mean `schedule`?"))
  }

  @Test(arguments: [
    ("method = \"fence\"", "method = \"fense\"", "did you mean `fence`?"),
    ("method = \"fence\"", "method = \"hook\"", "needs [hooks.freeze]"),
    ("\"1h\"", "\"90\"", "must be a whole number above 0 and one of s, min, h, d"),
    ("\"1h\"", "90", "must be a text, not a whole number"),
    ("\"1h\"", "\"1h\"\nrollback-reserve = \"1h\"", "must be shorter than the downtime of 1h"),
    ("\"1h\"", "\"1h\"\nrate = \"0B/s\"", "must be above 0"),
    ("\"1h\"", "\"1h\"\nfree-floor = \"5\"", "must be a number with a unit"),
    ("[\"/new/notes.db\"]", "[]", "must be one place or two, not 0"),
    ("[\"/new/notes.db\"]", "[\"/a\", \"/a\"]", "are the same place twice"),
    ("[\"/new/notes.db\"]", "[\"/srv/notes.db\"]", "has the source in it"),
    ("notes-prod", "笔记", "must be 2 to 40 of A-Z"),
    ("/srv/notes.db", "postgresql://u:geheim@h/d", "has a password in a URL"),
    ("/srv/notes.db", "postgresql://h/d?password=geheim", "has a value for 'password'"),
    ("/srv/notes.db", "postgresql:host=a password=geheim", "has a value for 'password'"),
    ("schema = 1", "schema = 2", "this version reads plans of schema 1"),
    ("[freeze]", "[carry]\nselect = \"some\"\n[freeze]", "must be \"all\""),
    ("[freeze]", "[loss]\nmissing = -1\n[freeze]", "must be a whole number from 0"),
    ("[freeze]", "[schedule]\nwindow = \"22-23\"\n[freeze]", "must be two times of the day"),
    ("[freeze]", "[schedule]\ntime-zone = \"Mars\"\n[freeze]", "must be \"local\", \"UTC\" or an offset"),
    ("[freeze]", "[hooks.switch]\ncommand = [\"/bin/x\"]\n[freeze]", "needs [hooks.switch-back]"),
    ("[freeze]", "[hooks.smoke]\ncommand = [\"x\"]\n[freeze]", "must begin with the path of a program"),
    ("[freeze]", "[hooks.smoke]\ncommand = [\"/x\", \"--token=geheim\"]\n[freeze]", "has a value for 'token'"),
    ("[freeze]", "[hooks.smoke]\ncommand = [\"/x\"]\nlimit = \"2h\"\n[freeze]", "may take 2h together"),
  ])
  func `a plan that cannot be is refused and says why`(old: String, new: String, words: String) {
    let text = Self.smallest.replacing(old, with: new)
    #expect(text != Self.smallest)
    let cause = problems(text)
    #expect(cause.contains(words), "\(cause)")
    #expect(cause.contains("p.toml:"))
    #expect(!cause.contains("geheim"))
  }

  @Test func `a draft is a plan`() throws {
    var draft = PlanDraft(
      source: .init(place: "postgresql://m@h/memos?data=/a\"b", seen: "20 notes"),
      targets: [.init(place: "/new/a.db", seen: ""), .init(place: "/new/b.db", seen: "no store yet")],
      createsSchema: true)
    draft.node = .init(place: "/srv/b.db", seen: "20 notes")
    draft.profile = "memos"
    let plan = try PlanReader.read(draft.text, fileName: "d.toml")
    #expect(plan.source.place == "postgresql://m@h/memos?data=/a\"b" && plan.target.nodes.count == 2)
    #expect(plan.confirmName == "memos" && plan.target.createsSchema && plan.source.profile == "memos")
    // Every line that is commented out is a setting that can be switched on.
    let opened = draft.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("# [hooks") || line.hasPrefix("# ") && line.contains(" = ") ? line.dropFirst(2) : line
    }.joined(separator: "\n")
    #expect(try PlanReader.read(opened, fileName: "d.toml").hooks.count == HookName.allCases.count)
  }

  @Test func `a window knows its hours in its own zone, also over midnight`() throws {
    let noon = Timestamp(milliseconds: 1_700_000_000_000)  // 2023-11-14T22:13:20Z
    let evening = try #require(PlanWindow("22:00-23:00", zone: .offset(0)))
    #expect(evening.contains(noon) && evening.wait(from: noon) == .zero)
    let shanghai = try #require(PlanWindow("22:00-23:00", zone: .offset(480)))
    #expect(!shanghai.contains(noon))
    #expect(shanghai.wait(from: noon) == .seconds(15 * 3600 + 46 * 60 + 40))
    let night = try #require(PlanWindow("23:30-01:00", zone: .offset(120)))
    #expect(night.contains(noon))
    #expect(try #require(PlanWindow("22:13-22:14", zone: .offset(0))).contains(noon))
    #expect(!(try #require(PlanWindow("22:14-22:13", zone: .offset(0))).contains(noon)))
    for text in ["", "22:00", "24:00-01:00", "22:60-23:00", "22:00-22:00", "2:00-3:00"] {
      #expect(PlanWindow(text, zone: .local) == nil)
    }
  }

  @Test func `a hook learns the run and nothing secret`() throws {
    let plan = try PlanReader.read(Self.full, fileName: "p.toml")
    let variables = Hook.Context(run: "c-1", plan: plan, deadline: "2026-01-01T00:00:00.000Z").environment(for: .switch)
    #expect(variables["NOTEFERRY_HOOK"] == "switch" && variables["NOTEFERRY_TARGET_B"] == "postgresql://m@b/memos")
    #expect(variables["NOTEFERRY_PLAN_HASH"] == plan.hash.description && variables["NOTEFERRY_DEADLINE"] != nil)
    #expect(variables.keys.allSatisfy { $0.hasPrefix("NOTEFERRY_") })
  }
}
