import NoteModel
import NoteStore
import Testing

struct NodeMappingTests {
  private typealias Rule = EntityProfile.NodeRule

  private func rows(_ names: [(owner: Int, name: String)]) -> [NodeMapping.Row] {
    names.map { NodeMapping.Row(owner: $0.owner, rest: Key([.text(Array($0.name.utf8))])) }
  }

  /// `1 renamed 0`: the row, what becomes of it, and the node that has it.
  private func words(
    _ rows: [NodeMapping.Row], from source: Int, to target: Int, _ toSingle: Rule.ToSingle = .keep,
    _ toDual: Rule.ToDual = .keep
  ) -> [String] {
    NodeMapping(sourceNodes: source, targetNodes: target)
      .steps(for: rows, rule: Rule(column: "node", values: ["a", "b"], toSingle: toSingle, toDual: toDual))
      .map { "\($0.row) \($0.change) \($0.node.map(String.init) ?? "-")" }
  }

  @Test func `of two nodes one stays, and the second one's rows are kept, dropped or renamed`() {
    let rows = rows([(1, "cache"), (0, "cache"), (1, "backup")])
    #expect(words(rows, from: 2, to: 1) == ["0 kept 0", "1 kept 0", "2 kept 0"])
    #expect(words(rows, from: 2, to: 1, .drop) == ["0 dropped -", "1 kept 0", "2 dropped -"])
    #expect(words(rows, from: 2, to: 1, .rename) == ["0 dropped -", "1 kept 0", "2 renamed 0"])
  }

  @Test func `a second node gets copies where it has no rows of its own, whichever node the source was`() {
    let rows = rows([(0, "cache"), (1, "backup"), (1, "cache")])
    #expect(words(rows, from: 1, to: 2) == ["0 placed 0", "1 placed 1", "2 placed 1"])
    #expect(
      words(rows, from: 1, to: 2, .keep, .make) == ["0 placed 0", "1 placed 1", "1 made 0", "2 placed 1"])
  }

  @Test func `rows of two nodes stay on theirs, and those of a third go everywhere`() {
    let rows = rows([(0, "cache"), (1, "backup"), (2, "cache")])
    #expect(words(rows, from: 2, to: 2, .rename, .make) == ["0 placed 0", "1 placed 1", "2 kept 0", "2 kept 1"])
    #expect(words(rows, from: 2, to: 1, .drop) == ["0 kept 0", "1 dropped -", "2 kept 0"])
  }

  @Test func `a row whose key does not name its node is renamed, and never copied`() {
    let rows = [NodeMapping.Row(owner: 0, rest: nil), NodeMapping.Row(owner: 1, rest: nil)]
    #expect(words(rows, from: 2, to: 1, .rename) == ["0 kept 0", "1 renamed 0"])
    #expect(words(rows, from: 1, to: 2, .keep, .make) == ["0 placed 0", "1 placed 1"])
  }

  @Test func `only where there are two nodes on one side is anything looked at`() {
    #expect(!NodeMapping(sourceNodes: 1, targetNodes: 1).isActive)
    #expect(
      NodeMapping(sourceNodes: 2, targetNodes: 1).isActive && NodeMapping(sourceNodes: 1, targetNodes: 2).isActive)
  }
}
