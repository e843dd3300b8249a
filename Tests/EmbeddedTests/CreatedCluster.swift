import Foundation
import Glibc
import Logging
import Testing

@testable import PostgresStore

/// Gives the tests of a suite one stopped cluster to copy, and removes it after the last of them.
struct CreatedCluster: SuiteTrait, TestScoping {
    /// The data directory with the cluster; nil outside the suite.
    @TaskLocal static var folder: String?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let folder = "/tmp/holdfast-embedded-\(UUID().uuidString.prefix(8))"
        try PrivateFiles.makeFolder(folder, mode: 0o755)
        defer { PrivateFiles.removeTree(folder) }
        let server = try await EmbeddedPostgres.start(
            dataDirectory: folder, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await server.stop()
        try await Self.$folder.withValue(folder) { try await function() }
    }
}

extension Trait where Self == CreatedCluster {
    static var createdCluster: CreatedCluster { CreatedCluster() }
}
