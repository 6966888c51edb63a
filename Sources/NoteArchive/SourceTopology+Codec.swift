import NoteModel
import NoteStore

// The member `topology` of `noteferry.json`, and of the journal.
extension SourceTopology {
  var json: JSONValue {
    .object([
      .init(
        "nodes",
        .array(
          nodes.map {
            .object([
              .init("node", .text($0.label)), .init("role", .text($0.role.rawValue)), .init("engine", .text($0.engine)),
            ])
          })),
      .init("read", .text(read)), .init("nodes_differ", .integer(differences)),
      .init(
        "node_scoped",
        .array(
          ownRows.map {
            .object([
              .init("entity", .text($0.entity)), .init("column", .text($0.column)),
              .init("values", .array($0.values.map { .text($0) })),
            ])
          })),
    ])
  }

  /// `nil` where a member is missing, has another type or an impossible value.
  init?(_ value: JSONValue) {
    guard let nodes = value["nodes"]?.array?.map(Node.init), let read = value["read"]?.string,
      let differences = value["nodes_differ"]?.count, let ownRows = value["node_scoped"]?.array?.map(OwnRows.init)
    else { return nil }
    self.init(
      nodes: nodes.compactMap(\.self), read: read, differences: differences, ownRows: ownRows.compactMap(\.self))
    let labels = self.nodes.map(\.label)
    guard self.nodes.count == nodes.count, self.ownRows.count == ownRows.count, labels.contains(read),
      labels == ["A"] || labels == ["A", "B"]
    else { return nil }
  }
}

extension SourceTopology.Node {
  fileprivate init?(_ value: JSONValue) {
    guard let label = value["node"]?.string, let role = value["role"]?.string.flatMap(NodeRole.init),
      let engine = value["engine"]?.string
    else { return nil }
    self.init(label: label, role: role, engine: engine)
  }
}

extension SourceTopology.OwnRows {
  fileprivate init?(_ value: JSONValue) {
    guard let entity = value["entity"]?.string, let column = value["column"]?.string, let array = value["values"]?.array
    else { return nil }
    let values = array.compactMap(\.string)
    guard values.count == array.count else { return nil }
    self.init(entity: entity, column: column, values: values)
  }
}
