import Foundation
import Testing

/// Who may know whom. The arrows point down: from the wiring to the words.
@Suite struct ImportTests {
    /// Part of the toolchain: no module of ours and no dependency of the package.
    static let toolchain: Set<String> = [
        "Darwin", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization", "Swift",
    ]

    /// What each folder may import besides the toolchain's modules; of two that fit a file, the deeper one counts. A new
    /// arrow is a new line here, where a reviewer sees it.
    static let allowed: [(folder: String, imports: Set<String>)] = [
        ("Sources/WorkflowKit", []),
        ("Sources/WorkflowCore", ["WorkflowKit"]),
        ("Sources/WorkflowEngine", ["WorkflowKit", "WorkflowCore", "Logging", "Metrics", "DequeModule", "HeapModule"]),
        ("Sources/WorkflowTestKit", ["WorkflowKit", "WorkflowCore", "WorkflowEngine", "Logging"]),
        ("Sources/Postgres", ["WorkflowKit", "CLibPQ", "Logging"]),
        ("Sources/EngineMethods", ["WorkflowKit", "WorkflowCore", "WorkflowEngine"]),
        ("Sources/PostgresStore", ["WorkflowKit", "WorkflowCore", "WorkflowEngine", "Postgres", "Logging"]),
        ("Sources/PostgresStore/Embedded", ["Logging", "Subprocess", "SystemPackage"]),
        ("Sources/PostgresStore/Migrations", ["WorkflowKit", "Postgres", "Logging", "Crypto"]),
        ("Sources/PostgresStore/Principals", ["WorkflowKit", "WorkflowEngine", "Postgres", "Crypto"]),
        ("Sources/RPCServer/Wire", ["WorkflowKit", "DequeModule"]),
        ("Sources/RPCServer/Methods", ["WorkflowKit", "Logging", "Metrics", "Tracing", "Crypto", "DequeModule"]),
        ("Sources/RPCServer/Events", ["WorkflowKit", "Logging"]),
        ("Sources/RPCServer/Principals", ["WorkflowKit", "Crypto", "NIOSSL"]),
        (
            "Sources/RPCServer/Listener",
            ["WorkflowKit", "Logging", "Metrics", "DequeModule", "NIOCore", "NIOPosix", "NIOSSL", "NIOTLS"]
        ),
        ("Sources/HoldingTenant", ["WorkflowKit", "Crypto"]),
        ("Sources/EmbedSQL", ["PackagePlugin"]),
        ("Plugins", ["WorkflowKit", "HoldingTenant", "Crypto"]),
        (
            "Sources/holdfast",
            [
                "WorkflowKit", "WorkflowEngine", "EngineMethods", "Postgres", "PostgresStore", "RPCServer",
                "HoldingTenant",
                "ResellAndMonitor", "ServiceDelivery", "HPUniversity", "SellThrough", "SupportCases", "Canary",
                "ArgumentParser", "Configuration", "Crypto", "Logging", "Metrics", "NIOCore", "NIOPosix", "NIOSSL",
                "ServiceLifecycle", "SystemPackage",
                "UnixSignals",
            ]
        ),
    ]

    /// The modules that a Swift file imports; of `import struct Foundation.UUID`, the module.
    static func imports(of text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            var words = line.split(separator: " ")[...]
            while let first = words.first, first != "import" {
                let isModifier =
                    first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first)
                guard isModifier else { return nil }
                words.removeFirst()
            }
            guard words.popFirst() != nil else { return nil }
            if let first = words.first,
                ["struct", "class", "enum", "protocol", "func", "typealias", "var"].contains(first)
            {
                words.removeFirst()
            }
            return words.first?.split(separator: ".").first.map(String.init)
        }
    }

    /// The rule for a file; nil when no folder of the table holds it.
    static func rule(for path: String) -> (folder: String, imports: Set<String>)? {
        allowed.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }

    @Test func `every file imports only what the table allows its folder`() {
        for file in Repository.files where file.path.hasSuffix(".swift") {
            guard file.path.hasPrefix("Sources/") || file.path.hasPrefix("Plugins/") else { continue }
            guard let rule = Self.rule(for: file.path) else {
                Issue.record("\(file.path) lies in a folder without a rule")
                continue
            }
            let foreign = Set(Self.imports(of: file.text)).subtracting(Self.toolchain).subtracting(rule.imports)
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign.sorted().joined(separator: ", "))")
        }
    }

    @Test func `only the Postgres module touches libpq`() {
        for file in Repository.files(below: "", ending: "swift") where Self.imports(of: file.text).contains("CLibPQ") {
            #expect(file.path.hasPrefix("Sources/Postgres/"))
        }
    }

    @Test func `no plugin puts SQL together from text`() {
        for file in Repository.files(below: "Plugins", ending: "swift") {
            #expect(!file.text.contains("uncheckedText"), "\(file.path) builds a statement from text")
        }
    }

    @Test func `imports are read whatever stands in front of them`() {
        let text = """
            import A
            @testable import B
            package import C
            internal import struct D.E
            // import F
            @Test
            let x = 1
            """
        #expect(Self.imports(of: text) == ["A", "B", "C", "D"])
    }
}
