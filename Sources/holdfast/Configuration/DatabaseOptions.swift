import ArgumentParser
import Foundation
import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// The options that every command which touches the database takes.
struct DatabaseOptions: ParsableArguments {
    @Option(help: "URL of the PostgreSQL to use. Without it, the one in the data directory is used.")
    var database: String?

    @Option(help: "Folder of the node's own PostgreSQL (default: .holdfast).")
    var dataDir: String?

    @Option(help: "Folder with PostgreSQL's server programs, if they are not found by themselves.")
    var postgresBin: String?

    @Option(help: "JSON file with settings.")
    var config: String?

    /// What is left when command line, environment and file have spoken.
    struct Resolved: Sendable {
        /// nil: the node's own PostgreSQL in `dataDirectory`.
        let database: PostgresConfiguration?
        let dataDirectory: String
        let postgresBinaries: String?
        let settings: Settings
    }

    func resolved() async throws -> Resolved {
        let settings = try await Settings(file: config)
        var configuration: PostgresConfiguration?
        if let database {
            configuration = try Self.configuration(database, .usage, "--database")
        } else if dataDir == nil, let database = settings.text("database") {
            configuration = try Self.configuration(database, .configuration, "HOLDFAST_DATABASE")
        }
        if database != nil && dataDir != nil {
            throw Refusal(
                .usage, "--database and --data-dir exclude each other: the first names a server, the second owns one")
        }
        return Resolved(
            database: configuration,
            dataDirectory: dataDir ?? settings.text("dataDir") ?? ".holdfast",
            postgresBinaries: postgresBin ?? settings.text("postgresBin"),
            settings: settings)
    }

    private static func configuration(
        _ url: String, _ status: ExitStatus, _ origin: String
    ) throws(Refusal) -> PostgresConfiguration {
        do {
            return try PostgresConfiguration(url: url)
        } catch {
            throw Refusal(status, "\(origin): \(error.message)")
        }
    }
}

extension DatabaseOptions.Resolved {
    /// Calls `body` with the database: the one that was named, the one that a live node runs in the data directory, or
    /// the data directory's own, which is then started for as long as `body` takes.
    ///
    /// - Parameter mayCreate: Whether a data directory without a cluster gets one; else it is an error.
    func withDatabase<Result>(
        mayCreate: Bool = false, logger: Logger, _ body: (PostgresConfiguration) async throws -> Result
    ) async throws -> Result {
        if let database {
            try await Self.tryConnecting(database, logger: logger)
            return try await body(database)
        }
        if let url = try EmbeddedPostgres.urlOfRunningNode(dataDirectory: dataDirectory) {
            return try await body(try PostgresConfiguration(url: url))
        }
        guard mayCreate || FileManager.default.fileExists(atPath: dataDirectory + "/postgres") else {
            throw Refusal(
                .configuration,
                "there is no PostgreSQL in \"\(dataDirectory)\": name a node's folder with --data-dir, or a server with "
                    + "--database")
        }
        let server = try await EmbeddedPostgres.start(
            dataDirectory: dataDirectory, binaries: postgresBinaries, logger: logger)
        do {
            let result = try await body(try PostgresConfiguration(url: server.url))
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Connects once. What keeps everybody out (no such database, no connection to spare, a wrong password) is then told
    /// with the exit code of its SQLSTATE, which later errors may no longer carry.
    static func tryConnecting(_ configuration: PostgresConfiguration, logger: Logger) async throws {
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        await connection.close()
    }
}
