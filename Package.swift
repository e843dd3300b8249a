// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
]

/// Products of other packages.
enum From {
    static let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
    static let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
    static let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
    static let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
    static let inMemoryTracing = Target.Dependency.product(
        name: "InMemoryTracing", package: "swift-distributed-tracing")
    static let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
    static let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
    static let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
    static let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
    static let serviceLifecycle = Target.Dependency.product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
    static let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
    static let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
}

/// A module of the server, in `Sources`.
func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], sql: Bool = false
) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict,
        plugins: sql ? ["EmbedSQL"] : [])
}

/// A subject of the business, in `Plugins`. All of them may import the same few modules.
func plugin(_ name: String, hasMigrations: Bool = false) -> Target {
    .target(
        name: name, dependencies: ["WorkflowKit", "HoldingTenant", From.crypto], path: "Plugins/\(name)",
        exclude: hasMigrations ? ["Migrations"] : [], swiftSettings: strict, plugins: hasMigrations ? ["EmbedSQL"] : [])
}

/// An executable for benchmarks or tests.
func program(
    _ name: String, in folder: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "\(folder)/\(name)", exclude: exclude, swiftSettings: strict)
}

/// The tests of one module.
func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.init(stringLiteral: name)] + dependencies, exclude: exclude,
        swiftSettings: strict)
}

// Bottom up: a target may use only what stands above it, so a cycle would be seen.
let package = Package(
    name: "holdfast",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "holdfast", targets: ["holdfast"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .plugin(name: "EmbedSQL", capability: .buildTool(), path: "Sources/EmbedSQL", exclude: ["embed.sh"]),

        module("WorkflowKit"),
        module("WorkflowCore", ["WorkflowKit"]),
        module("WorkflowEngine", ["WorkflowKit", "WorkflowCore", From.logging, From.deque, From.heap]),
        module("EngineMethods", ["WorkflowKit", "WorkflowCore", "WorkflowEngine"]),
        .systemLibrary(
            name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        module("Postgres", ["WorkflowKit", "CLibPQ", From.logging]),
        module(
            "PostgresStore",
            [
                "WorkflowKit", "WorkflowCore", "WorkflowEngine", "Postgres", From.logging, From.crypto, From.subprocess,
                From.systemPackage,
            ], sql: true),
        module(
            "RPCServer",
            [
                "WorkflowKit", From.logging, From.metrics, From.crypto, From.deque, From.nioCore, From.nioPosix,
                From.nioTLS, From.nioSSL, From.tracing,
            ]),
        module("HoldingTenant", ["WorkflowKit", From.crypto], exclude: ["Migrations"], sql: true),
        module("WorkflowTestKit", ["WorkflowKit", "WorkflowCore", "WorkflowEngine"]),

        plugin("Canary", hasMigrations: true),
        plugin("ResellAndMonitor"),
        plugin("ServiceDelivery"),
        plugin("HPUniversity", hasMigrations: true),
        plugin("SellThrough", hasMigrations: true),
        plugin("SupportCases", hasMigrations: true),

        .executableTarget(
            name: "holdfast",
            dependencies: [
                "WorkflowKit", "WorkflowEngine", "EngineMethods", "Postgres", "PostgresStore", "RPCServer", "Canary",
                "HoldingTenant", "ResellAndMonitor", "ServiceDelivery", "HPUniversity", "SellThrough", "SupportCases",
                From.argumentParser, From.configuration, From.crypto, From.logging, From.nioCore, From.nioPosix,
                From.nioSSL, From.serviceLifecycle, From.systemPackage, From.unixSignals,
            ],
            swiftSettings: strict
        ),

        .target(name: "BenchSupport", path: "Benchmarks/BenchSupport", swiftSettings: strict),
        program(
            "PostgresBench", in: "Benchmarks", ["WorkflowKit", "Postgres", "BenchSupport", From.logging],
            exclude: ["README.md", "with-cluster.sh"]),
        program(
            "EngineBench", in: "Benchmarks",
            [
                "WorkflowKit", "WorkflowCore", "WorkflowEngine", "Postgres", "PostgresStore", "Canary", "BenchSupport",
                From.logging,
            ],
            exclude: ["README.md", "server.py"]),
        program(
            "WireBench", in: "Benchmarks", ["WorkflowKit", "RPCServer", From.logging, From.nioCore, From.nioPosix],
            exclude: ["README.md", "starts.sh"]),

        .target(name: "RequirementTags", path: "Tests/RequirementTags", swiftSettings: strict),
        .target(
            name: "Simulation", dependencies: ["WorkflowKit", "WorkflowCore", "WorkflowEngine", "WorkflowTestKit"],
            path: "Tests/Simulation", swiftSettings: strict),
        program("Simulate", in: "Tests", ["Simulation"]),
        .target(
            name: "TestSupport",
            dependencies: [
                "WorkflowKit", "Postgres", "PostgresStore", From.logging, From.subprocess, From.systemPackage,
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "WireClient", dependencies: ["WorkflowKit", From.nioCore, From.nioPosix, From.nioSSL],
            path: "Tests/WireClient", swiftSettings: strict),
        tests(of: "WorkflowKit"),
        tests(of: "WorkflowCore", ["WorkflowKit"]),
        tests(of: "WorkflowEngine", ["WorkflowKit", "WorkflowCore", "WorkflowTestKit", "Simulation"]),
        tests(of: "Postgres", ["WorkflowKit", From.logging]),
        tests(
            of: "RPCServer",
            [
                "WorkflowKit", "WireClient", From.inMemoryTracing, From.logging, From.nioCore, From.nioEmbedded,
                From.nioPosix, From.nioSSL, From.tracing,
            ]),
        tests(
            of: "EngineMethods",
            [
                "WorkflowKit", "WorkflowCore", "WorkflowEngine", "Postgres", "PostgresStore", "TestSupport",
                From.logging,
            ]),
        tests(of: "HoldingTenant", ["WorkflowKit", "ResellAndMonitor", "ServiceDelivery", "RequirementTags"]),
        tests(of: "HPUniversity", ["WorkflowKit", "HoldingTenant", "RequirementTags"]),
        tests(of: "SellThrough", ["WorkflowKit", "HoldingTenant", "RequirementTags"]),
        tests(
            of: "SupportCases",
            ["WorkflowKit", "HoldingTenant", "ResellAndMonitor", "ServiceDelivery", "RequirementTags"]),
        tests(
            of: "PostgresStore",
            [
                "WorkflowKit", "WorkflowCore", "WorkflowEngine", "Simulation", "Postgres", "RPCServer", "TestSupport",
                From.logging,
            ]),
        .testTarget(
            name: "EmbeddedTests", dependencies: ["WorkflowKit", "Postgres", "PostgresStore", From.logging],
            swiftSettings: strict),
        program("MigrationCrashProbe", in: "Tests", ["Postgres", "PostgresStore", From.logging]),
        .testTarget(
            name: "MigrationTests",
            dependencies: ["WorkflowKit", "Postgres", "PostgresStore", "MigrationCrashProbe", From.logging],
            swiftSettings: strict),
        .target(
            name: "BusinessHistory", dependencies: ["WorkflowKit", "Postgres", "RequirementTags"],
            path: "Tests/BusinessHistory", swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "TestSupport", "RequirementTags", "WireClient", "BusinessHistory", "WorkflowKit", "Postgres",
                "PostgresStore", "RPCServer", "holdfast",
            ],
            exclude: ["Transcripts"], swiftSettings: strict),
        .testTarget(
            name: "BusinessTests",
            dependencies: [
                "BusinessHistory", "TestSupport", "WorkflowKit", "WorkflowEngine", "Postgres", "PostgresStore",
                "HoldingTenant", "HPUniversity", "SellThrough", "SupportCases", "ResellAndMonitor", "ServiceDelivery",
                "RequirementTags", From.logging, From.crypto,
            ],
            swiftSettings: strict),
        .testTarget(name: "RepositoryTests", swiftSettings: strict),
    ]
)
