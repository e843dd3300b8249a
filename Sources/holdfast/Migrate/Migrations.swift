import Logging
import Postgres
import PostgresStore

/// The schema that this binary carries: the engine's, and each plugin's on top.
enum Migrations {
    static let sources: [MigrationSource] = [
        MigrationSource(plugin: MigrationID.engine, files: PostgresStore.EmbeddedSQL.migrations)
    ]

    static func runner(
        _ configuration: PostgresConfiguration, logger: Logger, gates: MigrationGates = MigrationGates(),
        observer: @escaping MigrationObserver = { _ in }
    ) -> MigrationRunner {
        MigrationRunner(
            configuration: configuration, sources: sources, settings: MigrationSettings(release: Release.version),
            logger: logger, gates: gates, observer: observer)
    }
}
