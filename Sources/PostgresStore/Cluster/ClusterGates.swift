import Postgres
import WorkflowKit

extension MigrationGates {
    /// Nothing is taken back while a node serves or runs are open; nothing is contracted while nodes of another release
    /// serve.
    package static func ofCluster(release: String) -> MigrationGates {
        MigrationGates(
            mayGoDown: { connection in
                guard try await hasEngine(connection) else { return nil }
                if let node = try await servingNodes(connection).first {
                    return "node \"\(node.node)\" serves; stop it first"
                }
                let open = try await connection.query(
                    JournalStatements.statement(EmbeddedSQL.anyOpenRun, "AnyOpenRun"))
                return open.isEmpty ? nil : "there are open runs; let them end or cancel them first"
            },
            mayContract: { connection, _ in
                guard try await hasEngine(connection) else { return nil }
                let other = try await servingNodes(connection).first { $0.build != release }
                return other.map { "node \"\($0.node)\" of release \($0.build) serves; stop or upgrade it first" }
            })
    }

    private static func hasEngine(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.query(JournalStatements.statement(EmbeddedSQL.hasEngine, "HasEngine"))[0].bool("found")
    }

    private static func servingNodes(
        _ connection: PostgresConnection
    ) async throws -> [(node: String, build: String)] {
        try await connection.query(JournalStatements.statement(EmbeddedSQL.servingNodes, "ServingNodes"))
            .map { row in (try row.text("node"), try row.text("build")) }
    }
}
