import Foundation
import Logging
import Postgres
import WorkflowKit

/// How patient the runner is, and how it signs its work.
package struct MigrationSettings: Sendable {
    /// How long a statement may stand in the queue for a table before everything is let go and tried again later.
    ///
    /// While it stands there, every reader behind it stands too: so this is also the longest that live traffic can be
    /// held up by one attempt.
    package var lockTimeout: Duration
    /// How long one statement is tried again after lock time-outs before the migration counts as failed.
    package var lockPatience: Duration
    /// How long to wait for another migrator; nil: until it ends.
    package var migratorPatience: Duration?
    /// After this long the server gives up one statement; nil: never.
    package var statementTimeout: Duration?
    /// The release of this binary, as the ledger keeps it.
    package var release: String
    /// The host that migrates, as the ledger and other migrators see it.
    package var host: String

    package init(
        lockTimeout: Duration = .milliseconds(500), lockPatience: Duration = .seconds(600),
        migratorPatience: Duration? = nil, statementTimeout: Duration? = nil, release: String,
        host: String = ProcessInfo.processInfo.hostName
    ) {
        self.lockTimeout = lockTimeout
        self.lockPatience = lockPatience
        self.migratorPatience = migratorPatience
        self.statementTimeout = statementTimeout
        self.release = release
        self.host = host
    }
}

/// Opens sessions for the runner.
struct MigrationSessions: Sendable {
    let configuration: PostgresConfiguration
    let settings: MigrationSettings
    let logger: Logger

    /// A session to the database, or to another one of the same server.
    func open(
        _ purpose: String, database: String? = nil
    ) async throws(SQLError) -> PostgresConnection {
        var configuration = configuration
        // What other migrators and the administrator see; PostgreSQL cuts it at 63 bytes.
        configuration.parameters["application_name"] = "holdfast migrate (\(purpose), \(settings.host))"
        if let database { configuration.parameters["dbname"] = database }
        let session = try await PostgresConnection.connect(configuration, logger: logger)
        do throws(SQLError) {
            try await prepare(session)
        } catch {
            await session.close()
            throw error
        }
        return session
    }

    /// Brings `session` into the state in which every migration starts, whatever the last one set.
    ///
    /// The search path is `pg_catalog` alone: a migration writes its names in full, and means the same everywhere.
    func prepare(_ session: PostgresConnection) async throws(SQLError) {
        let statementTimeout = settings.statementTimeout.map(Self.milliseconds) ?? 0
        try await session.simple(
            """
            reset session authorization;
            reset all;
            set search_path = pg_catalog;
            set client_min_messages = warning;
            set lock_timeout = \(Self.milliseconds(settings.lockTimeout));
            set statement_timeout = \(statementTimeout);
            set idle_in_transaction_session_timeout = '60s';
            set check_function_bodies = on;
            -- A server process whose migrator was killed notices it, and does not build an index to the end.
            set client_connection_check_interval = '1s';
            """)
    }

    /// Waits for locks without an end: for statements that hold nobody up while they wait.
    func waitForLocks(_ session: PostgresConnection) async throws(SQLError) {
        try await session.simple("set lock_timeout = 0")
    }

    private static func milliseconds(_ duration: Duration) -> Int64 { max(1, duration.microseconds / 1_000) }
}
