import DurableIO
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

#if os(Linux)
  /// A small file system in memory, for disks that are really full. Needs the right to mount.
  final class SmallDisk {
    let path: String

    static let isPossible: Bool = {
      guard geteuid() == 0 else { return false }
      var template = Array("/tmp/noteferry-mount-XXXXXX".utf8CString)
      guard let path = mkdtemp(&template).map({ String(cString: $0) }) else { return false }
      defer { rmdir(path) }
      guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
      return umount(path) == 0
    }()

    init(_ path: String, bytes: Int) throws {
      self.path = path
      try Folder.create(path)
      guard mount("tmpfs", path, "tmpfs", 0, "size=\(bytes)") == 0 else {
        throw systemError(errno, "cannot mount \(path)")
      }
    }

    func grow(to bytes: Int) throws {
      guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(bytes)") == 0 else {
        throw systemError(errno, "cannot remount \(path)")
      }
    }

    /// Takes all room that is left.
    func fillUp() throws {
      let file = try File.write(path + "/ballast")
      let room = [UInt8](repeating: 1, count: 64 << 10)
      while (try? room.withUnsafeBytes { try file.write($0) }) != nil {}
    }

    func makeRoom() throws { try Folder.remove(path + "/ballast") }

    deinit { umount2(path, Int32(MNT_DETACH)) }
  }

  @Suite(.serialized, .enabled(if: SmallDisk.isPossible, "needs the right to mount"))
  struct FullDiskTests {
    @Test func `a target disk that is too small is refused before the first byte`() throws {
      try withWorkshop { directory in
        let fixture = try ImportFixture(directory)
        let disk = try SmallDisk(directory + "/disk", bytes: 4 << 20)
        let refused = try fixture.fill(disk.path + "/memos_prod.db")
        #expect(refused.status == 25, "\(refused.summary)")
        #expect(lack(refused) == nil)
        #expect(try Folder.names(in: disk.path) == [])
      }
    }

    @Test func `an export disk that is too small is refused before the first byte`() throws {
      try withWorkshop { directory in
        let fixture = try ExportCrashTests.Fixture(directory)
        let disk = try SmallDisk(directory + "/disk", bytes: 4 << 20)
        let refused = try exportStore(fixture.store.database, to: disk.path + "/archive", in: directory)
        #expect(refused.status == 25, "\(refused.summary)")
        #expect(lack(refused) == nil)
        #expect(try tree(disk.path).filter { !$0.hasSuffix(".lock") } == [])
      }
    }

    /// The store says less of its files than they have, so the check before does not see that they do not fit.
    @Test(arguments: [0, 600 << 10])
    func `a target disk that fills up on the way can be enlarged and the command repeated`(spare: Int) throws {
      try withWorkshop { directory in
        let fixture = try ImportFixture(directory, understatesFiles: true)
        let size = Int(FileStatus.of(fixture.store.database)!.byteCount)
        let disk = try SmallDisk(directory + "/disk", bytes: size + (64 << 10) + spare)
        let target = disk.path + "/memos_prod.db"
        let full = try fixture.fill(target)
        #expect(full.status == 34, "\(full.summary)")
        #expect(lack(full) == nil)
        try disk.grow(to: size + (4 << 20))
        let again = try fixture.fill(target)
        #expect(again.status == 0, "\(again.summary)")
        #expect(try difference(fixture.store, target) == nil)
      }
    }

    @Test(arguments: [1, 4, 7])
    func `a target disk that somebody else fills up can be freed and the command repeated`(mebibytes: Int) throws {
      try withWorkshop { directory in
        let fixture = try ImportFixture(directory)
        let disk = try SmallDisk(directory + "/disk", bytes: 48 << 20)
        let target = disk.path + "/memos_prod.db"
        let child = try ChildProcess(
          importArguments(fixture.archive, to: target, in: directory) + ["--rate", "6MiB/s"], in: directory)
        for _ in 0..<10_000 where child.isRunning && used(disk.path) < mebibytes << 20 { pauseBriefly() }
        try disk.fillUp()
        let full = child.wait()
        #expect(full.status == 34, "\(full.summary)")
        #expect(lack(full) == nil)
        try disk.makeRoom()
        let again = try fixture.fill(target)
        #expect(again.status == 0, "\(again.summary)")
        #expect(try difference(fixture.store, target) == nil)
      }
    }

    @Test(arguments: [1, 3])
    func `an export disk that somebody else fills up can be freed and the command repeated`(mebibytes: Int) throws {
      try withWorkshop { directory in
        let fixture = try ExportCrashTests.Fixture(directory)
        let disk = try SmallDisk(directory + "/disk", bytes: 48 << 20)
        let archive = disk.path + "/archive"
        let child = try ChildProcess(
          exportArguments(fixture.store.database, to: archive, in: directory) + ["--rate", "2MiB/s"], in: directory)
        for _ in 0..<10_000 where child.isRunning && used(disk.path) < mebibytes << 20 { pauseBriefly() }
        try disk.fillUp()
        let full = child.wait()
        #expect(full.status == 34, "\(full.summary)")
        #expect(lack(full) == nil)
        try disk.makeRoom()
        let again = try exportStore(fixture.store.database, to: archive, in: directory)
        #expect(again.status == 0, "\(again.summary)")
        #expect(try contents(archive + "/0000-base.tar") == fixture.archive)
      }
    }

    private func used(_ path: String) -> Int {
      FreeSpace.at(path).map { Int($0.total.rawValue - $0.free.rawValue) } ?? 0
    }
  }
#endif
