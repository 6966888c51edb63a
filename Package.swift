// swift-tools-version: 6.1
import Foundation
import PackageDescription

// Each target imports only targets listed before it (see Sources/NoteFerry/NoteFerry.docc/Architecture.md).
// CI builds with `--explicit-target-dependency-import-check error`, so an import that is not listed here fails.

// The fuzz targets live in one directory. Usually they are tests; `Scripts/fuzz` sets the variable and makes the same
// files a program for libFuzzer, in a build folder of its own. No other build compiles that program.
let fuzzed: [Target.Dependency] = [
  "NoteModel", "DurableIO", "NoteStore", "NoteArchive", "Migration", "AllStores", "NoteFerryCommands", "CSQLite",
]
let fuzzing: [Target] =
  ProcessInfo.processInfo.environment["NOTEFERRY_FUZZ"] == nil
  ? [.testTarget(name: "FuzzTests", dependencies: fuzzed, exclude: ["Program"])]
  : [
    .executableTarget(
      name: "noteferry-fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["FuzzTests.swift"],
      // The system's linker stumbles over the debug information of libFuzzer's archive.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])])
  ]

let package = Package(
  name: "noteferry",
  products: [
    .executable(name: "noteferry", targets: ["noteferry"]),
    .library(name: "NoteFerry", targets: ["NoteFerry"]),
    // The contract of a store as a suite, for whoever writes a store.
    .library(name: "StoreConformance", targets: ["StoreConformance"]),
    // For the tests alone, which load it before the program under test; no other target or product has it.
    .library(name: "FaultLayer", type: .dynamic, targets: ["FaultLayer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C libraries of the operating system.
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .systemLibrary(
      name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),

    // Rooms, ground floor up.
    .target(name: "NoteModel"),
    .target(name: "DurableIO", dependencies: ["NoteModel", "CCrypto"]),
    // noteferry on another machine, by the program ssh.
    .target(name: "RemoteLink", dependencies: ["NoteModel", "DurableIO"]),
    .target(name: "NoteRepair"),
    // Measures NoteRepair over files of cases; driven by Scripts/repair-measure.
    .executableTarget(name: "RepairMeasure", dependencies: ["NoteRepair"]),
    .target(
      name: "NoteStore", dependencies: ["NoteModel", "DurableIO", .product(name: "TOMLKit", package: "TOMLKit")]),
    .target(name: "StoreConformance", dependencies: ["NoteModel", "DurableIO", "NoteStore"]),
    .target(name: "NoteArchive", dependencies: ["NoteModel", "DurableIO", "NoteStore", "CZstd"]),
    .target(
      name: "SQLiteStore", dependencies: ["NoteModel", "DurableIO", "NoteStore", "CSQLite"],
      path: "Sources/Stores/SQLiteStore"),
    .target(
      name: "PostgreSQLStore", dependencies: ["NoteModel", "DurableIO", "NoteStore", "CPostgreSQL"],
      path: "Sources/Stores/PostgreSQLStore"),
    .target(
      name: "Migration", dependencies: ["NoteModel", "DurableIO", "NoteRepair", "NoteStore", "NoteArchive"]),
    // What a cutover does and in which order; it knows no concrete store.
    .target(name: "Cutover", dependencies: ["NoteModel", "DurableIO", "NoteStore", "Migration"]),
    .target(
      name: "AllStores", dependencies: ["NoteModel", "DurableIO", "NoteStore", "SQLiteStore", "PostgreSQLStore"]),
    // Stores that are made up, and the replay of the pathological corpus.
    .target(name: "Corpus", dependencies: ["NoteModel", "DurableIO", "NoteRepair", "NoteStore", "CSQLite", "CZstd"]),
    // The document of a run, and what it is rendered as.
    .target(name: "Report", dependencies: ["NoteModel", "DurableIO"]),
    .target(
      name: "NoteFerryCommands",
      dependencies: [
        "NoteModel", "DurableIO", "RemoteLink", "NoteRepair", "NoteStore", "NoteArchive", "Migration", "Cutover",
        "AllStores", "Corpus", "Report", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "noteferry", dependencies: ["NoteFerryCommands"]),
    .target(
      name: "NoteFerry",
      dependencies: ["NoteModel", "DurableIO", "NoteStore", "NoteArchive", "Migration", "Cutover", "AllStores"]),

    .testTarget(name: "NoteModelTests", dependencies: ["NoteModel", "CSQLite"]),
    .testTarget(name: "DurableIOTests", dependencies: ["NoteModel", "DurableIO"]),
    .testTarget(name: "RemoteLinkTests", dependencies: ["NoteModel", "DurableIO", "RemoteLink"]),
    .testTarget(name: "NoteRepairTests", dependencies: ["NoteRepair"]),
    .testTarget(name: "ReportTests", dependencies: ["NoteModel", "DurableIO", "Report"], exclude: ["Golden"]),
    .testTarget(
      name: "NoteFerryCommandsTests",
      dependencies: ["NoteModel", "DurableIO", "NoteStore", "Migration", "Cutover", "Report", "NoteFerryCommands"]),
    .testTarget(
      name: "CorpusTests",
      dependencies: [
        "NoteModel", "DurableIO", "NoteRepair", "NoteStore", "Corpus", "CSQLite", "noteferry", "PostgreSQLClusters",
      ]),
    .testTarget(name: "NoteStoreTests", dependencies: ["NoteModel", "DurableIO", "NoteStore", "CSQLite"]),
    .testTarget(name: "NoteArchiveTests", dependencies: ["NoteModel", "DurableIO", "NoteStore", "NoteArchive"]),
    .testTarget(
      name: "SQLiteStoreTests", dependencies: ["NoteModel", "DurableIO", "NoteStore", "SQLiteStore", "CSQLite"]),
    .testTarget(
      name: "PostgreSQLStoreTests",
      dependencies: ["NoteModel", "DurableIO", "NoteStore", "PostgreSQLStore", "CPostgreSQL"]),
    .testTarget(
      name: "PostgreSQLTargetTests",
      dependencies: ["NoteModel", "DurableIO", "NoteStore", "PostgreSQLStore", "PostgreSQLClusters"]),
    .testTarget(
      name: "ConformanceTests",
      dependencies: [
        "NoteModel", "DurableIO", "NoteStore", "StoreConformance", "SQLiteStore", "PostgreSQLStore",
        "PostgreSQLClusters", "CSQLite",
      ]),
    .testTarget(
      name: "CutoverTests",
      dependencies: [
        "NoteModel", "DurableIO", "NoteStore", "Migration", "Cutover", "AllStores", "fence-bench", "PostgreSQLClusters",
        "CSQLite",
      ]),
    // Writes to a store and keeps account of what was acknowledged, or raises a fence and waits to be killed.
    .executableTarget(
      name: "fence-bench",
      dependencies: ["NoteModel", "DurableIO", "NoteStore", "AllStores", "CSQLite", "CPostgreSQL"],
      path: "Tests/FenceBench"),
    .target(name: "FaultLayer", path: "Tests/FaultLayer"),
    // Throw-away servers of PostgreSQL for tests, and a program that keeps one while it runs.
    .target(name: "PostgreSQLClusters", path: "Tests/PostgreSQLClusters"),
    .executableTarget(
      name: "postgresql-cluster", dependencies: ["PostgreSQLClusters"], path: "Tests/PostgreSQLClusterProgram"),
    .testTarget(name: "PostgreSQLClusterTests", dependencies: ["PostgreSQLClusters", "postgresql-cluster"]),
    // Runs the real program, kills it, fills its disk, and repeats the command.
    .testTarget(
      name: "CrashTests",
      dependencies: ["noteferry", "NoteModel", "DurableIO", "NoteStore", "PostgreSQLClusters", "CSQLite"]),
    .testTarget(
      name: "MigrationTests",
      dependencies: [
        "NoteModel", "DurableIO", "NoteRepair", "NoteStore", "NoteArchive", "Migration", "AllStores", "SQLiteStore",
        "CSQLite", "PostgreSQLClusters",
      ]),
    // The whole journey by the real program, which is a dependency so that it is built.
    .testTarget(
      name: "JourneyTests",
      dependencies: [
        "noteferry", "NoteModel", "DurableIO", "NoteStore", "NoteArchive", "Migration", "AllStores", "SQLiteStore",
        "CSQLite", "PostgreSQLClusters", "fence-bench",
      ]),
    // Sources of two nodes and the mapping of their rows, by the real program.
    .testTarget(
      name: "TopologyTests",
      dependencies: ["noteferry", "NoteModel", "DurableIO", "NoteStore", "Corpus", "PostgreSQLClusters", "CSQLite"]),
  ] + fuzzing,
  swiftLanguageModes: [.v6]
)
