import NoteModel
import Testing

struct ExitStatusTests {
  @Test func `every error code names the status with which it ends`() {
    for code in ErrorCode.allCases {
      let parts = code.rawValue.split(separator: "-")
      #expect(parts.count == 3 && parts[0] == "NF", "\(code.rawValue)")
      #expect(parts[2].hasPrefix(String(code.exitStatus.rawValue)), "\(code.rawValue)")
      #expect(code.exitStatus != .ok)
    }
  }

  @Test func `letters of codes with one status run from A without gaps`() {
    let byStatus = Dictionary(grouping: ErrorCode.allCases, by: \.exitStatus)
    for (status, codes) in byStatus {
      let letters = codes.map { code in
        String(code.rawValue.split(separator: "-").last!.drop(while: \.isNumber))
      }
      let areas = Dictionary(grouping: codes.indices) { codes[$0].rawValue.split(separator: "-")[1] }
      for indices in areas.values {
        #expect(Set(indices.map { letters[$0] }).count == indices.count, "\(status)")
      }
    }
  }

  @Test func `statuses leave the shell its own`() {
    for status in NoteModel.ExitStatus.allCases {
      #expect(![2, 126, 127].contains(status.rawValue))
      #expect((0..<128).contains(status.rawValue) || [.interrupted, .terminated].contains(status))
      #expect(!status.meaning.isEmpty && !status.name.isEmpty)
      #expect(status.name.utf8.allSatisfy { $0 == 0x2D || (0x61...0x7A).contains($0) })
    }
    #expect(Set(NoteModel.ExitStatus.allCases.map(\.name)).count == NoteModel.ExitStatus.allCases.count - 1)
  }

  @Test func `reasons win in the documented order`() {
    let order: [NoteModel.ExitStatus] = [
      .attention, .internal, .interrupted, .damaged, .usage, .space, .gate, .loss, .mismatch, .noGo, .unproven,
      .capacity, .warnings, .ok,
    ]
    #expect(order.map(\.severity) == order.map(\.severity).sorted(by: >))
    #expect(
      NoteModel.ExitStatus.allCases.filter(\.isResumable).map(\.rawValue).sorted() == [
        30, 32, 33, 34, 35, 36, 130, 143,
      ])
  }
}
