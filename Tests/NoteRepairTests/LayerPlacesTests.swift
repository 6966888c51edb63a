import Testing

@testable import NoteRepair

struct LayerPlacesTests {
  @Test func `a place in the result leads back to the piece it came from`() {
    let layer = RepairPlan.Layer(pieces: [
      .init(operation: .keep, inputCount: 4, outputCount: 4),
      .init(operation: .replace([1, 2], with: [3, 4, 5]), inputCount: 2, outputCount: 3),
      .init(operation: .replace([0], with: []), inputCount: 1, outputCount: 0),
      .init(operation: .keep, inputCount: 5, outputCount: 5),
    ])
    let places = LayerPlaces(layer)
    #expect(places.source(of: 1..<3) == 1..<3)
    #expect(places.source(of: 5..<6) == 4..<6)
    #expect(places.source(of: 3..<8) == 3..<8)
    #expect(places.source(of: 8..<10) == 8..<10)
    #expect(places.source(of: 12..<12) == 12..<12)
    #expect(LayerPlaces(RepairPlan.Layer()).source(of: 0..<0) == 0..<0)
  }
}
