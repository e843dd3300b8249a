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

// Bottom up: a target may use only what stands above it, so a cycle would be seen.
let package = Package(
    name: "holdfast",
    platforms: [.macOS(.v15)],
    targets: [
        .target(name: "WorkflowKit", swiftSettings: strict),
    ]
)
