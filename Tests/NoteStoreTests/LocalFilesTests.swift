import DurableIO
import Foundation
import NoteModel
import Testing

@testable import NoteStore

extension LocalFiles {
  fileprivate func open(_ reference: String) -> Result { open(Array(reference.utf8)) }
  fileprivate func open(_ reference: [UInt8]) -> Result { reference.withUnsafeBytes { open(reference: $0) } }
  fileprivate func create(_ path: String) throws -> PendingFile { try create(Array(path.utf8)) }
  fileprivate func create(_ path: [UInt8]) throws -> PendingFile {
    try path.withUnsafeBytes { try create(relativePath: $0) }
  }
}

extension LocalFiles.Result {
  /// The text of an opened file, or the case's name.
  fileprivate var summary: String {
    switch self {
    case .opened(let file, let status):
      var bytes = [UInt8](repeating: 0, count: Int(status.byteCount))
      let count = bytes.withUnsafeMutableBytes { try? file.read(into: $0) }
      return count == bytes.count ? String(decoding: bytes, as: UTF8.self) : "short"
    case .missing: return "(missing)"
    case .unreadable(let reason): return "(unreadable: \(reason))"
    case .outside: return "(outside)"
    }
  }
}

@Suite struct LocalFilesTests {
  let place: TemporaryDirectory
  var data: String { place.path + "/data" }

  init() throws {
    place = try TemporaryDirectory()
    try place.write("picture", to: "data/assets/2024/a b.png")
    try place.write("secret", to: "outside.txt")
    try place.write("secret", to: "data-other/x.txt")
  }

  @Test func `a relative reference opens its file`() throws {
    let files = try LocalFiles(directory: data)
    for reference in ["assets/2024/a b.png", "./assets//2024/./a b.png"] {
      #expect(files.open(reference).summary == "picture")
    }
    #expect(files.open("assets/2024/none.png").summary == "(missing)")
    #expect(files.open("none/2024/a b.png").summary == "(missing)")
    #expect(files.open("assets/2024/a b.png/x").summary == "(missing)")
    #expect(files.open(String(repeating: "x", count: 300)).summary == "(missing)")
    #expect(files.open("assets/2024").summary == "(unreadable: it is a directory)")
  }

  @Test func `an absolute reference counts only inside the directory`() throws {
    let files = try LocalFiles(directory: data + "/../data/")
    #expect(files.open(files.directory + "/assets/2024/a b.png").summary == "picture")
    #expect(files.open(data + "/assets/2024/a b.png").summary == "picture")
    #expect(files.open(data).summary == "(outside)")
    #expect(files.open(place.path + "/outside.txt").summary == "(outside)")
    #expect(files.open(data + "-other/x.txt").summary == "(outside)")
    #expect(files.open("/etc/passwd").summary == "(outside)")
  }

  @Test func `an absolute reference through the directory's own link is accepted`() throws {
    try place.link("named", to: "data")
    let files = try LocalFiles(directory: place.path + "/named")
    #expect(files.open(place.path + "/named/assets/2024/a b.png").summary == "picture")
    #expect(files.open(place.path + "/data/assets/2024/a b.png").summary == "picture")
    let reference = Array((place.path + "/data/assets/2024/a b.png").utf8)
    #expect(
      reference.withUnsafeBytes { LocalFiles.safeRelativePath($0, dataDirectory: place.path + "/named") }
        == Array("assets/2024/a b.png".utf8))
  }

  @Test func `references that are not safe are refused before anything is opened`() throws {
    let files = try LocalFiles(directory: data)
    for reference in [
      "", "..", "../outside.txt", "assets/../../outside.txt", "assets/../assets/2024/a b.png", "assets\0/2024", "/",
      ".",
      "assets/", "a\0", data + "/../outside.txt", String(repeating: "a/", count: 3000) + "a",
    ] {
      #expect(files.open(reference).summary == "(outside)", "\(reference.prefix(40))")
      #expect(Array(reference.utf8).withUnsafeBytes { LocalFiles.safeRelativePath($0, dataDirectory: data) } == nil)
    }
  }

  @Test func `links inside are followed and links that leave are not`() throws {
    try place.link("data/inside", to: "assets/2024")
    try place.link("data/deep/up", to: "../assets/./2024/a b.png")
    try place.link("data/absolute", to: data + "/assets/2024/a b.png")
    try place.link("data/root", to: data)
    try place.link("data/out", to: "..")
    try place.link("data/out-and-in", to: "../data/assets/2024/a b.png")
    try place.link("data/etc", to: "/etc")
    try place.link("data/file", to: place.path + "/outside.txt")
    try place.link("data/loop", to: "loop")
    try place.link("data/dangling", to: "assets/none")
    let files = try LocalFiles(directory: data)
    for reference in ["inside/a b.png", "deep/up", "absolute", "root/root/absolute", "root/assets/2024/a b.png"] {
      #expect(files.open(reference).summary == "picture", "\(reference)")
    }
    for reference in ["out/outside.txt", "out-and-in", "etc/passwd", "file", "loop", "loop/x", "root/out/outside.txt"] {
      #expect(files.open(reference).summary == "(outside)", "\(reference)")
    }
    #expect(files.open("dangling").summary == "(missing)")
    #expect(files.open("root").summary.hasPrefix("(unreadable"))
  }

  @Test(.timeLimit(.minutes(10)))
  func `pipes, sockets and devices are not opened`() throws {
    #expect(mkfifo(data + "/pipe", 0o600) == 0)
    let files = try LocalFiles(directory: data)
    #expect(files.open("pipe").summary == "(unreadable: it is not a regular file)")
    let devices = try LocalFiles(directory: "/dev")
    #expect(devices.open("null").summary == "(unreadable: it is not a regular file)")
    let system = try LocalFiles(directory: "/")
    #expect(system.open("dev/null").summary == "(unreadable: it is not a regular file)")
  }

  @Test(.enabled(if: getuid() != 0)) func `a file without permission is unreadable`() throws {
    try place.write("x", to: "data/closed")
    chmod(data + "/closed", 0)
    #expect(try LocalFiles(directory: data).open("closed").summary == "(unreadable: Permission denied)")
  }

  @Test func `a name that is not UTF-8 goes round`() throws {
    let files = try LocalFiles(directory: data)
    let name: [UInt8] = Array("assets/".utf8) + [0xC4, 0xE3, 0xBA, 0xC3, 0xFF] + Array(".png".utf8)
    let pending = try files.create(name)
    #expect(pending.file.path == files.directory + "/assets/\\xC4\\xE3\\xBA\\xC3\\xFF.png")
    try pending.file.write("gbk")
    try pending.commit()
    #expect(files.open(name).summary == "gbk")
    var info = stat()
    #expect((Array((data + "/").utf8) + name).withTerminated { stat($0, &info) } == 0)
    #expect(info.st_size == 3)
  }

  @Test func `two names that differ only in Unicode form are two files`() throws {
    let files = try LocalFiles(directory: data)
    for name in ["caf\u{E9}", "cafe\u{301}"] {
      let pending = try files.create(name)
      try pending.file.write("\(name.utf8.count)")
      try pending.commit()
    }
    #expect(files.open("caf\u{E9}").summary == "5")
    #expect(files.open("cafe\u{301}").summary == "6")
  }

  @Test func `a file gets its name only when it is whole`() throws {
    let files = try LocalFiles(directory: data)
    let path = data + "/new/deep/file.bin"
    var pending: PendingFile? = try files.create("new/deep/file.bin")
    try pending!.file.write("half")
    #expect(FileStatus.of(path) == nil)
    #expect(FileStatus.of(path + PendingFile.suffix)?.byteCount == 4)
    pending = nil
    #expect(FileStatus.of(path + PendingFile.suffix) == nil)

    let whole = try files.create("new/deep/file.bin")
    try whole.file.write("whole")
    try whole.commit()
    whole.discard()
    #expect(files.open("new/deep/file.bin").summary == "whole")
    #expect(FileStatus.of(path + PendingFile.suffix) == nil)

    let again = try files.create("new/deep/file.bin")
    try again.file.write("again")
    #expect(files.open("new/deep/file.bin").summary == "whole")
    try again.commit()
    #expect(files.open("new/deep/file.bin").summary == "again")
  }

  @Test func `the longest names are written too`() throws {
    let files = try LocalFiles(directory: data)
    for count in [240, 241, 255] {
      let name = String(repeating: "n", count: count)
      let pending = try files.create(name)
      try pending.file.write("long")
      try pending.commit()
      #expect(files.open(name).summary == "long")
    }
    let ends = ["a", "b"].map { PendingFile.partName(of: Array((String(repeating: "n", count: 254) + $0).utf8)) }
    #expect(ends[0] != ends[1] && ends.allSatisfy { $0.count <= 255 })
  }

  @Test func `nothing is written through a link that leaves`() throws {
    try place.link("data/out", to: place.path)
    try place.link("data/file", to: place.path + "/outside.txt")
    try FileManager.default.createDirectory(atPath: data + "/taken", withIntermediateDirectories: true)
    let files = try LocalFiles(directory: data)
    for path in ["out/new.txt", "out/sub/new.txt", "file", "../new.txt", "", data + "/absolute.txt", "a/../../b"] {
      let error = try #require(throws: MigrationError.self) { try files.create(path) }
      #expect(error.code == .archiveHostile, "\(path)")
      #expect(!error.safeNow.isEmpty && !error.next.isEmpty)
    }
    for path in ["taken", "assets/2024/a b.png/x"] {
      let error = try #require(throws: MigrationError.self) { try files.create(path) }
      #expect(error.code == .targetMismatch, "\(path)")
    }
    #expect(try Folder.names(in: place.path) == ["data", "data-other", "outside.txt"])
    #expect(try String(contentsOfFile: place.path + "/outside.txt", encoding: .utf8) == "secret")
  }

  @Test func `what an interrupted run left is replaced and not written into`() throws {
    // A hostile leftover: a hard link, and a link, to a file outside.
    #expect(link(place.path + "/outside.txt", data + "/one" + PendingFile.suffix) == 0)
    try place.link("data/two" + PendingFile.suffix, to: place.path + "/outside.txt")
    let files = try LocalFiles(directory: data)
    for name in ["one", "two"] {
      let pending = try files.create(name)
      try pending.file.write("new")
      try pending.commit()
      #expect(files.open(name).summary == "new")
    }
    #expect(try String(contentsOfFile: place.path + "/outside.txt", encoding: .utf8) == "secret")
  }

  @Test func `a directory that becomes a link while it is used leads nowhere`() throws {
    try place.write("inside", to: "data/swap/x.txt")
    try place.write("secret", to: "elsewhere/x.txt")
    let files = try LocalFiles(directory: data)
    let swap = data + "/swap"
    let isDone = Flag()
    let thread = Thread {
      while !isDone.isSet {
        rename(swap, swap + "-dir")
        symlink("../elsewhere", swap)
        unlink(swap)
        rename(swap + "-dir", swap)
      }
    }
    thread.start()
    var seen: Set<String> = []
    for _ in 0..<20_000 { seen.insert(files.open("swap/x.txt").summary) }
    isDone.set()
    #expect(!seen.contains("secret"), "\(seen)")
    #expect(seen.contains("inside"))
  }

  @Test func `a directory that does not exist is refused with what to do`() throws {
    let error = try #require(throws: MigrationError.self) { try LocalFiles(directory: data + "/none") }
    #expect(error.code == .sourceMissing)
    #expect(!error.next.isEmpty)
  }
}

private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}
