import Logging
import Postgres
import PostgresStore
import WorkflowKit

/// The schema that this binary carries: the engine's, and each plugin's on top.
enum Migrations {
    static let sources: [MigrationSource] =
        [MigrationSource(plugin: MigrationID.engine, files: PostgresStore.EmbeddedSQL.migrations)]
        + Plugins.compiledIn.map { MigrationSource(plugin: $0.name, requires: $0.requires, files: $0.migrations) }

    static func runner(
        _ configuration: PostgresConfiguration, logger: Logger, gates: MigrationGates? = nil,
        observer: @escaping MigrationObserver = { _ in }
    ) -> MigrationRunner {
        MigrationRunner(
            configuration: configuration, sources: sources, settings: MigrationSettings(release: Release.version),
            logger: logger, gates: gates ?? MigrationGates.ofCluster(release: Release.version),
            observer: observer)
    }
}
